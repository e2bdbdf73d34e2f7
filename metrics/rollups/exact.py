"""Exact percentiles of the durations of many days and channels, without reading them all: the histograms locate the
bucket of a percentile, and only that bucket's slice of the sorted durations is read."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, chain
from math import ceil
from typing import TypeVar

from django.db import connection

from metrics.models import DayTimes
from metrics.periods import Period
from metrics.rollups import sketch

Key = TypeVar("Key", bound=Hashable)
Slice = tuple[int, int]
"""(row, bucket)."""

_SLICES = """
SELECT w.id, w.bucket,
       CASE WHEN t.seconds[w.low] = t.seconds[w.high] THEN t.seconds[w.low:w.low] ELSE t.seconds[w.low:w.high] END,
       w.high - w.low + 1
  FROM unnest(%s::bigint[], %s::smallint[], %s::int[], %s::int[]) w (id, bucket, low, high)
  JOIN metrics_daytimes t ON t.id = w.id
"""
"""If all are the same, one of them stands for all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cell, without its durations."""

    pk: int
    day: date
    channel: int
    buckets: Sequence[int]
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the value at a rank (from 0) lies: in which bucket, and after how many of its values."""

    bucket: int
    number: int


def rows(
    zone: str, channels: Iterable[int], period: Period, measures: Iterable[int], *, high: bool
) -> dict[int, list[Row]]:
    """Measure → rows. One query."""
    found: dict[int, list[Row]] = {}
    chosen = DayTimes.objects.filter(
        zone=zone,
        measure__in=list(measures),
        high=high,
        day__range=(period.first, period.last),
        channel_id__in=list(channels),
    )
    names = ("measure", "pk", "day", "channel_id", "buckets", "counts")
    for measure, *values in chosen.values_list(*names):
        found.setdefault(measure, []).append(Row(*values))
    return found


def percentiles(
    groups: Mapping[Key, Sequence[Row]], shares: Sequence[float]
) -> dict[Key, dict[float, timedelta | None]]:
    """Group → share → exact percentile, interpolated between neighbours; None if a group is empty. One query."""
    histograms = {key: sketch.added((row.buckets, row.counts) for row in each) for key, each in groups.items()}
    places = {key: {share: _places(histogram, share) for share in shares} for key, histogram in histograms.items()}
    wanted = {key: {place.bucket for pair in each.values() if pair for place in pair} for key, each in places.items()}
    slices = _read({row.pk: row for each in groups.values() for row in each}, groups, wanted)
    found: dict[Key, dict[float, timedelta | None]] = {}
    for key, each in places.items():
        values = {
            b: sorted(chain.from_iterable(slices.get((row.pk, b), ()) for row in groups[key])) for b in wanted[key]
        }
        found[key] = {
            share: _between(pair, values, share * (histograms[key].total() - 1)) if pair else None
            for share, pair in each.items()
        }
    return found


def _places(histogram: Counter[int], share: float) -> tuple[Place, Place] | None:
    """The places of the values below and above a percentile."""
    if not (count := histogram.total()):
        return None
    place = share * (count - 1)
    low, high = _place(histogram, int(place)), _place(histogram, ceil(place))
    return low, high


def _place(histogram: Counter[int], place: int) -> Place:
    passed = 0
    for bucket in sorted(histogram):
        if passed + histogram[bucket] > place:
            return Place(bucket, place - passed)
        passed += histogram[bucket]
    raise IndexError(place)


def _read(
    known: Mapping[int, Row], groups: Mapping[Key, Sequence[Row]], wanted: Mapping[Key, set[int]]
) -> dict[Slice, list[float]]:
    """The durations in these buckets of the groups' rows."""
    ids, buckets, lows, highs = [], [], [], []
    pairs = {(row.pk, bucket) for key, each in groups.items() for row in each for bucket in wanted[key]}
    passed = {pk: [0, *accumulate(known[pk].counts)] for pk in {pk for pk, _bucket in pairs}}
    for pk, bucket in pairs:
        number = bisect_left(known[pk].buckets, bucket)
        if number < len(known[pk].buckets) and known[pk].buckets[number] == bucket:
            ids.append(pk)
            buckets.append(bucket)
            lows.append(passed[pk][number] + 1)
            highs.append(passed[pk][number + 1])
    with connection.cursor() as cursor:
        cursor.execute(_SLICES, [ids, buckets, lows, highs])
        rows = cursor.fetchall()
    return {(pk, bucket): seconds if len(seconds) == count else seconds * count for pk, bucket, seconds, count in rows}


def _between(pair: tuple[Place, Place], values: Mapping[int, Sequence[float]], place: float) -> timedelta:
    """If a refresh has replaced a row meanwhile, its values are missing: then the bucket's middle, off by at most
    `sketch.ERROR`."""
    low, high = (
        values[each.bucket][each.number] if each.number < len(values[each.bucket]) else sketch.middle(each.bucket)
        for each in pair
    )
    return timedelta(seconds=low + (high - low) * (place - int(place)))
