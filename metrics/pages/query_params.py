"""Parses a report's query string. Invalid values are reported and replaced with the default."""

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
from metrics.reply_clock import ReplyClock


@dataclass
class Asked:
    """A request's filters, the channels to choose from, and problems with its query string."""

    filters: Filters
    channels: list[Channel]
    problems: list[str] = field(default_factory=list)
    query: QueryDict = field(default_factory=QueryDict)


def read(request: HttpRequest, now: datetime) -> Asked:
    """Parse `period`/`from`/`to`, `channel` (slugs, repeatable), `priority=high`, `internal=1`, `clock=ingested`,
    `hours=coverage`, `tag=NAME`."""
    channels = list(
        Channel.objects.filter(pk__in=visible_channel_ids(request.user)).select_related("connection").order_by("name")
    )
    problems: list[str] = []
    tz = timezone.get_current_timezone()
    today = now.astimezone(tz).date()
    try:
        period = asked(request.GET, today, tz)
    except BadPeriod as error:
        problems.append(f"{error} " + _("Showing the last 30 days instead."))
        period = named(DEFAULT, today, tz)
    wanted = set(request.GET.getlist("channel")) - {""}
    chosen = [channel for channel in channels if channel.slug in wanted]
    if len(chosen) < len(wanted):
        problems.append(_("One of the channels does not exist and was ignored."))
    high_only, with_internal = request.GET.get("priority") == "high", bool(request.GET.get("internal"))
    clock = ReplyClock(request.GET.get("clock") == "ingested", request.GET.get("hours") == "coverage")
    tag = request.GET.get("tag", "").replace("\0", "")[:60]
    filters = Filters(period, [channel.pk for channel in chosen], high_only, with_internal, clock, tag)
    return Asked(filters, channels, problems, request.GET)
