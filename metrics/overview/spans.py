"""Today, this week and this month so far, each with the same number of days before. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta, tzinfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metrics.periods import Period


@dataclass(frozen=True, slots=True)
class Span:
    key: str
    label: str | Promise
    before_label: str | Promise
    period: Period
    before: Period


def spans(today: date, tz: tzinfo) -> list[Span]:
    """A week begins on Monday. A month that was shorter is compared up to its end."""
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    last_of_before = first - timedelta(days=1)
    same_date = last_of_before.replace(day=min(today.day, last_of_before.day))
    day, week = timedelta(days=1), timedelta(weeks=1)
    return [
        Span("today", _("Today"), _("yesterday"), Period(today, today, tz), Period(today - day, today - day, tz)),
        Span(
            "week",
            _("This week"),
            _("same days last week"),
            Period(monday, today, tz),
            Period(monday - week, today - week, tz),
        ),
        Span(
            "month",
            _("This month"),
            _("same days last month"),
            Period(first, today, tz),
            Period(last_of_before.replace(day=1), same_date, tz),
        ),
    ]
