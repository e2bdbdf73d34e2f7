"""Decides which hours count as release days, and which as ordinary days to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from metrics.periods import Period
from team.coverage import Span, merged
from team.models import Release
from team.release import release_times

LEAST = 3
"""With fewer release days in the period, those before it are shown, too."""
MOST = 24
WEEK = timedelta(weeks=1)
BESIDE = (-WEEK, WEEK)
ALL, ORDINARY = "all", "ordinary"


@dataclass(frozen=True, slots=True)
class Day:
    """One release day: its hours and two more on both sides; the same hours a week before and after, where no release
    is."""

    release: Release
    span: Span
    beside: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Days:
    """The newest first."""

    days: Sequence[Day]

    def spans(self, which: str) -> list[Span]:
        """ALL, ORDINARY, a release's number, or that with `-ordinary` for the days beside it. Raises KeyError."""
        number, _, side = which.partition("-")
        if number in (ALL, ORDINARY):
            spans = [(day.span, *day.beside) for day in self.days]
            return merged(each[0] for each in spans) if number == ALL else merged(s for each in spans for s in each[1:])
        day = next((day for day in self.days if str(day.release.pk) == number), None)
        if day is None:
            raise KeyError(which)
        return merged(day.beside) if side else [day.span]

    def count(self, which: str) -> int:
        """The number of `which` days, to divide by for a mean."""
        return len(self.spans(which))


def load(period: Period, now: datetime, begins: datetime | None) -> Days:
    """Past releases of the period, with earlier ones to make at least LEAST. `begins`: when the desk's data begins. One
    query."""
    rows = Release.objects.filter(day__lte=period.last).select_related("rule").order_by("-day", "-pk")[: 2 * MOST]
    over = [(row, release_times.shown(row.rule, row.day)) for row in rows]
    over = [(row, span) for row, span in over if span.end <= now and begins is not None and begins <= span.start]
    busy = [span for _row, span in over]
    found = [
        Day(row, span, list(_ordinary(span, busy, now, begins)))
        for number, (row, span) in enumerate(over)
        if number < MOST and (number < LEAST or row.day >= period.first)
    ]
    return Days(found)


def _ordinary(span: Span, busy: Sequence[Span], now: datetime, begins: datetime | None) -> Iterable[Span]:
    """The same hours a week before and after, unless they are not over, before the desk, or on a release day."""
    for step in BESIDE:
        beside = Span(span.start + step, span.end + step)
        is_free = not any(other.start < beside.end and beside.start < other.end for other in busy)
        if beside.end <= now and begins is not None and begins <= beside.start and is_free:
            yield beside


def posted_in(spans: Iterable[Span]) -> Q:
    """A condition for posts within one of these spans; matches none if there are none."""
    found = Q(pk__in=[])
    for span in spans:
        found |= Q(posted_at__gte=span.start, posted_at__lt=span.end)
    return found


def whole(spans: Sequence[Span]) -> Period:
    """Days that hold all of them, in UTC."""
    first = min((span.start for span in spans), default=datetime(1970, 1, 1, tzinfo=UTC))
    last = max((span.end for span in spans), default=first)
    return Period(first.astimezone(UTC).date(), last.astimezone(UTC).date())
