"""Months and the days in them. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterator
from datetime import date, timedelta

SATURDAY = 5


def month_of(day: date) -> date:
    """The first day of the month of this day."""
    return day.replace(day=1)


def months_from(day: date, count: int) -> Iterator[date]:
    """First days of `count` months, beginning with the month of `day`; backwards if `count` is negative."""
    month = month_of(day)
    for _number in range(abs(count)):
        yield month
        month = month_of(month + timedelta(days=32)) if count > 0 else month_of(month - timedelta(days=1))


def day_in(month: date, day_of_month: int) -> date:
    """That day of the month; the last one of a shorter month."""
    return month.replace(day=min(day_of_month, monthrange(month.year, month.month)[1]))


def working_day(day: date, holidays: Collection[date] = ()) -> date:
    """The day itself, or the last one before it that is neither at a weekend nor a holiday."""
    while day.weekday() >= SATURDAY or day in holidays:
        day -= timedelta(days=1)
    return day
