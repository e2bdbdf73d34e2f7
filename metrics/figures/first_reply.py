"""First reply times of groups of tickets: of all, of each channel, of each day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F

from mentions.clocks import targets
from mentions.clocks.counted import answered
from metrics.definitions import HIGH, Filters, Tickets, figure
from metrics.figures.days import day_of
from metrics.periods import within_days

GOAL_ALL = timedelta(minutes=targets.GOAL_MINUTES)
GOAL_HIGH = timedelta(minutes=targets.HIGH_PRIORITY_GOAL_MINUTES)


class Percentile(Aggregate):
    """`Percentile(expression, share=0.5)`: interpolated (`percentile_cont`) as in a spreadsheet."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


PERCENTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9}


LAG = ExpressionWrapper(F("created_at") - F("posted_at"), output_field=DurationField())


@dataclass(frozen=True, slots=True)
class FirstReply:
    """First reply times of a group of tickets; `median` is None if none was answered."""

    label: str
    channel_id: int | None
    goal: timedelta
    mentions: int
    answered: int
    within: int
    overdue: int
    in_time: int
    unsettled: int
    no_reply: int
    median: timedelta | None
    p75: timedelta | None = None
    p90: timedelta | None = None
    lag: timedelta | None = None
    high: bool = False
    platform: str = ""
    """Of a channel's row."""

    @property
    def meets_goal(self) -> bool | None:
        return None if self.median is None else self.median <= self.goal

    @property
    def within_percent(self) -> float | None:
        """Percentage of answered tickets within their target."""
        return 100 * self.within / self.answered if self.answered else None


def aggregates(filters: Filters, now: datetime) -> dict[str, Aggregate]:
    """Over tickets posted in the period."""
    counted = ("mentions", "answered", "within", "overdue", "in_time", "unsettled", "no_reply")
    counts: dict[str, Aggregate] = {
        f"n_{name}": Count("pk", filter=figure(name, filters.period, now, with_noise=filters.with_noise))
        for name in counted
    }
    among = answered(with_noise=filters.with_noise)
    times = {
        name: Percentile(filters.clock.reply_time, share=share, filter=among) for name, share in PERCENTILES.items()
    }
    return counts | times | {"lag": Percentile(LAG, share=0.5)}


def row_of(row: dict[str, Any], label: str, channel_id: int | None, goal: timedelta, high: bool) -> FirstReply:
    """A FirstReply from a row of `aggregates`."""
    figures = {key.removeprefix("n_"): value for key, value in row.items() if key.startswith("n_")}
    times = {name: row[name] for name in (*PERCENTILES, "lag")}
    return FirstReply(label, channel_id, goal, high=high, **figures, **times)


def first_reply(tickets: Tickets, filters: Filters, now: datetime, label: str = "", high: bool = False) -> FirstReply:
    """Median First Reply Time over all filtered tickets; with `high`, over the high-priority ones."""
    chosen = filters.narrow(tickets).filter(within_days("posted_at", filters.period))
    if high:
        chosen = chosen.filter(HIGH)
    goal = GOAL_HIGH if high or filters.high_only else GOAL_ALL
    return row_of(chosen.aggregate(**aggregates(filters, now)), label, None, goal, high)


CHANNEL_COLUMNS = (
    *("channel_id", "channel__name", "channel__target_minutes", "channel__priority"),
    "channel__connection__platform",
)


def first_reply_by_channel(tickets: Tickets, filters: Filters, now: datetime) -> list[FirstReply]:
    """One row per channel with mentions, by name; the goal is the channel's target."""
    rows = (
        filters.narrow(tickets)
        .filter(within_days("posted_at", filters.period))
        .values(*CHANNEL_COLUMNS)
        .annotate(**aggregates(filters, now))
        .order_by("channel__name")
    )
    found = [row_of(row, row["channel__name"], row["channel_id"], _goal_of(row), False) for row in rows]
    platforms = [row["channel__connection__platform"] for row in rows]
    return [replace(line, platform=platform) for line, platform in zip(found, platforms, strict=True)]


def _goal_of(row: dict[str, Any]) -> timedelta:
    minutes = targets.target_minutes(row["channel__target_minutes"], row["channel__priority"])
    return timedelta(minutes=minutes)


def median_by_day(tickets: Tickets, filters: Filters) -> list[tuple[date, str, timedelta, int]]:
    """(day posted, "all" or "high", median, answered) for each day with an answered mention."""
    found: list[tuple[date, str, timedelta, int]] = []
    condition = within_days("posted_at", filters.period) & answered(with_noise=filters.with_noise)
    chosen = filters.narrow(tickets).filter(condition)
    for series, among in (("all", chosen), ("high", chosen.filter(HIGH))):
        rows = (
            among.annotate(day=day_of("posted_at", filters.period))
            .values("day")
            .annotate(median=Percentile(filters.clock.reply_time, share=0.5), n=Count("pk"))
            .order_by("day")
        )
        found += [(row["day"], series, row["median"], row["n"]) for row in rows]
    return found
