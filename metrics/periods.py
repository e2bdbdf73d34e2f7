"""Report periods in whole days. Pure: `today` and the time zone are arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.db.models import Q

DEFAULT = "30d"
MAX_DAYS = 800
BEFORE, YEAR = "before", "year"
"""Names of periods to compare with."""
_LAST_DAYS = {"7d": 7, "30d": 30, "90d": 90}


class BadPeriod(ValueError):
    """The requested dates aren't a valid period; the message says why."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the start of `first` to the end of `last`, in `tz`."""

    first: date
    last: date
    tz: tzinfo = UTC
    name: str = "custom"

    @property
    def start(self) -> datetime:
        """The first moment, inclusive, aware UTC."""
        return _midnight(self.first, self.tz)

    @property
    def end(self) -> datetime:
        """The first moment after the period (exclusive), aware UTC."""
        return _midnight(self.last + timedelta(days=1), self.tz)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def within_days(column: str, span: Period) -> Q:
    """On one of these days."""
    return Q(**{f"{column}__gte": span.start, f"{column}__lt": span.end})


def before(period: Period) -> Period:
    """The period of the same number of days before this one."""
    days = timedelta(days=len(period.days))
    return Period(period.first - days, period.last - days, period.tz, BEFORE)


def year_before(period: Period) -> Period:
    """The same dates; a 29 February is then the 28th."""
    return Period(_year_before(period.first), _year_before(period.last), period.tz, YEAR)


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _midnight(day: date, tz: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=tz).astimezone(UTC)


def read_day(text: str) -> date:
    """A day within 1970–9000, so midnight is representable in any zone. Raises ValueError."""
    day = date.fromisoformat(text)
    if not 1970 <= day.year <= 9000:
        raise ValueError(text)
    return day


def named(name: str, today: date, tz: tzinfo = UTC) -> Period:
    """`7d`, `30d`, `90d` (today included), `this-month`, `last-month`. Raises BadPeriod."""
    if name in _LAST_DAYS:
        return Period(today - timedelta(days=_LAST_DAYS[name] - 1), today, tz, name)
    month = today.replace(day=1)
    if name == "this-month":
        return Period(month, today, tz, name)
    if name == "last-month":
        end = month - timedelta(days=1)
        return Period(end.replace(day=1), end, tz, name)
    raise BadPeriod(f"Unknown period {name!r}.")


def asked(query: Mapping[str, str], today: date, tz: tzinfo = UTC) -> Period:
    """The period in a query string: `period=NAME`, or `from=` and `to=` as ISO dates. Raises BadPeriod."""
    first, last = query.get("from", ""), query.get("to", "")
    if query.get("period", "custom" if first or last else DEFAULT) != "custom":
        return named(query.get("period", DEFAULT), today, tz)
    return _of_days(first, last, today, tz)


def compared(query: Mapping[str, str], period: Period, today: date) -> Period:
    """What `period` is compared with: `compare=before` (by default), `compare=year`, or `compare=custom` with `vs_from`
    and `vs_to`. Raises BadPeriod."""
    first, last = query.get("vs_from", ""), query.get("vs_to", "")
    kind = query.get("compare", "custom" if first or last else BEFORE)
    if kind == BEFORE:
        return before(period)
    if kind == YEAR:
        return year_before(period)
    if kind == "custom":
        return _of_days(first, last, today, period.tz)
    raise BadPeriod(f"Unknown period {kind!r}.")


def _of_days(first: str, last: str, today: date, tz: tzinfo) -> Period:
    try:
        period = Period(read_day(first), read_day(last) if last else today, tz)
    except ValueError as error:
        raise BadPeriod("Enter both dates as YYYY-MM-DD, for example 2026-11-01.") from error
    if period.last < period.first:
        raise BadPeriod("The end date is before the start date.")
    if len(period.days) > MAX_DAYS:
        raise BadPeriod(f"Choose at most {MAX_DAYS} days.")
    return period
