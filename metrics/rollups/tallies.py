"""Reads tallies: sums of figures over days, each ticket once, however often something happened to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db.models import Sum

from metrics.models import DayTally
from metrics.periods import Period

Tallies = dict[str, Counter[tuple[int, str]]]
"""Figure → (channel, of whom or what) → number."""


def read(zone: str, channels: Sequence[int], period: Period, names: Iterable[DayTally.Name], *, high: bool) -> Tallies:
    """One query."""
    rows = DayTally.objects.filter(
        zone=zone,
        name__in=list(names),
        high=high,
        day__range=(period.first, period.last),
        channel_id__in=channels,
        before__lt=period.first,
    )
    found: Tallies = {name.value: Counter() for name in names}
    for name, channel, of, number in rows.values_list("name", "channel_id", "of").annotate(Sum("number")):
        found[name][channel, of] = number
    return found


def by_channel(tally: Counter[tuple[int, str]]) -> Counter[int]:
    found: Counter[int] = Counter()
    for (channel, _of), number in tally.items():
        found[channel] += number
    return found


def by_whom(tally: Counter[tuple[int, str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_channel, of), number in tally.items():
        found[of] += number
    return found
