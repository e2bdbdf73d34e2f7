"""Calendar months. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from metrics.periods import Period

DAY = timedelta(days=1)
SETTLES = timedelta(hours=6)
"""A month settles this long after its end: late arrivals still belong to it."""


def first_of(day: date) -> date:
    return day.replace(day=1)


def month_before(month: date) -> date:
    return first_of(first_of(month) - DAY)


def month_after(month: date) -> date:
    return first_of(first_of(month) + 31 * DAY)


def period_of(month: date, tz: tzinfo) -> Period:
    return Period(month, month_after(month) - DAY, tz)


def last_whole(now: datetime, tz: tzinfo) -> date:
    """The latest month that is over and has settled."""
    return month_before((now - SETTLES).astimezone(tz).date())


def choices(now: datetime, tz: tzinfo, count: int = 24) -> list[date]:
    """Past months, the latest first."""
    months = [month_before(now.astimezone(tz).date())]
    while len(months) < count:
        months.append(month_before(months[-1]))
    return months
