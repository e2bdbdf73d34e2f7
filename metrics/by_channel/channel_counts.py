"""Counts by channel; its first reply times come from `metrics.figures`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from metrics.definitions import BACKLOG, Filters, Tickets, first_posted
from metrics.figures.first_reply import FirstReply
from metrics.figures.source import ReportSource
from metrics.periods import Period


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """`before` is None if the desk didn't exist for all of the days compared with: unknown, not zero."""

    row: FirstReply
    before: int | None
    solved: int
    backlog: int

    @property
    def change(self) -> int | None:
        return None if self.before is None else self.row.mentions - self.before


def lines(tickets: Tickets, filters: Filters, now: datetime, source: ReportSource) -> list[ChannelLine]:
    """Every channel with mentions in the period, by name; all of them together first. At most eight queries."""
    chosen = filters.narrow(tickets)
    earlier = filters.earlier
    rows, total = source.channels(), source.total()
    known = begins(chosen, earlier)
    then, solved = source.by_channel("mentions", earlier), source.by_channel("solved", filters.period)
    backlog = _by_channel(chosen.filter(BACKLOG))

    def line(row: FirstReply) -> ChannelLine:
        def of(counts: Counter[int]) -> int:
            return counts[row.channel_id] if row.channel_id else sum(counts.values())

        return ChannelLine(row, of(then) if known else None, of(solved), of(backlog))

    return [line(row) for row in (total, *rows)]


def begins(chosen: Tickets, earlier: Period) -> bool:
    """Whether the desk had any mention by the end of the first of these days. One query."""
    first = first_posted(chosen)
    return first is not None and first < Period(earlier.first, earlier.first, earlier.tz).end


def _by_channel(tickets: Tickets) -> Counter[int]:
    rows = tickets.values("channel_id").annotate(number=Count("pk")).order_by()
    return Counter({row["channel_id"]: row["number"] for row in rows})
