"""Outcomes from roll-ups, if these hold the requested data: the same figures, as of the last refresh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import Sum

from metrics.definitions import Filters
from metrics.figures.first_reply import PERCENTILES
from metrics.models import DayCount, DayTally, DayTimes
from metrics.outcomes.outcome_counts import ALL, Outcomes, Times
from metrics.rollups import access, exact, tallies

Name = DayTally.Name
NAMES = (Name.ONE_TOUCH, Name.WAITING, Name.NO_REPLY, Name.REOPENED, Name.OUTSIDE, Name.UNDELIVERED)


def outcomes(filters: Filters, *, is_before: bool) -> Outcomes:
    """Without the channels' names. Four queries."""
    period, high, channels = filters.period, filters.high_only, access.channels_of(filters)
    zone = str(period.tz)
    found = tallies.read(zone, channels, period, NAMES, high=high)
    counts = {name.value: tallies.by_channel(found[name]) for name in NAMES}
    counts["mentions"] = _mentions(zone, channels, filters)
    if is_before:
        counts["next_waiting"] = Counter()
    rows = exact.rows(zone, channels, period, (DayTimes.Measure.NEXT_REPLY, DayTimes.Measure.RESOLUTION), high=high)
    times = _times(rows)
    reasons = tallies.by_whom(found[Name.NO_REPLY])
    return Outcomes(counts, reasons, times[DayTimes.Measure.NEXT_REPLY], times[DayTimes.Measure.RESOLUTION])


def _mentions(zone: str, channels: Sequence[int], filters: Filters) -> Counter[int]:
    days = (filters.period.first, filters.period.last)
    rows = DayCount.objects.filter(zone=zone, high=filters.high_only, day__range=days, channel_id__in=channels)
    return +Counter(dict(rows.values_list("channel_id").annotate(Sum("mentions"))))


def _times(rows: Mapping[int, Sequence[exact.Row]]) -> dict[int, dict[int | None, Times]]:
    """Measure → channel, and all of them → times. One query for all that they need of the durations."""
    groups: dict[tuple[int, int | None], list[exact.Row]] = {}
    for measure, each in rows.items():
        for row in each:
            for key in (row.channel, ALL):
                groups.setdefault((measure, key), []).append(row)
    shares = exact.percentiles(groups, list(PERCENTILES.values()))
    found: dict[int, dict[int | None, Times]] = {DayTimes.Measure.NEXT_REPLY: {}, DayTimes.Measure.RESOLUTION: {}}
    for (measure, key), took in shares.items():
        number = sum(sum(row.counts) for row in groups[measure, key])
        found[measure][key] = Times(number, *(took[share] for share in PERCENTILES.values()))
    return found
