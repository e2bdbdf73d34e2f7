"""When the first reply is due: one rule, in Python and in SQL. Pure.

A channel's own target applies whatever the priority. Without one the team's goals apply: 5 hours for high priority, 7
hours for the rest. Due, overdue and *within target* all follow from it.
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


def target_minutes(own_minutes: int | None, priority: int) -> int:
    """`own_minutes`: the channel's own target, or None."""
    if own_minutes is not None:
        return own_minutes
    return HIGH_PRIORITY_GOAL_MINUTES if priority >= HIGH_PRIORITY else GOAL_MINUTES


def target_minutes_sql(own_minutes: str, priority: str) -> str:
    """`target_minutes` as an SQL expression over two others."""
    goal = f"CASE WHEN {priority} >= {HIGH_PRIORITY} THEN {HIGH_PRIORITY_GOAL_MINUTES} ELSE {GOAL_MINUTES} END"
    return f"coalesce({own_minutes}, {goal})"


def due(posted_at: datetime, minutes: int, *, skips_weekends: bool = False) -> datetime:
    """The time `minutes` after `posted_at` (aware UTC): elapsed time, so DST changes nothing; with `skips_weekends`
    only Monday to Friday count (UTC). Friday 15:00 plus 1440 minutes is Monday 15:00; anything posted on a weekend
    counts from Monday 00:00. A period that ends with Friday ends at its midnight."""
    if not skips_weekends:
        return posted_at + timedelta(minutes=minutes)
    posted_at = posted_at.astimezone(UTC)
    monday = (posted_at - timedelta(days=posted_at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    counted = min(posted_at - monday, BUSINESS_WEEK) + timedelta(minutes=minutes)
    weeks = max(-(-counted // BUSINESS_WEEK) - 1, 0)
    return max(posted_at, monday + weeks * timedelta(days=7) + counted - weeks * BUSINESS_WEEK)


def due_sql(posted_at: str, minutes: str, skips_weekends: str) -> str:
    """`due` as an SQL expression over three others. In hours and seconds: an interval's day depends on the session's
    time zone."""
    monday = f"(date_trunc('week', {posted_at} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')"
    counted = f"(least(extract(epoch FROM {posted_at} - {monday}), {_WEEK_S}) + {minutes}::bigint * 60)"
    weeks = f"greatest(ceil({counted} / {_WEEK_S}) - 1, 0)::int"
    skipped = f"make_interval(hours => 168 * {weeks}, secs => ({counted} - {_WEEK_S} * {weeks})::double precision)"
    return (
        f"CASE WHEN {skips_weekends} THEN greatest({posted_at}, {monday} + {skipped})"
        f" ELSE {posted_at} + make_interval(mins => {minutes}) END"
    )


_WEEK_S = int(BUSINESS_WEEK.total_seconds())


def first_reply_due(posted_at: datetime, channel: HasTarget, priority: int) -> datetime:
    """Aware UTC."""
    minutes = target_minutes(channel.target_minutes, priority)
    return due(posted_at, minutes, skips_weekends=channel.skips_weekends)
