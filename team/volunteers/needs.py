"""Days on which an advocate is away: how many volunteers they need, and have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from mentions.people import roles
from team import coverage, roster
from team.coverage import DAY
from team.models import Absence, VolunteerDay

WANTED = 2
"""Volunteers per day while an advocate is away."""
AHEAD = 14
"""Days."""


@dataclass(slots=True)
class Need:
    """One day: the advocates who are away, and the volunteers who accepted or haven't answered yet."""

    day: date
    away: list[Any] = field(default_factory=list)
    coming: list[VolunteerDay] = field(default_factory=list)
    asked: list[VolunteerDay] = field(default_factory=list)

    @property
    def missing(self) -> int:
        return max(WANTED - len(self.coming), 0) if self.away else 0


def of(days: Iterable[date]) -> dict[date, Need]:
    """Each of these days; three queries, and two more if an advocate is away."""
    needs = {day: Need(day) for day in days}
    if not needs:
        return {}
    first, last = min(needs), max(needs)
    live = VolunteerDay.objects.filter(day__range=(first, last), state__in=VolunteerDay.LIVE)
    for each in live.select_related("user", "buddy"):
        if each.day in needs:
            is_coming = each.state == VolunteerDay.State.ACCEPTED
            (needs[each.day].coming if is_coming else needs[each.day].asked).append(each)
    away = Absence.objects.filter(first_day__lte=last, last_day__gte=first).select_related("user")
    absences = list(away.filter(user__is_active=True, user__groups__name=roles.ADVOCATE).order_by("user__username"))
    covered = coverage.together() if absences else None
    for day, need in needs.items():
        absent = [absence.user for absence in absences if absence.first_day <= day <= absence.last_day]
        if absent and covered is not None and is_worked(covered, day):
            need.away = absent
    return needs


def is_worked(hours: coverage.Together, day: date) -> bool:
    """Nobody is missing on weekends and holidays. A team without coverage hours works every day."""
    return not hours.periods or bool(hours.spans(*roster.day_span(day, UTC)))


def worked_before(hours: coverage.Together, day: date) -> date:
    """The last working day before it; the day before it if there is none within FURTHEST."""
    earlier = (day - number * DAY for number in range(1, coverage.FURTHEST.days))
    return next((each for each in earlier if is_worked(hours, each)), day - DAY)


def lacking(now: datetime, count: int = AHEAD) -> list[Need]:
    """The days from today on with too few volunteers."""
    today = now.astimezone(UTC).date()
    found = of(today + number * DAY for number in range(count))
    return [need for need in found.values() if need.missing]
