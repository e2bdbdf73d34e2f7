"""What each number means, once: the same condition counts a figure and lists the tickets behind it.

The words for people are in docs/numbers.md. All figures are read from the tables of truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Count,
    DateField,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    Q,
    QuerySet,
)
from django.db.models.functions import TruncDate

from channels.models.connection import Priority
from mentions import targets
from metrics.periods import Period

GOAL_ALL = timedelta(hours=7)
GOAL_HIGH = timedelta(hours=5)

Tickets = QuerySet[Any]


class Median(Aggregate):
    """The middle value; between two, their mean (`percentile_cont`), so it equals what a spreadsheet says."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


REPLY_TIME = ExpressionWrapper(F("first_reply_at") - F("posted_at"), output_field=DurationField())


class Due(Func):
    """Until when a mention should have had its first reply, by the target of its channel (`mentions.targets`)."""

    output_field = DateTimeField()

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, Any]:
        """All three are columns: without parameters, so that each may stand in the text more than once."""
        columns = [compiler.compile(expression)[0] for expression in self.get_source_expressions()]
        return targets.due_sql(*columns), ()


DUE = Due(F("posted_at"), F("channel__target_minutes"), F("channel__skips_weekends"))


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tickets a report is about. Empty `channel_ids`: all channels."""

    period: Period
    channel_ids: Sequence[int] = field(default_factory=tuple)
    high_only: bool = False

    def narrow(self, tickets: Tickets) -> Tickets:
        """Channel and priority, without the period."""
        tickets = tickets.filter(merged_into__isnull=True)
        if self.channel_ids:
            tickets = tickets.filter(channel_id__in=self.channel_ids)
        return tickets.filter(HIGH) if self.high_only else tickets


HIGH = Q(priority__gte=Priority.HIGH)
COUNTED = Q(no_reply_reason="")
ANSWERED = COUNTED & Q(first_reply_at__isnull=False)


def overdue(now: datetime) -> Q:
    """No answer at all, none declared unnecessary, and the target has passed."""
    return COUNTED & Q(first_reply_at__isnull=True, due_at__lt=now)


def in_time(now: datetime) -> Q:
    """No answer yet, and the target has not passed; with `overdue` and `ANSWERED` it makes up all counted tickets."""
    return COUNTED & Q(first_reply_at__isnull=True) & (Q(due_at__isnull=True) | Q(due_at__gte=now))


def figure(name: str, period: Period, now: datetime, day: date | None = None) -> Q:
    """The condition behind a figure of the reports. With `day`: that one day of it. Raises KeyError."""
    span = Period(day, day, period.tz) if day else period
    posted = _within("posted_at", span)
    return {
        "mentions": posted,
        "answered": posted & ANSWERED,
        "within": posted & ANSWERED & Q(first_reply_at__lte=DUE),
        "late": posted & ANSWERED & Q(first_reply_at__gt=DUE),
        "overdue": posted & overdue(now),
        "in_time": posted & in_time(now),
        "no_reply": posted & ~COUNTED,
        "replied": COUNTED & _within("first_reply_at", span),
        "solved": _within("solved_at", span),
    }[name]


FIGURE_NAMES = ("mentions", "answered", "within", "late", "overdue", "in_time", "no_reply", "replied", "solved")


def _within(column: str, span: Period) -> Q:
    return Q(**{f"{column}__gte": span.start, f"{column}__lt": span.end})


@dataclass(frozen=True, slots=True)
class FirstReply:
    """First reply times of one group of tickets; `median` is None while nothing was answered."""

    label: str
    channel_id: int | None
    goal: timedelta
    mentions: int
    answered: int
    within: int
    overdue: int
    in_time: int
    no_reply: int
    median: timedelta | None
    high: bool = False

    @property
    def meets_goal(self) -> bool | None:
        return None if self.median is None else self.median <= self.goal

    @property
    def within_percent(self) -> float | None:
        """Of the answered ones, those inside their channel's own target."""
        return 100 * self.within / self.answered if self.answered else None


def _first_reply_aggregates(filters: Filters, now: datetime) -> dict[str, Aggregate]:
    counted = ("mentions", "answered", "within", "overdue", "in_time", "no_reply")
    counts: dict[str, Aggregate] = {
        f"n_{name}": Count("pk", filter=figure(name, filters.period, now)) for name in counted
    }
    return counts | {"median": Median(REPLY_TIME, filter=ANSWERED)}


def _row(row: dict[str, Any], label: str, channel_id: int | None, goal: timedelta, high: bool) -> FirstReply:
    figures = {key.removeprefix("n_"): value for key, value in row.items() if key.startswith("n_")}
    return FirstReply(label, channel_id, goal, median=row["median"], high=high, **figures)


def first_reply(tickets: Tickets, filters: Filters, now: datetime, label: str = "", high: bool = False) -> FirstReply:
    """Median First Reply Time over everything asked for; with `high`, of the high-priority ones among them."""
    chosen = filters.narrow(tickets).filter(_within("posted_at", filters.period))
    if high:
        chosen = chosen.filter(HIGH)
    goal = GOAL_HIGH if high or filters.high_only else GOAL_ALL
    return _row(chosen.aggregate(**_first_reply_aggregates(filters, now)), label, None, goal, high)


def first_reply_by_channel(tickets: Tickets, filters: Filters, now: datetime) -> list[FirstReply]:
    """One row a channel that had mentions, by name; the goal is the channel's own target."""
    rows = (
        filters.narrow(tickets)
        .filter(_within("posted_at", filters.period))
        .values("channel_id", "channel__name", "channel__target_minutes")
        .annotate(**_first_reply_aggregates(filters, now))
        .order_by("channel__name")
    )
    return [
        _row(row, row["channel__name"], row["channel_id"], timedelta(minutes=row["channel__target_minutes"]), False)
        for row in rows
    ]


def median_by_day(tickets: Tickets, filters: Filters) -> list[tuple[date, str, timedelta, int]]:
    """(day posted, "all" or "high", median, answered) for each day with an answered mention."""
    found: list[tuple[date, str, timedelta, int]] = []
    chosen = filters.narrow(tickets).filter(_within("posted_at", filters.period) & ANSWERED)
    for series, among in (("all", chosen), ("high", chosen.filter(HIGH))):
        rows = (
            among.annotate(day=_day("posted_at", filters.period))
            .values("day")
            .annotate(median=Median(REPLY_TIME), n=Count("pk"))
            .order_by("day")
        )
        found += [(row["day"], series, row["median"], row["n"]) for row in rows]
    return found


@dataclass(frozen=True, slots=True)
class DayActivity:
    """How many tickets came in, got their first reply, were solved on one day."""

    day: date
    mentions: int
    replied: int
    solved: int


ACTIVITY = (("mentions", "posted_at"), ("replied", "first_reply_at"), ("solved", "solved_at"))


def daily_activity(tickets: Tickets, filters: Filters, now: datetime) -> list[DayActivity]:
    """Daily ticket activity: a row for every day of the period, also for empty ones."""
    by_day: dict[date, dict[str, int]] = {day: {} for day in filters.period.days}
    for name, column in ACTIVITY:
        rows = (
            filters.narrow(tickets)
            .filter(figure(name, filters.period, now))
            .annotate(day=_day(column, filters.period))
            .values("day")
            .annotate(n=Count("pk"))
            .order_by()
        )
        for row in rows:
            by_day[row["day"]][name] = row["n"]
    return [DayActivity(day, *(counts.get(name, 0) for name, _ in ACTIVITY)) for day, counts in by_day.items()]


def _day(column: str, period: Period) -> TruncDate:
    return TruncDate(column, tzinfo=period.tz, output_field=DateField())
