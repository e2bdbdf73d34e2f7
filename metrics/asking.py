"""From a query string to what a report is about. What makes no sense is said, and the default taken instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from channels.models import Channel
from mentions.people.access import visible_channel_ids
from metrics.definitions import Filters
from metrics.periods import DEFAULT, BadPeriod, asked, named


@dataclass
class Asked:
    """Filters of one request, the channels to choose from, and what was wrong with the question."""

    filters: Filters
    channels: list[Channel]
    problems: list[str] = field(default_factory=list)
    query: QueryDict = field(default_factory=QueryDict)


def read(request: HttpRequest, now: datetime) -> Asked:
    """`period`/`from`/`to`, `channel` (slugs, repeated), `priority=high`, `internal=1`."""
    channels = list(Channel.objects.filter(pk__in=visible_channel_ids(request.user)).order_by("name"))
    problems: list[str] = []
    tz = timezone.get_current_timezone()
    today = now.astimezone(tz).date()
    try:
        period = asked(request.GET, today, tz)
    except BadPeriod as error:
        problems.append(f"{error} " + _("Shown instead: the last 30 days."))
        period = named(DEFAULT, today, tz)
    wanted = set(request.GET.getlist("channel")) - {""}
    chosen = [channel for channel in channels if channel.slug in wanted]
    if len(chosen) < len(wanted):
        problems.append(_("A channel asked for does not exist; it was left out."))
    high_only, with_internal = request.GET.get("priority") == "high", bool(request.GET.get("internal"))
    filters = Filters(period, [channel.pk for channel in chosen], high_only, with_internal)
    return Asked(filters, channels, problems, request.GET)
