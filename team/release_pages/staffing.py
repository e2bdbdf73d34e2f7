"""Whether enough people are on for a release day, and who may be asked to help. Counted in hours of work: the mentions
of past release days, divided by what one person handles in an hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from experts.directory.finding import present
from experts.models import Expert, Outreach
from mentions.people import roles
from team import roster
from team.coverage import Span
from team.duties import rota, slack
from team.models import Absence, PracticePass, Release, VolunteerDay
from team.practice import exercises
from team.release import release_times, telling
from team.release.volume import Volume
from team.roster import Roster
from team.volunteers import inviting
from team.volunteers.inviting import InvitationRefused

PERSON_DAY = 8
"""Hours that a volunteer, or an owner without a shift, counts for."""
SHOWN = 5
HOUR_S = 3600
State = VolunteerDay.State


@dataclass(frozen=True, slots=True)
class Candidate:
    """`days`: on which they have helped before."""

    user: Any
    days: int
    is_trained: bool


@dataclass(frozen=True, slots=True)
class Staffing:
    """Expected hours of work, and hours that people are on. `is_known`: the team enters shifts, so the second figure is
    meaningful."""

    expected: float
    hours: float
    on: float
    is_known: bool
    coming: list[VolunteerDay] = field(default_factory=list)
    asked: list[VolunteerDay] = field(default_factory=list)
    people: list[Candidate] = field(default_factory=list)
    experts: list[tuple[Expert, int]] = field(default_factory=list)

    @property
    def missing(self) -> int:
        return lacking(self.hours, self.on + PERSON_DAY * len(self.coming)) if self.is_known else 0


def lacking(hours: float, on: float) -> int:
    """How many people are missing for the day; less than an hour of work counts as none. Pure."""
    short = hours - on
    return ceil(short / PERSON_DAY) if short >= 1 else 0


def of(release: Release, volume: Volume, shifts: Roster, user: Any, now: datetime) -> Staffing | None:
    """None if the desk has not seen a release day yet, or this one is over."""
    span = release_times.shown(release.rule, release.day)
    if not volume.past or now >= span.end:
        return None
    live = VolunteerDay.objects.filter(day=release.day, state__in=VolunteerDay.LIVE).select_related("user", "buddy")
    days = list(live.order_by("user__username"))
    found = Staffing(
        expected=volume.total.on_releases,
        hours=volume.total.on_releases / max(release.rule.per_hour, 1),
        on=_on(release, shifts, span),
        is_known=roster.is_used(*span),
        coming=[each for each in days if each.state == State.ACCEPTED],
        asked=[each for each in days if each.state == State.INVITED],
        experts=_experts(release, volume) if user.has_perm("team.change_release") else [],
    )
    if found.missing and user.has_perm("team.add_volunteerday"):
        found.people.extend(_people(release, user))
    return found


def _on(release: Release, shifts: Roster, span: Span) -> float:
    """Hours of shifts within the shown hours, except on call; an owner without a shift counts for a day."""
    on = [p for p in shifts.present if not p.shift.is_on_call]
    spans = [(max(p.span.start, span.start), min(p.span.end, span.end)) for p in on]
    hours = sum(max((end - start).total_seconds(), 0) for start, end in spans) / HOUR_S
    has_shift = release.owner_id in {p.shift.user_id for p in on}
    is_there = release.owner_id is not None and release.owner_id not in rota.away_on(release.day)
    return hours + (PERSON_DAY if is_there and not has_shift else 0)


def _people(release: Release, user: Any) -> list[Candidate]:
    """Available people who were not asked for that day: those who have helped before first, then trained ones. Nobody
    who declined is asked again."""
    helped = Q(volunteer_days__state=State.ACCEPTED, volunteer_days__thanked_at__isnull=False)
    asked = VolunteerDay.objects.filter(day=release.day).exclude(state=State.WITHDRAWN).values("user")
    away = Absence.objects.filter(first_day__lte=release.day, last_day__gte=release.day).values("user")
    free = inviting.candidates(user).exclude(pk__in=asked).exclude(pk__in=away).exclude(groups__name=roles.MANAGER)
    rows = list(free.annotate(days=Count("volunteer_days", filter=helped, distinct=True)).order_by("-days", "username"))
    passes: dict[int, set[str]] = {}
    for user_id, exercise in PracticePass.objects.values_list("user", "exercise"):
        passes.setdefault(user_id, set()).add(exercise)
    wanted = {exercise.slug for exercise in exercises.EXERCISES}
    found = [Candidate(row, row.days, wanted <= passes.get(row.pk, set())) for row in rows]
    return sorted(found, key=lambda one: (-one.days, not one.is_trained))[:SHOWN]


def _experts(release: Release, volume: Volume) -> list[tuple[Expert, int]]:
    """Experts who were asked or on call on past release days and are not on call yet, with their number of requests."""
    inside = Q(pk__in=[])
    for day, _mentions in volume.past:
        span = release_times.shown(release.rule, day)
        inside |= Q(asked_at__gte=span.start, asked_at__lt=span.end)
    counts = Outreach.objects.filter(inside, expert__isnull=False).values("expert").annotate(number=Count("pk"))
    asked = dict(counts.order_by().values_list("expert", "number"))
    past = Q(releases__rule=release.rule, releases__day__in=[day for day, _mentions in volume.past])
    known = present(release.day).filter(Q(pk__in=asked) | past).exclude(releases=release).distinct()
    rows = [(expert, asked.get(expert.pk, 0)) for expert in known.select_related("person")]
    return sorted(rows, key=lambda row: (-row[1], str(row[0])))[:SHOWN]


def invite(release: Release, chosen: Any, inviter: Any, now: datetime) -> VolunteerDay:
    """For the release day, with its owner as buddy where that is possible. Raises InvitationRefused."""
    away = rota.away_on(release.day)
    buddies = [each for each in inviting.buddies() if each.pk not in away and each.pk != chosen.pk]
    wished = [each for pk in (release.owner_id, inviter.pk) for each in buddies if each.pk == pk]
    buddy = next(iter([*wished, *buddies]), None)
    if buddy is None:
        raise InvitationRefused(_("No advocate is available that day, so nobody can be the buddy."))
    return inviting.invite(chosen, release.day, buddy, inviter, now)


@transaction.atomic
def put_on_call(release: Release, expert: Expert, by: Any, now: datetime) -> bool:
    """Put the expert on call, and tell them once by direct message if their member id is known. Returns whether they
    are new."""
    locked = Release.objects.select_for_update(of=("self",)).select_related("rule").get(pk=release.pk)
    if locked.experts.filter(pk=expert.pk).exists():
        return False
    locked.experts.add(expert)
    words = {"who": slack.name_of(by), "what": telling.named(locked), "day": telling.day_words(locked)}
    text = _("%(who)s has put you on call for %(what)s on %(day)s: you may get questions about it.") % words
    slack.post(expert.slack_id, f"release {locked.pk} expert {expert.pk} {locked.day}", text, now)
    return True
