"""Counts by channel, from the tickets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Min

from metrics.definitions import BACKLOG, Filters, Tickets, figure, within_days
from metrics.figures import first_reply
from metrics.figures.days import day_of
from metrics.figures.first_reply import FirstReply
from metrics.periods import Period

Days = dict[date, Counter[int]]
"""Day → channel → mentions."""


@dataclass(frozen=True, slots=True)
class Line:
    """`before` is None if the desk was not there for all of the days compared with: a gap, not zero."""

    row: FirstReply
    before: int | None
    solved: int
    backlog: int

    @property
    def change(self) -> int | None:
        return None if self.before is None else self.row.mentions - self.before


def lines(tickets: Tickets, filters: Filters, now: datetime) -> list[Line]:
    """Every channel with mentions in the period, by name; all of them together first. Six queries."""
    chosen = filters.narrow(tickets)
    earlier = filters.earlier
    rows = first_reply.first_reply_by_channel(tickets, filters, now)
    total = first_reply.first_reply(tickets, filters, now)
    known = begins(chosen, earlier)
    then = _by_channel(chosen.filter(figure("mentions", earlier, now)))
    solved = _by_channel(chosen.filter(figure("solved", filters.period, now)))
    backlog = _by_channel(chosen.filter(BACKLOG))

    def line(row: FirstReply) -> Line:
        def of(counts: Counter[int]) -> int:
            return counts[row.channel_id] if row.channel_id else sum(counts.values())

        return Line(row, of(then) if known else None, of(solved), of(backlog))

    return [line(row) for row in (total, *rows)]


def begins(chosen: Tickets, earlier: Period) -> bool:
    """Whether there was something before the end of the first of these days. One query."""
    first = chosen.aggregate(first=Min("posted_at"))["first"]
    return first is not None and first < Period(earlier.first, earlier.first, earlier.tz).end


def by_day(tickets: Tickets, filters: Filters) -> Days:
    """The days of the period with mentions. One query."""
    chosen = filters.narrow(tickets).filter(within_days("posted_at", filters.period))
    rows = chosen.annotate(day=day_of("posted_at", filters.period)).values("day", "channel_id")
    found: Days = {}
    for row in rows.annotate(number=Count("pk")).order_by():
        found.setdefault(row["day"], Counter())[row["channel_id"]] = row["number"]
    return found


def _by_channel(tickets: Tickets) -> Counter[int]:
    rows = tickets.values("channel_id").annotate(number=Count("pk")).order_by()
    return Counter({row["channel_id"]: row["number"] for row in rows})
