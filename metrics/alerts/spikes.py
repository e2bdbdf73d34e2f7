"""Decides whether a channel has unusually many mentions: the last hour against the same hour of previous weeks.

The usual number is the median of those weeks, so one busy week changes little. Their spread is the median absolute
deviation, but never less than chance alone gives small counts (Poisson). Below a minimum, nothing is unusual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import median
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Min, Q

from metrics.definitions import HOUR, Filters, Tickets
from metrics.models import DayCount
from metrics.periods import Period

WEEK = timedelta(weeks=1)
WEEKS = 8
LEAST_WEEKS = 4
"""A channel known for fewer weeks has no usual number."""
DEVIATIONS = 3
_NORMAL = 1.4826
"""Converts a median absolute deviation into a standard deviation, for normally distributed counts."""


@dataclass(frozen=True, slots=True)
class Hour:
    """Mentions within an hour, and within the same hour of each of the weeks before, the latest first."""

    count: int
    before: Sequence[int] = ()

    @property
    def usual(self) -> float:
        return float(median(self.before)) if self.before else 0.0

    @property
    def bound(self) -> float:
        """The number of mentions above which the hour is unusual."""
        usual = self.usual
        spread = _NORMAL * median(abs(count - usual) for count in self.before) if self.before else 0.0
        return usual + DEVIATIONS * max(spread, sqrt(max(usual, 1.0)))


def is_unusual(hour: Hour, minimum: int, *, is_open: bool) -> bool:
    """`is_open`: whether an alert is open; it closes halfway back to the usual number, or below half of the minimum. A
    minimum of 0 never alerts. Pure."""
    if not minimum or len(hour.before) < LEAST_WEEKS:
        return False
    if is_open:
        return 2 * hour.count >= minimum and hour.count > (hour.usual + hour.bound) / 2
    return hour.count >= minimum and hour.count > hour.bound


def measure(tickets: Tickets, now: datetime) -> dict[int, Hour]:
    """Channel id → its hour up to `now`, for channels with a mention in any of these hours. Internal channels are left
    out. Two queries."""
    known = _known_weeks(now)
    within = {number: _within(now - number * WEEK) for number in range(WEEKS + 1)}
    any_hour = Q()
    for each in within.values():
        any_hour |= each
    chosen = Filters(Period(now.date(), now.date())).narrow(tickets).filter(any_hour)
    counts = {f"n_{number}": Count("pk", filter=each) for number, each in within.items()}
    rows = chosen.values("channel_id").annotate(**counts).order_by()
    return {row["channel_id"]: _hour(row, known.get(row["channel_id"], 0)) for row in rows}


def _hour(row: dict[str, int], weeks: int) -> Hour:
    return Hour(row["n_0"], [row[f"n_{number}"] for number in range(1, weeks + 1)])


def _within(end: datetime) -> Q:
    return Q(posted_at__gt=end - HOUR, posted_at__lte=end)


def _known_weeks(now: datetime) -> dict[int, int]:
    """Channel id → how many of the previous weeks the desk has known it: hours before its first mention don't count as
    quiet. From the roll-ups of the desk's own time zone."""
    days = DayCount.objects.filter(zone=settings.TIME_ZONE, high=False, mentions__gt=0)
    firsts = days.values("channel_id").annotate(first=Min("day")).order_by().values_list("channel_id", "first")
    today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return {channel: min((today - first).days // 7, WEEKS) for channel, first in firsts}
