"""How each role changes hands, and back. Only what is still with the stand-in goes back: whoever was given the role in
the meantime keeps it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from team import roster
from team.coverage import Span
from team.meeting import planning as meetings
from team.models import Absence, Expertise, Meeting, Release, Shift, StandIn, VolunteerDay
from team.release import planning as releases
from team.release import release_times
from team.standing_in.vacancies import Role, part_of, times_away
from team.volunteers import telling

LIVE = VolunteerDay.LIVE


def times(row: StandIn, absence: Absence | None) -> Span | None:
    """While it is the stand-in's; None if the absence or the role is gone, or one no longer includes the other."""
    if absence is None:
        return None
    if row.role == Role.EXPERTISE:
        return times_away(absence)
    found = _found(row)
    if isinstance(found, Shift):
        return next(iter(part_of(found, absence)), None)
    if found is None or not absence.first_day <= _day_of(found) <= absence.last_day:
        return None
    return Span(row.at, _end_of(found))


def is_settled(row: StandIn, now: datetime) -> bool:
    """Whether it has begun and there is nothing left to end: it is over, somebody else has it by now, or the stand-in
    has become its owner, by rotation or by hand."""
    if row.begun_at is None:
        return False
    if row.role == Role.ON_CALL:
        return row.shift is None or row.shift.ends_at <= now
    found = _found(row)
    return found is None or _holder(found, now) != row.to_id or is_for_good(row)


def is_for_good(row: StandIn) -> bool:
    if row.role != Role.EXPERTISE or row.begun_at is None:
        return False
    turns = {"turns__user": row.to_id, "turns__since__gte": row.begun_at.date()}
    return Expertise.objects.filter(pk=row.number, **turns).exists()


def give(row: StandIn, before: Any, after: Any, now: datetime) -> bool:
    """True if it changed hands; False if it isn't with `before`, or is over. The caller has locked the row."""
    found = _found(row)
    if found is None or _holder(found, now) != before.pk:
        return False
    if isinstance(found, Expertise):  # without a turn: whose turn comes next stays as it was
        found.owner = after
        found.save(update_fields=["owner"])
    elif isinstance(found, Release):
        releases.assign(found.pk, after)
    elif isinstance(found, Meeting):
        meetings.take(found.pk, after)
    elif isinstance(found, VolunteerDay):
        _make_buddy(found, after, now)
    return True


def _found(row: StandIn) -> Any:
    """Locked."""
    if row.role == Role.ON_CALL:
        return Shift.objects.filter(pk=row.number).first()
    models: dict[str, Any] = {
        Role.EXPERTISE: Expertise, Role.RELEASE: Release, Role.MEETING: Meeting, Role.BUDDY: VolunteerDay
    }  # fmt: skip
    related = {Role.RELEASE: ["rule"], Role.MEETING: ["rule"], Role.BUDDY: ["user__preference", "invited_by"]}
    rows = models[row.role].objects.select_for_update(of=("self",)).filter(pk=row.number)
    return (rows.select_related(*related[Role(row.role)]) if row.role in related else rows).first()


def _day_of(found: Any) -> date:
    return meetings.day_of(found) if isinstance(found, Meeting) else found.day


def _end_of(found: Any) -> datetime:
    if isinstance(found, Release):
        return release_times.hours_of(found).end
    if isinstance(found, Meeting):
        return meetings.due(found)
    return roster.day_span(found.day, roster.zone_of(found.user)).end


def _holder(found: Any, now: datetime) -> int | None:
    """None if it is over."""
    if isinstance(found, Expertise):
        return found.owner_id
    if _end_of(found) <= now or (isinstance(found, Meeting) and found.reported_at is not None):
        return None
    if isinstance(found, VolunteerDay):
        return found.buddy_id if found.state in LIVE else None
    return found.owner_id  # type: ignore[no-any-return]


def _make_buddy(found: VolunteerDay, buddy: Any, now: datetime) -> None:
    found.buddy = buddy
    found.save(update_fields=["buddy"])
    if found.state == VolunteerDay.State.ACCEPTED:
        telling.tell(found, buddy, "accepted", now)


# --- on call ----------------------------------------------------------------------------------------------------------


def put_on_call(row: StandIn, span: Span) -> bool:
    """A shift of the stand-in for this part of the other one, which stays as it is: nobody is on call while away. False
    if they have a shift that begins then."""
    theirs = Shift.objects.filter(pk=row.number).first()
    if theirs is None or Shift.objects.filter(user=row.to, starts_at=span.start).exists():
        return False
    row.shift = Shift.objects.create(
        user=row.to, starts_at=span.start, ends_at=span.end, note=theirs.note, is_on_call=True, team_id=theirs.team_id
    )
    row.save(update_fields=["shift"])
    return True


def fit(shift: Shift, span: Span) -> bool:
    """True if it changed, since the absence or the other shift did."""
    if Span(shift.starts_at, shift.ends_at) == span:
        return False
    if Shift.objects.filter(user=shift.user_id, starts_at=span.start).exclude(pk=shift.pk).exists():
        return False
    shift.starts_at, shift.ends_at = span
    shift.save(update_fields=["starts_at", "ends_at"])
    return True


def take_off_call(row: StandIn, now: datetime) -> bool:
    """What is past stays. False if it is over."""
    shift = row.shift
    if shift is None or shift.ends_at <= now:
        return False
    if shift.starts_at >= now:
        row.shift = None
        row.save(update_fields=["shift"])
        shift.delete()
    else:
        shift.ends_at = now
        shift.save(update_fields=["ends_at"])
    return True
