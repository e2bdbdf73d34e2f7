"""Which absences need stand-ins, and who comes next for each role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from channels.models import Team
from mentions.clocks.covered import DESK
from team import coverage, roster
from team.coverage import DAY, Span
from team.duties import rota
from team.expertise import rotation
from team.models import Absence, Meeting, Release, RotaPlace, Shift, StandIn, VolunteerDay
from team.standing_in.vacancies import Role, Vacancy, near, part_of, times_away, vacancies
from team.volunteers import needs

LONG_DAYS = 5
"""Working days. The handbook (*With a team member offline*): "If the time offline extends more than a few days, it is
advisable to find additional advocates and rotate their roles."; a working week is more than a few."""
SHOWN = timedelta(days=28)
TURNS = 60
"""Earlier and later turns that decide whose turn it is."""


@dataclass(slots=True)
class Arrangement:
    """An absence: its roles without a stand-in, each with who could be it, and the stand-ins that were chosen."""

    absence: Absence
    is_long: bool
    open: list[tuple[Vacancy, Any]] = field(default_factory=list)
    chosen: list[StandIn] = field(default_factory=list)


def arrangements(now: datetime, ahead: timedelta = SHOWN) -> list[Arrangement]:
    """Absences that are not over and begin within `ahead`, if they are long or leave covered hours open, and roles go
    with them: of a short one, only those with a day, since an expertise can wait. A constant number of queries, and six
    more for each team if a short one is among them; one if nobody with a role is away."""
    today = now.astimezone(UTC).date()
    rows = near(now, ahead).select_related("user__preference")
    absences = list(rows.order_by("first_day", "user__username"))
    if not absences:
        return []
    live = list(StandIn.objects.filter(ended_at=None).select_related("to", "absence"))
    roles = _without_stand_in(vacancies(absences, today), live)
    hours = coverage.together()
    long = {each.pk for each in absences if is_long(each, hours)}
    roles = {key: found if key in long else _with_a_day(found) for key, found in roles.items()}
    short = [each for each in absences if roles[each.pk] and each.pk not in long]
    wanted = long | _leaving_open(short, now)
    proposed = propose([role for absence in absences if absence.pk in wanted for role in roles[absence.pk]], live)
    found = []
    for absence in absences:
        chosen = [each for each in live if each.absence_id == absence.pk]
        still_open = [(role, proposed[role]) for role in roles[absence.pk]] if absence.pk in wanted else []
        if still_open or chosen:
            found.append(Arrangement(absence, absence.pk in long, still_open, chosen))
    return found


def is_long(absence: Absence, hours: coverage.Together) -> bool:
    days = (absence.first_day + number * DAY for number in range((absence.last_day - absence.first_day).days + 1))
    return sum(needs.is_worked(hours, day) for day in days) >= LONG_DAYS


def _without_stand_in(roles: dict[int, list[Vacancy]], live: Iterable[StandIn]) -> dict[int, list[Vacancy]]:
    """A stand-in who is away themself needs one."""
    taken = {(each.role, each.number): each.to_id for each in live}

    def is_open(each: Vacancy) -> bool:
        away = each.absence.user_id
        return taken.get((each.role, each.number), away) == away

    return {key: list(filter(is_open, found)) for key, found in roles.items()}


def _with_a_day(roles: Iterable[Vacancy]) -> list[Vacancy]:
    return [each for each in roles if each.role != Role.EXPERTISE]


def _leaving_open(absences: Sequence[Absence], now: datetime) -> set[int]:
    """Those during which nobody takes covered hours of their shifts."""
    if not absences:
        return set()
    spans = [times_away(each) for each in absences]
    first, last = min(span.start for span in spans), max(span.end for span in spans)
    users = {each.user_id for each in absences}
    shifts = Shift.objects.filter(user__in=users, is_on_call=False, starts_at__lt=last, ends_at__gt=first)
    theirs = [(absence, shift) for shift in shifts for absence in absences if absence.user_id == shift.user_id]
    gaps = {team: _gaps(first, last, now, team) for team in (DESK, *Team.objects.values_list("pk", flat=True))}
    return {
        absence.pk
        for absence, shift in theirs
        if any(coverage.clipped(gaps[shift.team_id or DESK], *span) for span in part_of(shift, absence))
    }


def _gaps(first: datetime, last: datetime, now: datetime, team: int) -> list[Span]:
    return roster.between(first, last, now, team).gaps


def propose(roles: Sequence[Vacancy], live: Iterable[StandIn] = ()) -> dict[Vacancy, Any]:
    """Role → the next in its rotation who is there on its days, or None. Expertises go to those with the fewest."""
    queue = _Queue(roles)
    given = Counter(each.to_id for each in live)
    found: dict[Vacancy, Any] = {}
    for role in roles:
        found[role] = queue.next_for(role, given)
        if found[role] is not None:
            given[found[role].pk] += 1
    return found


def is_able(role: Vacancy, user: Any) -> bool:
    """Whether they are an advocate who is there on its days, with no shift that begins at the same time."""
    return user.pk in {each.pk for each in _Queue([role]).there(role, rotation.advocates())}


class _Queue:
    """Everything that decides whose turn it is; each part is read when it is first asked for."""

    def __init__(self, roles: Sequence[Vacancy]) -> None:
        self.roles = roles

    def next_for(self, role: Vacancy, given: Counter[int]) -> Any:
        if role.role == Role.EXPERTISE:
            return self._next_owner(role, given)
        duty = {Role.RELEASE: RotaPlace.Duty.RELEASE, Role.MEETING: RotaPlace.Duty.MEETING}.get(Role(role.role))
        for people in ([*self._rota(duty)] if duty else [], self.advocates):
            known = {user.pk: user for user in self.there(role, people)}
            if known:
                return known[rota.whose_turn(list(known), self._turns[role.role], (), role.first) or 0]
        return None

    def _next_owner(self, role: Vacancy, given: Counter[int]) -> Any:
        there = self.there(role, self.advocates)
        if role.row.next_owner_id in {user.pk for user in there}:
            return role.row.next_owner
        fewest = min((given[user.pk] for user in there), default=0)
        return rotation.suggested(role.row, [user for user in there if given[user.pk] == fewest], role.first)

    def there(self, role: Vacancy, people: Iterable[Any]) -> list[Any]:
        near = [each for each in self._away if each.first_day <= role.last and each.last_day >= role.first]
        if role.role == Role.EXPERTISE:  # it can wait for a few days, and so for a stand-in
            near = [each for each in near if is_long(each, self._hours)]
        away = {each.user_id for each in near}
        busy = self._busy(role) if role.role == Role.ON_CALL else set()
        return [user for user in people if user.pk not in away | busy | {role.absence.user_id}]

    def _busy(self, role: Vacancy) -> set[int]:
        """On call at that time, or with a shift that begins with it."""
        spans = part_of(role.row, role.absence)
        return {
            shift.user_id
            for shift in self._shifts
            for span in spans
            if shift.starts_at == span.start
            or (shift.is_on_call and coverage.clipped([Span(shift.starts_at, shift.ends_at)], *span))
        }

    @cached_property
    def advocates(self) -> list[Any]:
        return rotation.advocates()

    def _rota(self, duty: str) -> list[Any]:
        if duty not in self._rotas:
            self._rotas[duty] = rota.people(duty)
        return self._rotas[duty]

    @cached_property
    def _rotas(self) -> dict[str, list[Any]]:
        return {}

    @cached_property
    def _away(self) -> list[Absence]:
        first, last = self._days
        return list(Absence.objects.filter(first_day__lte=last, last_day__gte=first))

    @cached_property
    def _hours(self) -> coverage.Together:
        return coverage.together()

    @cached_property
    def _shifts(self) -> list[Shift]:
        first, last = (roster.day_span(day, UTC) for day in self._days)
        return list(Shift.objects.filter(starts_at__lt=last.end + DAY, ends_at__gt=first.start - DAY))

    @property
    def _days(self) -> tuple[date, date]:
        return min(role.first for role in self.roles), max(role.last for role in self.roles)

    @cached_property
    def _turns(self) -> dict[str, list[tuple[int, date]]]:
        releases = Release.objects.exclude(owner=None).order_by("-day")[:TURNS]
        slides = Meeting.objects.exclude(owner=None).order_by("-month")[:TURNS]
        on_call = Shift.objects.filter(is_on_call=True).order_by("-starts_at")[:TURNS]
        buddies = VolunteerDay.objects.filter(state=VolunteerDay.State.ACCEPTED).order_by("-day")[:TURNS]
        return {
            Role.RELEASE: [(owner, day) for owner, day in releases.values_list("owner_id", "day") if owner],
            Role.MEETING: [(owner, day) for owner, day in slides.values_list("owner_id", "month") if owner],
            Role.ON_CALL: [(user, at.date()) for user, at in on_call.values_list("user_id", "starts_at")],
            Role.BUDDY: list(buddies.values_list("buddy_id", "day")),
        }
