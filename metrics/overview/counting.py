"""Where the overview's figures come from: from roll-ups where they hold what was asked for, else from the tickets.

Both give the same figures, but for the 1 % by which a median over several days may be off in roll-ups.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from django.db import connection

from channels.audience import HIDDEN_CHANNELS
from channels.models import Channel
from channels.registry.internal_channels import internal_channels
from mentions.people.access import VIEW
from metrics.definitions import Filters, Tickets
from metrics.figures import activity, first_reply
from metrics.models import DayTimes
from metrics.periods import Period
from metrics.rollups import reading

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
        """Mentions, first replies and solved of the days with any."""

    def figures(self, period: Period) -> SpanFigures:
        """Of a period within what was asked for."""


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
    if filters.clock.in_coverage or filters.is_of_some or version_for(user, zone) is None:
        return Counted(tickets, filters, now)
    measure = DayTimes.Measure.INGESTED if filters.clock.from_arrival else DayTimes.Measure.POSTED
    return Rolled(reading.Scope(zone, _channels(filters), filters.high_only), whole, measure)


def version_for(user: Any, zone: str) -> int | None:
    """Of the roll-ups that this person may read; None if the zone is not ready or a channel is hidden from them: a
    roll-up counts what everybody said. One query without the ORM: every page asks."""
    if not user.has_perm(VIEW):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_VERSION, {"me": user.pk, "zone": zone})
        row = cursor.fetchone()
    return row[0] if row else None


_VERSION = f"{reading.VERSION} AND cardinality({HIDDEN_CHANNELS}) = 0"


def _channels(filters: Filters) -> list[int]:
    if filters.channel_ids:
        return list(filters.channel_ids)
    channels = Channel.objects.all() if filters.with_internal else Channel.objects.exclude(pk__in=internal_channels())
    return list(channels.values_list("pk", flat=True))
