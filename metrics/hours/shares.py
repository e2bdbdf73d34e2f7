"""How much of each hour of the week the team covers. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from metrics.periods import Period

HOUR = timedelta(hours=1)
Slot = tuple[int, int]
"""(ISO weekday, hour)."""
Spans = Sequence[tuple[datetime, datetime]]
HALF = 0.5


def shares(spans: Spans, period: Period) -> dict[Slot, float]:
    """Slot → covered share, from 0 to 1, averaged over the period's days. `spans`: in order, without
    overlaps."""
    starts = [start for start, _end in spans]
    total: dict[Slot, float] = defaultdict(float)
    days: dict[int, int] = defaultdict(int)
    for day in period.days:
        days[day.isoweekday()] += 1
        for hour in range(24):
            begin = datetime.combine(day, time(hour), tzinfo=period.tz).astimezone(UTC)
            total[day.isoweekday(), hour] += _within(spans, starts, begin, begin + HOUR) / HOUR
    return {slot: value / days[slot[0]] for slot, value in total.items()}


def _within(spans: Spans, starts: Sequence[datetime], begin: datetime, end: datetime) -> timedelta:
    """The covered time within this hour."""
    found, number = timedelta(), max(0, bisect_right(starts, begin) - 1)
    while number < len(spans) and spans[number][0] < end:
        start, last = spans[number]
        found += max(timedelta(), min(last, end) - max(start, begin))
        number += 1
    return found
