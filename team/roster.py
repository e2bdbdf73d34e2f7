"""Who is on, who is away, and which covered hours nobody has taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from django.db.models import QuerySet

from mentions.clocks.covered import DESK
from mentions.models import Preference
from mentions.views import viewer
from team import coverage
from team.coverage import DAY, Span
from team.models import Absence, Release, Shift

PLANNED = timedelta(days=7)
"""Without a shift for this long, people count as not entering shifts."""


@dataclass(frozen=True, slots=True)
class Presence:
    """The part of a shift during which its person isn't away."""

    shift: Shift
    span: Span


@dataclass(slots=True)
class Day:
    """One day of the calendar, in the reader's time zone."""

    day: date
    hours: list[Span] = field(default_factory=list)
    on: list[Presence] = field(default_factory=list)
    away: list[Absence] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    holiday: str = ""
    releases: list[Release] = field(default_factory=list)
    volunteers: Any = None
    """`team.volunteers.needs.Need` of the day, for people who see volunteers."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything between two times. `gaps`: covered hours from `now` on with nobody on shift; none while nobody
    enters shifts."""

    covered: list[Span]
    present: list[Presence]
    absences: list[Absence]
    gaps: list[Span]
    holidays: dict[date, str]
    releases: list[Release] = field(default_factory=list)

    def days(self, first: date, count: int, zone: tzinfo) -> list[Day]:
        return [self._day(first + number * DAY, zone) for number in range(count)]

    def _day(self, day: date, zone: tzinfo) -> Day:
        start, end = day_span(day, zone)
        return Day(
            day,
            coverage.clipped(self.covered, start, end),
            [p for p in self.present if p.span.start < end and p.span.end > start],
            [a for a in self.absences if a.first_day <= day <= a.last_day],
            coverage.clipped(self.gaps, start, end),
            self.holidays.get(day, ""),
            [release for release in self.releases if release.day == day],
        )


def between(start: datetime, end: datetime, now: datetime, team: int | None = DESK) -> Roster:
    """For one team or the desk's own hours; None: everybody's shifts, and no gaps. Six queries."""
    hours = coverage.load(team or DESK)
    shifts = list(_shifts(team).filter(starts_at__lt=end, ends_at__gt=start).select_related("user__preference", "team"))
    absences = list(
        Absence.objects.filter(first_day__lte=end.date() + DAY, last_day__gte=start.date() - DAY)
        .select_related("user__preference")
        .order_by("first_day", "user__username")
    )
    present = [Presence(shift, span) for shift in shifts for span in _times_present(shift, absences)]
    covered = hours.spans(start, end)
    on_desk = [p.span for p in present if not p.shift.is_on_call]
    open_hours = coverage.without(covered, on_desk) if team is not None and is_used(start, end, team) else []
    gaps = coverage.clipped(open_hours, now, end) if now < end else []
    days = coverage.holidays(team or DESK).filter(day__gte=start.date() - DAY, day__lte=end.date() + DAY)
    releases = Release.objects.filter(rule__is_active=True, day__gte=start.date() - DAY, day__lte=end.date() + DAY)
    named = dict(days.values_list("day", "name"))
    return Roster(covered, present, absences, gaps, named, list(releases.select_related("owner", "rule")))


def on_now(now: datetime, team: int | None = None) -> list[Any]:
    """People on shift and not away, and those who marked themselves as on shift in their settings. With `team`, those
    whose shift covers its hours; people without a shift in the calendar count for the desk."""
    present = [p.shift.user for p in _present(now, team) if not p.shift.is_on_call]
    by_setting = Preference.objects.filter(shift_until__gt=now, user__is_active=True).select_related("user")
    users = [] if team else [preference.user for preference in by_setting]
    people = {user.pk: user for user in (*present, *users) if user.is_active}
    return sorted(people.values(), key=lambda user: user.username)


def on_call_now(now: datetime, team: int | None = None) -> list[Any]:
    """The people with a shift on call, without an absence; with `team`, those on call for it."""
    people = {
        p.shift.user.pk: p.shift.user for p in _present(now, team) if p.shift.is_on_call and p.shift.user.is_active
    }
    return sorted(people.values(), key=lambda user: user.username)


def _present(now: datetime, team: int | None) -> list[Presence]:
    return between(now, now + timedelta(seconds=1), now, team).present


def _shifts(team: int | None) -> QuerySet[Shift]:
    return Shift.objects.all() if team is None else Shift.objects.filter(team=team or None)


def reachable_at(user: Any, now: datetime) -> datetime:
    """When a message that can wait reaches them at work: now if they are on shift, on call or have no planned shifts;
    else when their next shift begins."""
    present = [p for p in between(now, now + PLANNED, now, None).present if p.shift.user_id == user.pk]
    if any(p.span.start <= now for p in present) or _says_on_shift(user, now):
        return now
    starts = [p.span.start for p in present if not p.shift.is_on_call]
    return min(starts, default=now)


def _says_on_shift(user: Any, now: datetime) -> bool:
    preference = getattr(user, "preference", None)
    return preference is not None and preference.shift_until is not None and preference.shift_until > now


def is_away(user: Any, now: datetime) -> bool:
    day = now.astimezone(zone_of(user)).date()
    return Absence.objects.filter(user=user, first_day__lte=day, last_day__gte=day).exists()


def zone_of(user: Any) -> tzinfo:
    """The time zone they have set; else UTC."""
    preference = getattr(user, "preference", None)
    return (viewer.zone_of(preference) if preference is not None else None) or UTC


def day_span(day: date, zone: tzinfo) -> Span:
    starts, ends = (datetime.combine(each, time(0), zone).astimezone(UTC) for each in (day, day + DAY))
    return Span(starts, ends)


def _times_present(shift: Shift, absences: Iterable[Absence]) -> list[Span]:
    away = [
        Span(day_span(a.first_day, zone_of(a.user)).start, day_span(a.last_day, zone_of(a.user)).end)
        for a in absences
        if a.user_id == shift.user_id
    ]
    return coverage.without([Span(shift.starts_at, shift.ends_at)], away)


def is_used(start: datetime, end: datetime, team: int | None = None) -> bool:
    """A team that enters no shifts has no gaps: somebody is there, the desk just doesn't know who."""
    shifts = _shifts(team).filter(is_on_call=False)
    return shifts.filter(starts_at__lt=end, ends_at__gt=start - timedelta(days=60)).exists()
