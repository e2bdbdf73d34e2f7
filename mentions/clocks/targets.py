"""When the first reply is due: one rule, in Python and in SQL. Pure.

A channel's own target applies whatever the priority. Without one the team's goals apply: 5 hours for high priority, 7
hours for the rest. The channel also says which minutes count: all, business days, or coverage hours. Due, overdue and
*within target* all follow from it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

HIGH_PRIORITY = 30
GOAL_MINUTES = 420
HIGH_PRIORITY_GOAL_MINUTES = 300
"""The handbook's goals: 7 hours over all channels, 5 hours for high priority."""


BUSINESS_WEEK = timedelta(days=5)


class HasTarget(Protocol):
    target_minutes: int | None
    skips_weekends: bool
    counts_coverage: bool


class CoverageClock(Protocol):
    """`mentions.clocks.covered.CoveredTime`."""

    def after(self, start: datetime, counted: timedelta) -> datetime | None: ...


def target_minutes(own_minutes: int | None, priority: int) -> int:
    """`own_minutes`: the channel's own target, or None."""
    if own_minutes is not None:
        return own_minutes
    return HIGH_PRIORITY_GOAL_MINUTES if priority >= HIGH_PRIORITY else GOAL_MINUTES


def target_minutes_sql(own_minutes: str, priority: str) -> str:
    """`target_minutes` as an SQL expression over two others."""
    goal = f"CASE WHEN {priority} >= {HIGH_PRIORITY} THEN {HIGH_PRIORITY_GOAL_MINUTES} ELSE {GOAL_MINUTES} END"
    return f"coalesce({own_minutes}, {goal})"


def due(
    posted_at: datetime, minutes: int, *, skips_weekends: bool = False, coverage: CoverageClock | None = None
) -> datetime:
    """The time `minutes` after `posted_at` (aware UTC): elapsed time, so DST changes nothing; with `coverage`, only its
    hours count, or all where it ends before; with `skips_weekends` only Monday to Friday count (UTC). Friday 15:00 plus
    1440 minutes is Monday 15:00; anything posted on a weekend counts from Monday 00:00. A period that ends with Friday
    ends at its midnight."""
    if coverage is not None:
        return coverage.after(posted_at, timedelta(minutes=minutes)) or posted_at + timedelta(minutes=minutes)
    if not skips_weekends:
        return posted_at + timedelta(minutes=minutes)
    posted_at = posted_at.astimezone(UTC)
    monday = (posted_at - timedelta(days=posted_at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    counted = min(posted_at - monday, BUSINESS_WEEK) + timedelta(minutes=minutes)
    weeks = max(-(-counted // BUSINESS_WEEK) - 1, 0)
    return max(posted_at, monday + weeks * timedelta(days=7) + counted - weeks * BUSINESS_WEEK)


def due_sql(posted_at: str, minutes: str, skips_weekends: str, counts_coverage: str, team: str) -> str:
    """`due` as an SQL expression over others; `team`: whose coverage hours, null: the desk's. In hours and
    seconds: an interval's day depends on the session's time zone."""
    monday = f"(date_trunc('week', {posted_at} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')"
    counted = f"(least(extract(epoch FROM {posted_at} - {monday}), {_WEEK_S}) + {minutes}::bigint * 60)"
    weeks = f"greatest(ceil({counted} / {_WEEK_S}) - 1, 0)::int"
    skipped = f"make_interval(hours => 168 * {weeks}, secs => ({counted} - {_WEEK_S} * {weeks})::double precision)"
    return (
        f"CASE WHEN {counts_coverage} THEN {_covered_due_sql(posted_at, minutes, team)}"
        f" WHEN {skips_weekends} THEN greatest({posted_at}, {monday} + {skipped})"
        f" ELSE {posted_at} + make_interval(mins => {minutes}) END"
    )


def covered_counter_sql(at: str, team: str) -> str:
    """The covered seconds until `at` (numeric): `CoveredTime.counter` over the team's published spans."""
    return _COUNTER.format(at=at, team=team)


def _covered_due_sql(posted_at: str, minutes: str, team: str) -> str:
    """The start of the first span that reaches the needed reading, plus what is needed of it. Before the first span
    every second counts; without spans, or after the last, too."""
    counter = covered_counter_sql(posted_at, team)
    return _COVERED_DUE.format(posted_at=posted_at, minutes=minutes, counter=counter, team=team)


_COUNTER = """coalesce((
    SELECT s.before_s + extract(epoch FROM least({at}, s.ends_at) - s.starts_at)
      FROM mentions_coveredspan s WHERE s.team = coalesce({team}, 0) AND s.starts_at <= {at}
     ORDER BY s.starts_at DESC LIMIT 1
), extract(epoch FROM {at}))"""
_COVERED_DUE = """coalesce((
    SELECT greatest({posted_at}, s.starts_at + make_interval(secs => (n.needed - s.before_s)::double precision))
      FROM (SELECT {counter} + {minutes}::bigint * 60 AS needed) n, mentions_coveredspan s
     WHERE s.team = coalesce({team}, 0) AND s.through_s >= ceil(n.needed)::bigint ORDER BY s.through_s LIMIT 1
), {posted_at} + make_interval(mins => {minutes}))"""
_WEEK_S = int(BUSINESS_WEEK.total_seconds())


def first_reply_due(
    posted_at: datetime, channel: HasTarget, priority: int, coverage: CoverageClock | None = None
) -> datetime:
    """Aware UTC. `coverage`: the team's hours, for channels that count them."""
    minutes = target_minutes(channel.target_minutes, priority)
    hours = coverage if channel.counts_coverage else None
    return due(posted_at, minutes, skips_weekends=channel.skips_weekends, coverage=hours)
