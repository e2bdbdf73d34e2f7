"""Vacancies: the roles that somebody has, and cannot fill while they are away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from team import coverage, roster
from team.coverage import DAY, Span
from team.duties.slack import name_of
from team.meeting import planning as meetings
from team.models import Absence, Expertise, Meeting, Release, Shift, StandIn, VolunteerDay

Role = StandIn.Role
MONTH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Vacancy:
    """`first` and `last`: the days of the absence that it is about. `row`: the expertise, release and so on."""

    role: str
    row: Any
    absence: Absence
    what: str
    first: date
    last: date
    url: str

    @property
    def number(self) -> int:
        return int(self.row.pk)

    @property
    def label(self) -> str:
        return str(Role(self.role).label)


def vacancies(absences: Sequence[Absence], today: date) -> dict[int, list[Vacancy]]:
    """Absence → the roles that need somebody from `today` on, each once, in the order of `StandIn.Role`. Six queries
    however many absences, seven with expertises that haven't changed hands yet; none without an absence."""
    found: dict[int, dict[tuple[str, int], Vacancy]] = {each.pk: {} for each in absences}
    if absences:
        for source in (_promised, _expertises, _releases, _meetings, _on_call, _buddies):
            for role in source(absences):
                if role.last >= today:
                    found[role.absence.pk].setdefault((role.role, role.number), role)
    return {key: list(roles.values()) for key, roles in found.items()}


def near(now: datetime, ahead: timedelta) -> QuerySet[Absence]:
    """Absences that are not over and begin within `ahead`, of people who may have a role then, or with a stand-in."""
    today = now.astimezone(UTC).date()
    rows = Absence.objects.filter(last_day__gte=today, first_day__lte=today + ahead, user__is_active=True)
    user, days = OuterRef("user"), (OuterRef("first_day"), OuterRef("last_day"))
    buddies = VolunteerDay.objects.filter(buddy=user, state__in=VolunteerDay.LIVE, day__range=days)
    return rows.filter(
        Exists(Expertise.objects.filter(Q(owner=user) | Q(next_owner=user)))
        | Exists(Release.objects.filter(owner=user, day__range=days))
        | Exists(Meeting.objects.filter(owner=user, reported_at=None))
        | Exists(Shift.objects.filter(user=user, is_on_call=True, ends_at__gt=now))
        | Exists(buddies)
        | Exists(StandIn.objects.filter(Q(absence=OuterRef("pk")) | Q(to=user), ended_at=None))
    )


def times_away(absence: Absence) -> Span:
    zone = roster.zone_of(absence.user)
    return Span(
        roster.day_span(absence.first_day, zone).start,
        roster.day_span(absence.last_day, zone).end,
    )


def part_of(shift: Shift, absence: Absence) -> list[Span]:
    """What of the shift is within the absence: one span or none."""
    return coverage.clipped([Span(shift.starts_at, shift.ends_at)], *times_away(absence))


def _within(absences: Iterable[Absence], user_id: int | None, day: date) -> Iterator[Absence]:
    return (each for each in absences if each.user_id == user_id and each.first_day <= day <= each.last_day)


def _span(absences: Sequence[Absence]) -> tuple[date, date]:
    return min(each.first_day for each in absences), max(each.last_day for each in absences)


def _users(absences: Iterable[Absence]) -> set[int]:
    return {each.user_id for each in absences}


def _expertises(absences: Sequence[Absence]) -> Iterator[Vacancy]:
    """What they own, and what they would take over meanwhile."""
    users, url = _users(absences), reverse("team:expertises")
    rows = Expertise.objects.filter(Q(owner__in=users) | Q(next_owner__in=users))
    for each in rows.select_related("next_owner").prefetch_related("turns"):
        for absence in absences:
            day = each.rotates_on
            is_next = each.next_owner_id == absence.user_id and day is not None
            if each.owner_id == absence.user_id:
                yield Vacancy(Role.EXPERTISE, each, absence, each.name, absence.first_day, absence.last_day, url)
            elif is_next and day is not None and absence.first_day <= day <= absence.last_day:
                yield Vacancy(Role.EXPERTISE, each, absence, _on(each.name, day), day, absence.last_day, url)


def _promised(absences: Sequence[Absence]) -> Iterator[Vacancy]:
    """Expertises for which they stand in, but which haven't changed hands yet."""
    first, last = _span(absences)
    rows = StandIn.objects.filter(role=Role.EXPERTISE, begun_at=None, ended_at=None, to__in=_users(absences))
    rows = rows.filter(absence__first_day__lte=last, absence__last_day__gte=first).select_related("absence")
    found = list(rows)
    expertises = Expertise.objects.prefetch_related("turns").in_bulk([each.number for each in found]) if found else {}
    for each in found:
        expertise, theirs = expertises.get(each.number), each.absence
        if expertise is None or theirs is None:
            continue
        for absence in absences:
            first, last = max(absence.first_day, theirs.first_day), min(absence.last_day, theirs.last_day)
            if absence.user_id == each.to_id and first <= last:
                url = reverse("team:expertises")
                yield Vacancy(Role.EXPERTISE, expertise, absence, expertise.name, first, last, url)


def _releases(absences: Sequence[Absence]) -> Iterator[Vacancy]:
    rows = Release.objects.filter(owner__in=_users(absences), day__range=_span(absences), rule__is_active=True)
    for each in rows.select_related("rule"):
        for absence in _within(absences, each.owner_id, each.day):
            url = reverse("team:release", args=[each.pk])
            what = _on(each.name or each.rule.name, each.day)
            yield Vacancy(Role.RELEASE, each, absence, what, each.day, each.day, url)


def _meetings(absences: Sequence[Absence]) -> Iterator[Vacancy]:
    first, last = _span(absences)
    rows = Meeting.objects.filter(owner__in=_users(absences), reported_at=None, rule__is_active=True)
    for each in rows.filter(month__range=(first - MONTH, last)).select_related("rule"):
        day = meetings.day_of(each)
        for absence in _within(absences, each.owner_id, day):
            url = reverse("team:meeting", args=[each.pk])
            yield Vacancy(Role.MEETING, each, absence, _on(each.rule.name, day), day, day, url)


def _on_call(absences: Sequence[Absence]) -> Iterator[Vacancy]:
    first, last = _span(absences)
    near = roster.day_span(first - DAY, UTC).start, roster.day_span(last + DAY, UTC).end
    rows = Shift.objects.filter(is_on_call=True, user__in=_users(absences), starts_at__lt=near[1], ends_at__gt=near[0])
    for each in rows.order_by("starts_at"):
        for absence in absences:
            for span in part_of(each, absence) if absence.user_id == each.user_id else ():
                zone = roster.zone_of(absence.user)
                starts, ends = span.start.astimezone(zone), span.end.astimezone(zone)
                what = _("%(day)s, %(from)s–%(to)s") % {
                    "day": formats.date_format(starts, "l, j F"), "from": f"{starts:%H:%M}", "to": f"{ends:%H:%M}"
                }  # fmt: skip
                url = f"{reverse('team:coverage')}?day={starts:%Y-%m-%d}"
                yield Vacancy(Role.ON_CALL, each, absence, what, starts.date(), ends.date(), url)


def _buddies(absences: Sequence[Absence]) -> Iterator[Vacancy]:
    live = VolunteerDay.objects.filter(state__in=VolunteerDay.LIVE, day__range=_span(absences))
    for each in live.filter(buddy__in=_users(absences)).select_related("user").order_by("day", "pk"):
        for absence in _within(absences, each.buddy_id, each.day):
            what = _on(name_of(each.user), each.day)
            yield Vacancy(Role.BUDDY, each, absence, what, each.day, each.day, reverse("team:volunteers"))


def _on(what: str, day: date) -> str:
    return _("%(what)s, %(day)s") % {"what": what, "day": formats.date_format(day, "l, j F")}
