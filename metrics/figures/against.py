"""Names the period that a report compares with: the same words in headings, tables, files and pictures."""

from __future__ import annotations

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.definitions import Filters
from metrics.periods import BEFORE, YEAR, Period


def days_of(period: Period) -> str:
    """`25 Sep 2026 – 24 Oct 2026`; one day stands alone."""
    first, last = (formats.date_format(day, "j M Y") for day in (period.first, period.last))
    return first if first == last else f"{first} – {last}"


def period_in_words(period: Period) -> str:
    """The period in words, within a sentence."""
    if period.name == BEFORE:
        return _("the period before, %(days)s") % {"days": days_of(period)}
    if period.name == YEAR:
        return _("the same period last year, %(days)s") % {"days": days_of(period)}
    return days_of(period)


def head(period: Period) -> str:
    """The head of a column."""
    if period.name == BEFORE:
        return _("Period before, %(days)s") % {"days": days_of(period)}
    if period.name == YEAR:
        return _("Last year, %(days)s") % {"days": days_of(period)}
    return days_of(period)


def titled(title: str, period: Period) -> str:
    """The title of a chart or a table, with the period."""
    return _("%(title)s, compared with %(period)s") % {"title": title, "period": period_in_words(period)}


def sentence(filters: Filters) -> str:
    """The sentence that says what a page compares."""
    period, earlier = filters.period, filters.earlier
    words = _("%(period)s, compared with %(earlier)s.") % {
        "period": days_of(period),
        "earlier": period_in_words(earlier),
    }
    now, then = len(period.days), len(earlier.days)
    if now == then:
        return words
    lengths = {"now": _days(now), "then": _days(then)}
    return f"{words} " + _("That is %(now)s against %(then)s: counts are not scaled.") % lengths


def _days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}
