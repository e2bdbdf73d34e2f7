"""Coverage hours of the desk and of each team, as spans of time. Local times become UTC day by day: they follow DST.

The reply clocks below this floor read the published spans (`mentions.clocks.covered`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from channels.models import Team
from mentions.clocks import covered
from mentions.clocks.covered import DESK
from team.models import CoverageHours, Holiday

DAY = timedelta(days=1)
PUBLISHED_FROM = datetime(2000, 1, 1, tzinfo=UTC)
"""Older than any mention."""
PUBLISHED_AHEAD = timedelta(days=400)
FURTHEST = timedelta(days=15)
"""How far ahead to look for the next coverage: longer than any run of holidays."""


class Span(NamedTuple):
    """From `start` until before `end`, aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A weekday's hours (Monday is 0); `ends` 00:00 is the end of the day."""

    weekday: int
    starts: time
    ends: time
    zone: ZoneInfo

    def on(self, day: date) -> Span:
        last = day + DAY if self.ends == time(0) else day
        return Span(_utc(day, self.starts, self.zone), _utc(last, self.ends, self.zone))


@dataclass(frozen=True, slots=True)
class Coverage:
    """A team's coverage hours. `holidays` are days of each period's own time zone."""

    periods: Sequence[Period]
    holidays: Collection[date] = ()

    def spans(self, start: datetime, end: datetime) -> list[Span]:
        """The covered spans from `start` to `end`, in order, without overlaps."""
        found = [span for period in self.periods for span in self._days(period, start, end)]
        return merged(clipped(found, start, end))

    def covers(self, at: datetime) -> bool:
        return any(span.start <= at < span.end for span in self.spans(at - DAY, at + DAY))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The covered time from `start` to `end`; linear in the days between them. While no hours are entered, all
        time counts. For many tickets, the published spans are quicker."""
        if not self.periods:
            return max(end - start, timedelta())
        return sum((span.end - span.start for span in self.spans(start, end)), timedelta())

    def next_start(self, at: datetime) -> datetime | None:
        """When coverage begins again after `at`; None if it doesn't within FURTHEST."""
        return next((span.start for span in self.spans(at - DAY, at + FURTHEST) if span.start > at), None)

    def _days(self, period: Period, start: datetime, end: datetime) -> Iterable[Span]:
        day, last = start.astimezone(period.zone).date() - DAY, end.astimezone(period.zone).date()
        while day <= last:
            if day.weekday() == period.weekday and day not in self.holidays:
                yield period.on(day)
            day += DAY


@dataclass(frozen=True, slots=True)
class Together:
    """The combined coverage of the desk and all teams. If one of them has no hours, somebody is always there."""

    parts: Sequence[Coverage]

    @property
    def periods(self) -> list[Period]:
        return [period for part in self.parts for period in part.periods] if self._all_have_hours else []

    def spans(self, start: datetime, end: datetime) -> list[Span]:
        return merged(span for part in self.parts for span in part.spans(start, end)) if self._all_have_hours else []

    @property
    def _all_have_hours(self) -> bool:
        return all(part.periods for part in self.parts)


def together() -> Together:
    """The coverage of the desk together with every team that has its own hours. Two queries."""
    periods: dict[int, list[Period]] = {DESK: []}
    for row in CoverageHours.objects.all():
        periods.setdefault(row.team_id or DESK, []).append(Period(row.weekday, row.starts, row.ends, row.zone))
    days = list(Holiday.objects.values_list("team", "day"))
    off = {team: frozenset(day for of, day in days if of in (None, team)) for team in periods}
    return Together([Coverage(found, off[team]) for team, found in periods.items()])


def load(team: int = DESK) -> Coverage:
    """The hours of a team (by id), else the desk's; without general holidays and its own. Two queries."""
    rows = list(CoverageHours.objects.filter(Q(team=None) | Q(team=team)))
    own = [row for row in rows if row.team_id == team]
    periods = [Period(row.weekday, row.starts, row.ends, row.zone) for row in own or rows]
    return Coverage(periods, frozenset(holidays(team).values_list("day", flat=True)))


def holidays(team: int = DESK) -> QuerySet[Holiday]:
    return Holiday.objects.filter(Q(team=None) | Q(team=team))


def publish(now: datetime) -> bool:
    """Publish the current hours and holidays to the reply clocks, also for the past. Returns whether anything
    changed."""
    last = datetime.combine(now.astimezone(UTC).date(), time(0), UTC) + PUBLISHED_AHEAD
    teams = list(Team.objects.values_list("pk", flat=True))
    changed = [covered.publish(load().spans(PUBLISHED_FROM, last)), covered.keep(teams)]
    for team in teams:
        hours = load(team)
        # Published even if every hour counts: reports tell teams apart by their published spans.
        spans = hours.spans(PUBLISHED_FROM, last) if hours.periods else [Span(PUBLISHED_FROM, last)]
        changed.append(covered.publish(spans, team))
    return any(changed)


def clipped(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    inside = (Span(max(span.start, start), min(span.end, end)) for span in spans)
    return [span for span in inside if span.start < span.end]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, with overlapping and adjacent ones joined."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The parts of `spans` outside `others`."""
    left = merged(spans)
    for other in merged(others):
        left = [
            part
            for span in left
            for part in (Span(span.start, min(span.end, other.start)), Span(max(span.start, other.end), span.end))
            if part.start < part.end
        ]
    return left


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
