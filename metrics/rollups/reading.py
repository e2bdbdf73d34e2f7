"""Reads the roll-ups: days, sums and percentiles of any channels over any days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection, models
from django.db.models import Sum

from metrics.models import DayCount, DayTimes
from metrics.periods import Period
from metrics.rollups import sketch

COUNTS = ("mentions", "answered", "within", "open", "unsettled", "no_reply", "replied", "solved")


@dataclass(frozen=True, slots=True)
class Sums:
    """Counts, and the times behind the percentiles, of some days."""

    mentions: int = 0
    answered: int = 0
    within: int = 0
    open: int = 0
    unsettled: int = 0
    no_reply: int = 0
    replied: int = 0
    solved: int = 0
    times: Counter[int] = field(default_factory=Counter)

    def took(self, share: float) -> timedelta | None:
        """A percentile, wrong by at most `sketch.ERROR`."""
        return sketch.percentile(self.times, share)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cells: a zone's, in these channels, over all tickets or those of high priority."""

    zone: str
    channel_ids: Sequence[int]
    high: bool = False

    def days(self, period: Period) -> dict[date, dict[str, int]]:
        """Day → count by name. Days without tickets are left out. One query."""
        rows: Any = self._counts(period).values("day").annotate(**{f"n_{name}": Sum(name) for name in COUNTS})
        return {row["day"]: {name: row[f"n_{name}"] for name in COUNTS} for row in rows}

    def times(self, period: Period, measure: int) -> dict[date, Counter[int]]:
        """Day → histogram. One query."""
        found: dict[date, list[tuple[list[int], list[int]]]] = {}
        rows = self._times(period, measure).values_list("day", "buckets", "counts")
        for day, buckets, counts in rows:
            found.setdefault(day, []).append((buckets, counts))
        return {day: sketch.added(histograms) for day, histograms in found.items()}

    def medians(self, period: Period, measure: int) -> list[tuple[date, int, float]]:
        """(day, channel, exact median in seconds). One query."""
        rows = self._times(period, measure).order_by("day", "channel_id")
        return list(rows.values_list("day", "channel_id", "median_s"))

    def _counts(self, period: Period) -> models.QuerySet[DayCount]:
        return DayCount.objects.filter(
            zone=self.zone, high=self.high, day__range=(period.first, period.last), channel_id__in=self.channel_ids
        )

    def _times(self, period: Period, measure: int) -> models.QuerySet[DayTimes]:
        return DayTimes.objects.filter(
            zone=self.zone,
            measure=measure,
            high=self.high,
            day__range=(period.first, period.last),
            channel_id__in=self.channel_ids,
        )


def summed(days: dict[date, dict[str, int]], times: dict[date, Counter[int]], period: Period) -> Sums:
    """Sums of `days` and `times` over a period within them."""
    counts = dict.fromkeys(COUNTS, 0)
    total: Counter[int] = Counter()
    for day in period.days:
        for name, value in days.get(day, {}).items():
            counts[name] += value
        total.update(times.get(day, {}))
    return Sums(**counts, times=total)


VERSION = """
SELECT version FROM metrics_rolledzone WHERE zone = %(zone)s
   AND built_at >= (SELECT applied FROM django_migrations WHERE app = 'metrics' AND name = '0010_tallies')
"""


def version(zone: str) -> int | None:
    """The version of a zone's figures; None if they aren't ready. Figures from before the migration named don't count
    as ready: they lack its columns, and a release without its triggers may have run in between."""
    with connection.cursor() as cursor:
        cursor.execute(VERSION, {"zone": zone})
        row = cursor.fetchone()
    return row[0] if row else None
