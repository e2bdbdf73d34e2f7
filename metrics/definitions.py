"""Definitions of the figures: one condition both counts a figure and lists the tickets behind it.

docs/numbers.md explains them. All figures are computed from the source tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
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

from channels.models import Channel
from channels.models.connection import Priority
from channels.registry.lookup import all_adapters
from mentions.clocks import due_soon, targets
from mentions.clocks import overdue as rule
from mentions.models import Ticket
from metrics.periods import Period
from metrics.reply_clock import POSTED, ReplyClock

GOAL_ALL = timedelta(minutes=targets.GOAL_MINUTES)
GOAL_HIGH = timedelta(minutes=targets.HIGH_PRIORITY_GOAL_MINUTES)

Tickets = QuerySet[Any]


class Percentile(Aggregate):
    """`Percentile(expression, share=0.5)`: interpolated (`percentile_cont`) as in a spreadsheet."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


PERCENTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9}
LAG = ExpressionWrapper(F("created_at") - F("posted_at"), output_field=DurationField())


class Due(Func):
    """When a mention's first reply was due, by the rule in `mentions.clocks.targets` that also sets `due_at`."""

    output_field = DateTimeField()

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, Any]:
        """All five expressions are columns without parameters, so each may be repeated in the SQL."""
        columns = (compiler.compile(expression)[0] for expression in self.get_source_expressions())
        posted_at, own_minutes, priority, *which = columns
        return targets.due_sql(posted_at, targets.target_minutes_sql(own_minutes, priority), *which), ()


DUE = Due(
    F("posted_at"),
    F("channel__target_minutes"),
    F("priority"),
    F("channel__skips_weekends"),
    F("channel__counts_coverage"),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tickets a report covers. Empty `channel_ids`: all channels, excluding internal ones unless
    `with_internal`."""

    period: Period
    channel_ids: Sequence[int] = field(default_factory=tuple)
    high_only: bool = False
    with_internal: bool = False
    clock: ReplyClock = POSTED

    def over(self, period: Period) -> Filters:
        """The same over another period."""
        return replace(self, period=period)

    def narrow(self, tickets: Tickets) -> Tickets:
        """Filter by channel and priority, not by period."""
        tickets = tickets.filter(merged_into__isnull=True)
        if self.channel_ids:
            tickets = tickets.filter(channel_id__in=self.channel_ids)
        elif not self.with_internal:
            tickets = tickets.exclude(channel__in=internal_channels())
        return tickets.filter(HIGH) if self.high_only else tickets


def internal_channels() -> QuerySet[Channel]:
    """Channels where colleagues ask: the channel's setting, else the platform's default."""
    platforms = [platform for platform, adapter in all_adapters().items() if adapter.is_internal]
    by_platform = Q(is_internal__isnull=True, connection__platform__in=platforms)
    return Channel.objects.filter(Q(is_internal=True) | by_platform)


HIGH = Q(priority__gte=Priority.HIGH)
COUNTED = Q(no_reply_reason="") | Q(no_reply_reason__in=Ticket.HANDED_OVER, first_reply_at__isnull=False)
"""A reply was needed. A ticket handed over to somebody else counts only if the team has answered it."""
ANSWERED = COUNTED & Q(first_reply_at__isnull=False)
UNANSWERED = COUNTED & Q(first_reply_at__isnull=True)


def overdue(now: datetime) -> Q:
    """Open without an answer, past the target."""
    return UNANSWERED & rule.overdue(now)


def in_time(now: datetime) -> Q:
    """Open without an answer, before the target."""
    return UNANSWERED & rule.not_yet(now)


UNSETTLED = UNANSWERED & ~Q(status__in=rule.OPEN)
"""Done without an answer or a reason: a reply still being sent, or a ticket from before reasons were required."""


def figure(name: str, period: Period, now: datetime, day: date | None = None) -> Q:
    """The condition of a report's figure; with `day`, for that day only. Raises KeyError."""
    span = Period(day, day, period.tz) if day else period
    posted = _within("posted_at", span)
    return {
        "mentions": posted,
        "answered": posted & ANSWERED,
        "within": posted & ANSWERED & Q(first_reply_at__lte=DUE),
        "late": posted & ANSWERED & Q(first_reply_at__gt=DUE),
        "overdue": posted & overdue(now),
        "in_time": posted & in_time(now),
        "unsettled": posted & UNSETTLED,
        "no_reply": posted & ~COUNTED,
        "replied": COUNTED & _within("first_reply_at", span),
        "solved": _within("solved_at", span),
        **_now(now),
        **_lately(now),
    }[name]


AGES: dict[str, tuple[timedelta, timedelta | None]] = {
    "age_4h": (timedelta(), timedelta(hours=4)),
    "age_1d": (timedelta(hours=4), timedelta(days=1)),
    "age_3d": (timedelta(days=1), timedelta(days=3)),
    "age_7d": (timedelta(days=3), timedelta(days=7)),
    "age_older": (timedelta(days=7), None),
}
"""Of the backlog: from this age until before that one."""
BACKLOG = Q(status__in=[Ticket.Status.NEW, Ticket.Status.OPEN])


def _now(now: datetime) -> dict[str, Q]:
    """Figures of this moment, whatever the period."""
    ages = {
        name: BACKLOG & Q(posted_at__lte=now - least) & (Q(posted_at__gt=now - most) if most else Q())
        for name, (least, most) in AGES.items()
    }
    ages["age_4h"] |= BACKLOG & Q(posted_at__gt=now)  # a platform's clock may be ahead
    return ages | {
        "backlog": BACKLOG,
        "queued": Q(is_queued=True),
        "overdue_now": overdue(now),
        "due_soon": UNANSWERED & due_soon.due_soon(now),
        "parked": BACKLOG & ~Q(waiting_on=""),
    }


HOUR = timedelta(hours=1)
FRESH = timedelta(hours=24)
"""What was posted longer before it reached the desk is history."""


def _lately(now: datetime) -> dict[str, Q]:
    """Figures of the hours before a moment, whatever the period."""
    since = now - timedelta(hours=settings.GROWTH_HOURS)
    solved_later = Q(solved_at__isnull=True) | Q(solved_at__gt=F("created_at"))
    left = Q(status=Ticket.Status.PENDING, last_message_at__gt=since, last_message_at__lte=now)
    return {
        "arrived": Q(created_at__gt=since, created_at__lte=now, posted_at__gt=F("created_at") - FRESH) & solved_later,
        "worked": (Q(solved_at__gt=since, solved_at__lte=now) | left) & solved_later,
        "last_hour": Q(posted_at__gt=now - HOUR, posted_at__lte=now),
    }


NOW_NAMES = ("queued", "overdue_now", "due_soon", "parked", "backlog", *AGES)
LATELY_NAMES = ("arrived", "worked", "last_hour")
FIGURE_NAMES = (
    *("mentions", "answered", "within", "late", "overdue", "in_time", "unsettled", "no_reply", "replied", "solved"),
    *NOW_NAMES,
    *LATELY_NAMES,
)


def counted_now(tickets: Tickets, filters: Filters, now: datetime) -> dict[str, int]:
    """Every figure of this moment. One query."""
    counts = {f"n_{name}": Count("pk", filter=figure(name, filters.period, now)) for name in NOW_NAMES}
    row = filters.narrow(tickets).filter(BACKLOG).aggregate(**counts)
    return {name: row[f"n_{name}"] for name in NOW_NAMES}


def _within(column: str, span: Period) -> Q:
    return Q(**{f"{column}__gte": span.start, f"{column}__lt": span.end})


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


def _first_reply_aggregates(filters: Filters, now: datetime) -> dict[str, Aggregate]:
    counted = ("mentions", "answered", "within", "overdue", "in_time", "unsettled", "no_reply")
    counts: dict[str, Aggregate] = {
        f"n_{name}": Count("pk", filter=figure(name, filters.period, now)) for name in counted
    }
    times = {
        name: Percentile(filters.clock.reply_time, share=share, filter=ANSWERED) for name, share in PERCENTILES.items()
    }
    return counts | times | {"lag": Percentile(LAG, share=0.5)}


def _row(row: dict[str, Any], label: str, channel_id: int | None, goal: timedelta, high: bool) -> FirstReply:
    figures = {key.removeprefix("n_"): value for key, value in row.items() if key.startswith("n_")}
    times = {name: row[name] for name in (*PERCENTILES, "lag")}
    return FirstReply(label, channel_id, goal, high=high, **figures, **times)


def first_reply(tickets: Tickets, filters: Filters, now: datetime, label: str = "", high: bool = False) -> FirstReply:
    """Median First Reply Time over all filtered tickets; with `high`, over the high-priority ones."""
    chosen = filters.narrow(tickets).filter(_within("posted_at", filters.period))
    if high:
        chosen = chosen.filter(HIGH)
    goal = GOAL_HIGH if high or filters.high_only else GOAL_ALL
    return _row(chosen.aggregate(**_first_reply_aggregates(filters, now)), label, None, goal, high)


CHANNEL_COLUMNS = (
    *("channel_id", "channel__name", "channel__target_minutes", "channel__priority"),
    "channel__connection__platform",
)


def first_reply_by_channel(tickets: Tickets, filters: Filters, now: datetime) -> list[FirstReply]:
    """One row per channel with mentions, by name; the goal is the channel's target."""
    rows = (
        filters.narrow(tickets)
        .filter(_within("posted_at", filters.period))
        .values(*CHANNEL_COLUMNS)
        .annotate(**_first_reply_aggregates(filters, now))
        .order_by("channel__name")
    )
    found = [_row(row, row["channel__name"], row["channel_id"], _goal_of(row), False) for row in rows]
    platforms = [row["channel__connection__platform"] for row in rows]
    return [replace(line, platform=platform) for line, platform in zip(found, platforms, strict=True)]


def _goal_of(row: dict[str, Any]) -> timedelta:
    minutes = targets.target_minutes(row["channel__target_minutes"], row["channel__priority"])
    return timedelta(minutes=minutes)


def median_by_day(tickets: Tickets, filters: Filters) -> list[tuple[date, str, timedelta, int]]:
    """(day posted, "all" or "high", median, answered) for each day with an answered mention."""
    found: list[tuple[date, str, timedelta, int]] = []
    chosen = filters.narrow(tickets).filter(_within("posted_at", filters.period) & ANSWERED)
    for series, among in (("all", chosen), ("high", chosen.filter(HIGH))):
        rows = (
            among.annotate(day=_day("posted_at", filters.period))
            .values("day")
            .annotate(median=Percentile(filters.clock.reply_time, share=0.5), n=Count("pk"))
            .order_by("day")
        )
        found += [(row["day"], series, row["median"], row["n"]) for row in rows]
    return found


@dataclass(frozen=True, slots=True)
class DayActivity:
    """Tickets that came in, got their first reply, or were solved on one day."""

    day: date
    mentions: int
    replied: int
    solved: int


ACTIVITY = (("mentions", "posted_at"), ("replied", "first_reply_at"), ("solved", "solved_at"))


def daily_activity(tickets: Tickets, filters: Filters, now: datetime) -> list[DayActivity]:
    """Daily ticket activity: one row per day of the period, including empty days."""
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
