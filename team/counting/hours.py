"""Measures each month: covered hours, hours with nobody on shift, how long urgent tickets waited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from statistics import median

from mentions.clocks.covered import DESK
from team import coverage, roster
from team.coverage import Span
from team.incidents.report import duration
from team.models import CoverageHours

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Worked:
    """As shown: `covered` and `open` in whole hours, of the desk and of teams with hours of their own; `wait`: the
    median until an urgent ticket was taken."""

    covered: str
    open: str
    wait: str


def worked(
    months: Sequence[date], waits: Mapping[date, Sequence[float]], now: datetime, zone: tzinfo
) -> dict[date, Worked]:
    """Each month until `now`. Eight queries for each team."""
    spans = [(month, _span(month, now, zone)) for month in months]
    start, end = spans[-1][1].start, spans[0][1].end
    own = CoverageHours.objects.exclude(team=None).order_by("team").values_list("team", flat=True).distinct()
    covered: list[Span] = []
    missing: list[Span] = []
    is_known = False
    for team in (DESK, *own):
        shown = roster.between(start, end, end, team)
        covered += shown.covered
        if roster.is_used(start, end, team):
            is_known = True
            missing += coverage.without(shown.covered, [p.span for p in shown.present if not p.shift.is_on_call])
    return {
        month: Worked(
            _hours(covered, span) if covered else NOTHING,
            _hours(missing, span) if is_known else NOTHING,
            duration(median(waits[month])) if waits.get(month) else NOTHING,
        )
        for month, span in spans
    }


def _span(month: date, now: datetime, zone: tzinfo) -> Span:
    """A month in this zone, as far as it is over."""
    following = (month + timedelta(days=32)).replace(day=1)
    start, end = (datetime.combine(day, time(0), zone).astimezone(UTC) for day in (month, following))
    return Span(start, max(start, min(end, now)))


def _hours(spans: Iterable[Span], of: Span) -> str:
    length = sum((span.end - span.start for span in coverage.clipped(spans, *of)), timedelta())
    return str(round(length / timedelta(hours=1)))
