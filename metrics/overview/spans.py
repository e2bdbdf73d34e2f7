"""Today, this week and this month so far, each with the same number of days before, or of last year. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metrics.periods import Period, year_before


@dataclass(frozen=True, slots=True)
class Span:
    key: str
    label: str | Promise
    before_label: str | Promise
    """As read after a figure: 12 last week."""
    against: str | Promise
    """As read after "compared with"."""
    period: Period
    before: Period


def spans(today: date, tz: tzinfo, of_last_year: bool = False) -> list[Span]:
    """A week begins on Monday. A month that was shorter is compared up to its end."""
    return _of_last_year(_spans(today, tz)) if of_last_year else _spans(today, tz)


YEAR_OF_WEEKS = timedelta(weeks=52)
_LAST_YEAR = (
    (_("52 weeks before"), _("the same day 52 weeks before")),
    (_("52 weeks before"), _("the same days 52 weeks before")),
    (_("last year"), _("the same days of the month last year")),
)


def _of_last_year(found: list[Span]) -> list[Span]:
    """Days and weeks are compared with the same weekdays, months with the same dates."""
    return [
        replace(
            span,
            before_label=label,
            against=against,
            before=_weeks_ago(span.period) if number < 2 else year_before(span.period),
        )
        for number, (span, (label, against)) in enumerate(zip(found, _LAST_YEAR, strict=True))
    ]


def _weeks_ago(period: Period) -> Period:
    return Period(period.first - YEAR_OF_WEEKS, period.last - YEAR_OF_WEEKS, period.tz)


def _spans(today: date, tz: tzinfo) -> list[Span]:
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    last_of_before = first - timedelta(days=1)
    same_date = last_of_before.replace(day=min(today.day, last_of_before.day))
    day, week = timedelta(days=1), timedelta(weeks=1)
    return [
        Span(
            "today",
            _("Today"),
            _("yesterday"),
            _("yesterday"),
            Period(today, today, tz),
            Period(today - day, today - day, tz),
        ),
        Span(
            "week",
            _("This week"),
            _("last week"),
            _("the same days last week"),
            Period(monday, today, tz),
            Period(monday - week, today - week, tz),
        ),
        Span(
            "month",
            _("This month"),
            _("last month"),
            _("the same days last month"),
            Period(first, today, tz),
            Period(last_of_before.replace(day=1), same_date, tz),
        ),
    ]
