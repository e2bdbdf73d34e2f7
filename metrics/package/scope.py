"""What a package counts: the tickets of the channels that were visible when it was requested.

The list is fixed then, so no later step counts a channel that became visible, or misses one that was hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from channels.audience import visible_channel_ids
from channels.models import Channel
from channels.registry.internal_channels import internal_channels
from mentions.models import AudienceLimit, Ticket
from mentions.people.audience import restricted_channels
from metrics.definitions import Filters, Tickets
from metrics.models import Package
from metrics.package import months

NO_CHANNEL = 0
"""An empty list would mean all."""


def channels_in_sight(user: User | None) -> list[int]:
    """Ids, without internal ones. With None: what everybody may see."""
    shown = Channel.objects.exclude(pk__in=internal_channels())
    if user is None:
        shown = shown.exclude(pk__in=restricted_channels())
    else:
        shown = shown.filter(pk__in=visible_channel_ids(user))
    return list(shown.order_by("pk").values_list("pk", flat=True))


def tickets_of(channel_ids: Sequence[int]) -> Tickets:
    """The tickets of these channels, without those that also arrived on another, restricted channel."""
    others = restricted_channels().exclude(pk__in=channel_ids).values("pk")
    limited = AudienceLimit.objects.filter(channel__in=others).values("ticket")
    return Ticket.objects.filter(channel__in=channel_ids).exclude(pk__in=limited)


def filters_of(package: Package) -> Filters:
    """The month, beside the one before."""
    zone = ZoneInfo(package.zone)
    period, before = (months.period_of(month, zone) for month in (package.month, months.month_before(package.month)))
    return Filters(period, package.channel_ids or [NO_CHANNEL], against=before)
