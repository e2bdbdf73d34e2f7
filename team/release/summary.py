"""The summary of a release day, counted as in the reports, in numbers that everybody may see: restricted channels are
left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Case, Q, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.outbox import slack_posts
from mentions.clocks import counted
from mentions.models import Ticket
from mentions.people.audience import for_everybody
from team.models import Release
from team.release import release_times

MAX_TICKETS = 20_000
DONE = (Ticket.Status.SOLVED, Ticket.Status.CLOSED)
TOP = 3


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
    span = release_times.shown(release.rule, release.day)
    tickets = for_everybody(Ticket.objects.filter(posted_at__gte=span.start, posted_at__lt=span.end))
    answered_at = Case(When(counted.ANSWERED, then="first_reply_at"))
    waits = Case(When(counted.UNANSWERED & ~Q(status__in=DONE), then=True), default=False)
    rows = counted.from_outside(tickets).annotate(answered_at=answered_at, waits=waits)
    return from_rows(list(rows.values_list("channel__name", "waits", "posted_at", "answered_at")[:MAX_TICKETS]))


def from_rows(rows: list[tuple[str, bool, datetime, datetime | None]]) -> Summary:
    """(channel, whether somebody waits, posted, answered) of each mention. Pure."""
    times = [(answered - posted).total_seconds() for _name, _waits, posted, answered in rows if answered is not None]
    waiting = sum(waits for _name, waits, _posted, _answered in rows)
    counts: dict[str, int] = {}
    for name, *_rest in rows:
        counts[name] = counts.get(name, 0) + 1
    by_channel = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return Summary(len(rows), len(times), waiting, timedelta(seconds=median(times)) if times else None, by_channel)


def sentence(found: Summary) -> str:
    """The summary as a sentence for Slack."""
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
