"""Sources of the overview's figures: roll-ups if they hold what is asked for, else the tickets.

Both give the same figures, except that a median over several days may be off by 1 % in roll-ups.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from metrics.definitions import Filters, Tickets
from metrics.figures import activity, first_reply
from metrics.periods import Period
from metrics.rollups import access, reading

Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class SpanFigures:
    """Of one period. `median` is None if nothing was answered."""

    mentions: int
    replied: int
    solved: int
    answered: int
    within: int
    median: timedelta | None

    @property
    def within_percent(self) -> float | None:
        return 100 * self.within / self.answered if self.answered else None


class FigureSource(Protocol):
    def days(self, period: Period) -> dict[date, Counts]:
        """Mentions, first replies and solved, for days that have any."""

    def figures(self, period: Period) -> SpanFigures:
        """The figures of a period within the requested range."""


class Rolled:
    """From roll-ups; three queries."""

    def __init__(self, scope: reading.Scope, whole: Period, measure: int) -> None:
        self.scope, self.whole, self.measure = scope, whole, measure

    @cached_property
    def _counts(self) -> dict[date, Counts]:
        return self.scope.days(self.whole)

    @cached_property
    def _times(self) -> dict[date, Any]:
        return self.scope.times(self.whole, self.measure)

    def days(self, period: Period) -> dict[date, Counts]:
        return {day: counts for day, counts in self._counts.items() if period.first <= day <= period.last}

    def figures(self, period: Period) -> SpanFigures:
        sums = reading.summed(self._counts, self._times, period)
        return SpanFigures(sums.mentions, sums.replied, sums.solved, sums.answered, sums.within, sums.took(0.5))


class Counted:
    """From the tickets; three queries for each period."""

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now

    def days(self, period: Period) -> dict[date, Counts]:
        rows = activity.daily_activity(self.tickets, self.filters.over(period), self.now)
        counts = {row.day: {"mentions": row.mentions, "replied": row.replied, "solved": row.solved} for row in rows}
        return {day: each for day, each in counts.items() if any(each.values())}

    def figures(self, period: Period) -> SpanFigures:
        row = first_reply.first_reply(self.tickets, self.filters.over(period), self.now)
        days = self.days(period).values()
        replied, solved = (sum(day[name] for day in days) for name in ("replied", "solved"))
        return SpanFigures(row.mentions, replied, solved, row.answered, row.within, row.median)


def figure_source(user: Any, tickets: Tickets, filters: Filters, whole: Period, now: datetime) -> FigureSource:
    """`whole` covers every period that will be asked for."""
    zone = str(whole.tz)
    if not access.may_answer(user, filters, zone):
        return Counted(tickets, filters, now)
    scope = reading.Scope(zone, access.channels_of(filters), filters.high_only)
    return Rolled(scope, whole, access.measure_of(filters))
