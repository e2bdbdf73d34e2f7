"""Chooses where the reports' figures come from: roll-ups if they hold the requested data, else the tickets. Both
give the same figures; roll-ups are as old as their last refresh, a minute at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from django.db.models import Count

from channels.models import Channel
from mentions.clocks import targets
from metrics.definitions import HIGH, Filters, Tickets, figure
from metrics.figures import activity, first_reply, parts
from metrics.figures.activity import ACTIVITY, DayActivity
from metrics.figures.days import day_of
from metrics.figures.first_reply import GOAL_ALL, GOAL_HIGH, PERCENTILES, FirstReply
from metrics.models import DayCount, DayTimes
from metrics.periods import Period
from metrics.rollups import access, exact
from metrics.rollups.reading import COUNTS

Slots = dict[tuple[int, int], int]
"""(ISO weekday, hour) → tickets."""
Days = dict[date, Counter[int]]
"""Day → channel → tickets."""
MedianOfDay = tuple[date, str, timedelta, int]


class ReportSource(Protocol):
    """Over the filters' period, unless another one is named."""

    def total(self, label: str = "", *, high: bool = False) -> FirstReply: ...
    def channels(self) -> list[FirstReply]:
        """With mentions, by name."""

    def by_day(self) -> list[MedianOfDay]: ...
    def activity(self) -> list[DayActivity]: ...
    def by_channel(self, name: str, period: Period) -> Counter[int]:
        """Mentions, replied, or solved."""

    def mentions_by_day(self) -> Days: ...
    def by_slot(self, name: str) -> Slots:
        """Mentions or replied."""


def source_for(user: Any, tickets: Tickets, filters: Filters, now: datetime) -> ReportSource:
    zone = str(filters.period.tz)
    return (
        Rolled(tickets, filters, now, zone)
        if access.may_answer(user, filters, zone)
        else Counted(tickets, filters, now)
    )


class Counted:
    """Figures counted from the tickets."""

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now

    def total(self, label: str = "", *, high: bool = False) -> FirstReply:
        return first_reply.first_reply(self.tickets, self.filters, self.now, label, high=high)

    def channels(self) -> list[FirstReply]:
        return first_reply.first_reply_by_channel(self.tickets, self.filters, self.now)

    def by_day(self) -> list[MedianOfDay]:
        return first_reply.median_by_day(self.tickets, self.filters)

    def activity(self) -> list[DayActivity]:
        return activity.daily_activity(self.tickets, self.filters, self.now)

    def by_channel(self, name: str, period: Period) -> Counter[int]:
        rows = self._counted(name, period).values("channel_id").annotate(number=Count("pk")).order_by()
        return Counter({row["channel_id"]: row["number"] for row in rows})

    def mentions_by_day(self) -> Days:
        chosen = self._counted("mentions", self.filters.period)
        rows = chosen.annotate(day=day_of("posted_at", self.filters.period)).values("day", "channel_id")
        found: Days = {}
        for row in rows.annotate(number=Count("pk")).order_by():
            found.setdefault(row["day"], Counter())[row["channel_id"]] = row["number"]
        return found

    def by_slot(self, name: str) -> Slots:
        column, tz = parts.COLUMNS.get(name, "posted_at"), self.filters.period.tz
        chosen = self._counted(name, self.filters.period)
        rows = chosen.annotate(on_weekday=parts.weekday_of(column, tz), at_hour=parts.hour_of(column, tz))
        counts = rows.values("on_weekday", "at_hour").annotate(number=Count("pk")).order_by()
        return {(row["on_weekday"], row["at_hour"]): row["number"] for row in counts}

    def _counted(self, name: str, period: Period) -> Tickets:
        return self.filters.narrow(self.tickets).filter(
            figure(name, period, self.now, with_noise=self.filters.with_noise)
        )


@dataclass(frozen=True, slots=True)
class DayRow:
    """The counts of one day in one channel."""

    day: date
    channel: int
    counts: Mapping[str, int]
    hours: Mapping[str, list[int]] = field(default_factory=dict)


class Rolled:
    """Figures from roll-ups; overdue ones from the open tickets."""

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, zone: str) -> None:
        self.tickets, self.filters, self.now, self.zone = tickets, filters, now, zone
        self._known: dict[Any, Any] = {}

    @cached_property
    def _channel_ids(self) -> list[int]:
        return access.channels_of(self.filters)

    def _days(self, period: Period, *, high: bool) -> list[DayRow]:
        """One query, once."""
        key = ("days", period.first, period.last, high)
        if key not in self._known:
            rows = DayCount.objects.filter(
                zone=self.zone, high=high, day__range=(period.first, period.last), channel_id__in=self._channel_ids
            )
            self._known[key] = [
                DayRow(
                    row["day"],
                    row["channel_id"],
                    {name: row[name] for name in COUNTS},
                    {name: row[f"{name}_hours"] for name in ("mentions", "replied")},
                )
                for row in rows.values("day", "channel_id", *COUNTS, "mentions_hours", "replied_hours")
            ]
        found: list[DayRow] = self._known[key]
        return found

    def _times(self, *, high: bool) -> dict[int, list[exact.Row]]:
        """One query, once."""
        key = ("times", high)
        if key not in self._known:
            measures = (access.measure_of(self.filters), DayTimes.Measure.LAG)
            self._known[key] = exact.rows(self.zone, self._channel_ids, self.filters.period, measures, high=high)
        found: dict[int, list[exact.Row]] = self._known[key]
        return found

    @cached_property
    def _overdue(self) -> dict[bool, Counter[int]]:
        """Of high priority or not → channel → tickets. One query."""
        chosen = self.filters.narrow(self.tickets).filter(figure("overdue", self.filters.period, self.now))
        rows = chosen.values("channel_id").annotate(every=Count("pk"), high=Count("pk", filter=HIGH)).order_by()
        found: dict[bool, Counter[int]] = {False: Counter(), True: Counter()}
        for row in rows:
            found[False][row["channel_id"]], found[True][row["channel_id"]] = row["every"], row["high"]
        return found

    # --- first replies ------------------------------------------------------------------------------------------------

    def total(self, label: str = "", *, high: bool = False) -> FirstReply:
        high_series = high or self.filters.high_only
        counts = _summed(row.counts for row in self._days(self.filters.period, high=high_series))
        times = self._percentiles({0: None}, high=high_series)[0]
        overdue = self._overdue[high_series].total()
        goal = GOAL_HIGH if high_series else GOAL_ALL
        return _row(counts, times, overdue, label=label, channel_id=None, goal=goal, high=high)

    def channels(self) -> list[FirstReply]:
        high = self.filters.high_only
        counts: dict[int, Counter[str]] = {}
        for row in self._days(self.filters.period, high=high):
            counts.setdefault(row.channel, Counter()).update(row.counts)
        seen = [channel for channel, each in counts.items() if each["mentions"]]
        times = self._percentiles({channel: channel for channel in seen}, high=high)
        columns = ("pk", "name", "target_minutes", "priority", "connection__platform")
        rows = Channel.objects.filter(pk__in=seen).order_by("name").values_list(*columns)
        return [
            _row(
                counts[pk],
                times[pk],
                self._overdue[high][pk],
                label=name,
                channel_id=pk,
                goal=timedelta(minutes=targets.target_minutes(own_minutes, priority)),
                platform=platform,
            )
            for pk, name, own_minutes, priority, platform in rows
        ]

    def _percentiles(self, groups: Mapping[int, int | None], *, high: bool) -> dict[int, dict[str, timedelta | None]]:
        """Group → the percentiles of a row; a group is one channel, or all of them. Two queries."""
        rows = self._times(high=high)

        def of(measure: int) -> dict[int, list[exact.Row]]:
            found: dict[int, list[exact.Row]] = {key: [] for key in groups}
            for row in rows.get(measure, []):
                for key in (row.channel, 0):
                    if key in groups and groups[key] in (None, row.channel):
                        found[key].append(row)
            return found

        replies = exact.percentiles(of(access.measure_of(self.filters)), list(PERCENTILES.values()))
        lags = exact.percentiles(of(DayTimes.Measure.LAG), [0.5])
        return {
            key: {name: replies[key][share] for name, share in PERCENTILES.items()} | {"lag": lags[key][0.5]}
            for key in groups
        }

    def by_day(self) -> list[MedianOfDay]:
        found: list[MedianOfDay] = []
        for series, high in (("all", self.filters.high_only), ("high", True)):
            days: dict[date, list[exact.Row]] = {}
            for row in self._times(high=high).get(access.measure_of(self.filters), []):
                days.setdefault(row.day, []).append(row)
            medians = exact.percentiles(days, [0.5])
            for day in sorted(days):
                if (median := medians[day][0.5]) is not None:
                    found.append((day, series, median, sum(sum(row.counts) for row in days[day])))
        return found

    # --- counts -------------------------------------------------------------------------------------------------------

    def activity(self) -> list[DayActivity]:
        period = self.filters.period
        by_day: dict[date, Counter[str]] = {day: Counter() for day in period.days}
        for row in self._days(period, high=self.filters.high_only):
            by_day[row.day].update(row.counts)
        return [DayActivity(day, *(counts[name] for name, _column in ACTIVITY)) for day, counts in by_day.items()]

    def by_channel(self, name: str, period: Period) -> Counter[int]:
        found: Counter[int] = Counter()
        for row in self._days(period, high=self.filters.high_only):
            found[row.channel] += row.counts[name]
        return +found

    def mentions_by_day(self) -> Days:
        found: Days = {}
        for row in self._days(self.filters.period, high=self.filters.high_only):
            if row.counts["mentions"]:
                found.setdefault(row.day, Counter())[row.channel] = row.counts["mentions"]
        return found

    def by_slot(self, name: str) -> Slots:
        found: Counter[tuple[int, int]] = Counter()
        for row in self._days(self.filters.period, high=self.filters.high_only):
            weekday = row.day.isoweekday()
            found.update({(weekday, hour): count for hour, count in enumerate(row.hours[name])})
        return dict(+found)


def _summed(rows: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row)
    return total


def _row(counts: Mapping[str, int], times: Mapping[str, timedelta | None], overdue: int, **values: Any) -> FirstReply:
    """Overdue figures are current, the rest is from the last refresh: a row stays the sum of its parts."""
    names = ("mentions", "answered", "within", "unsettled", "no_reply")
    late = min(overdue, counts["open"])
    figures: dict[str, Any] = {name: counts[name] for name in names}
    figures |= {"overdue": late, "in_time": counts["open"] - late, **times, **values}
    return FirstReply(**figures)
