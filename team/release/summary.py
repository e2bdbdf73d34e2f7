"""What came of a release day, in numbers that everybody may know: restricted channels are left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.outbox import slack_posts
from mentions.models import Ticket
from mentions.people.audience import for_everybody
from team.models import Release
from team.release import calendar

MAX_TICKETS = 20_000
TOP = 3
ANSWERED, WAITING = "answered", "waiting"


@dataclass(frozen=True, slots=True)
class Summary:
    """Mentions that were posted in the shown hours of a release day."""

    total: int
    answered: int
    waiting: int
    """Neither answered nor done."""
    median_reply: timedelta | None
    channels: list[tuple[str, int]]
    """The busiest first."""


def of(release: Release) -> Summary:
    """One query."""
    span = calendar.shown(release.rule, release.day)
    tickets = for_everybody(Ticket.objects.filter(posted_at__gte=span.start, posted_at__lt=span.end))
    rows = list(tickets.values_list("channel__name", "status", "posted_at", "first_reply_at")[:MAX_TICKETS])
    return from_rows(rows)


def from_rows(rows: list[tuple[str, str, datetime, datetime | None]]) -> Summary:
    """(channel, status, posted, first reply) of each mention. Pure."""
    waits = [(replied - posted).total_seconds() for _name, _status, posted, replied in rows if replied is not None]
    done = (Ticket.Status.SOLVED, Ticket.Status.CLOSED)
    waiting = sum(1 for _name, status, _posted, replied in rows if replied is None and status not in done)
    counts: dict[str, int] = {}
    for name, *_rest in rows:
        counts[name] = counts.get(name, 0) + 1
    by_channel = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return Summary(len(rows), len(waits), waiting, timedelta(seconds=median(waits)) if waits else None, by_channel)


def sentence(found: Summary) -> str:
    """For Slack."""
    count = ngettext("%(count)d mention", "%(count)d mentions", found.total) % {"count": found.total}
    words = {"mentions": count, "answered": found.answered, "waiting": found.waiting}
    parts = [_("Release day is over: %(mentions)s, %(answered)d answered, %(waiting)d still waiting.") % words]
    if found.median_reply is not None:
        minutes = round(found.median_reply.total_seconds() / 60)
        parts.append(_("Median first reply: %(hours)d h %(minutes)02d min.") % dict(zip(
            ("hours", "minutes"), divmod(minutes, 60), strict=True
        )))  # fmt: skip
    if found.channels:
        busiest = ", ".join(f"{slack_posts.escaped(name)} {number}" for name, number in found.channels[:TOP])
        parts.append(_("Busiest: %(channels)s.") % {"channels": busiest})
    return " ".join(parts)
