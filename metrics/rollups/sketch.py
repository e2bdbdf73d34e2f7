"""A histogram of durations that can be added to others. Pure.

Bucket n holds durations over GROWTH**(n-1) and up to GROWTH**n seconds; bucket 0 those up to one second. A percentile
read from it is off by at most ERROR, or by a second below one second, however many histograms are added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import ceil

GROWTH = 1.02
ERROR = (GROWTH - 1) / (GROWTH + 1)
"""One percent."""
BUCKET_SQL = f"ceil(ln(greatest({{seconds}}, 1)) / ln({GROWTH}::double precision))::smallint"


def added(histograms: Iterable[tuple[Sequence[int], Sequence[int]]]) -> Counter[int]:
    """(buckets, counts) each → bucket → count."""
    total: Counter[int] = Counter()
    for buckets, counts in histograms:
        for bucket, count in zip(buckets, counts, strict=True):
            total[bucket] += count
    return total


def percentile(histogram: Counter[int], share: float) -> timedelta | None:
    """Interpolated between neighbours as in a spreadsheet; None if nothing is in it."""
    count = histogram.total()
    if not count:
        return None
    place = share * (count - 1)
    low, high = _nth(histogram, int(place)), _nth(histogram, ceil(place))
    return timedelta(seconds=low + (high - low) * (place - int(place)))


def _nth(histogram: Counter[int], place: int) -> float:
    """The middle of the bucket that holds this rank, counted from 0."""
    passed = 0
    for bucket in sorted(histogram):
        passed += histogram[bucket]
        if passed > place:
            return middle(bucket)
    raise IndexError(place)


def middle(bucket: int) -> float:
    """The middle of a bucket: off by at most ERROR from anything in it."""
    return 2 * GROWTH**bucket / (GROWTH + 1) if bucket else 0.0
