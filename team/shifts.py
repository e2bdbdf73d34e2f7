"""Adds and removes shifts and absences."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from channels.models import Team
from team.coverage import DAY
from team.models import Absence, Shift

MAX_WEEKS = 26


@transaction.atomic
def add_shifts(
    user: Any,
    day: date,
    starts: time,
    ends: time,
    zone: ZoneInfo,
    *,
    until: date | None = None,
    note: str = "",
    is_on_call: bool = False,
    team: Team | None = None,
) -> list[Shift]:
    """A shift on this day and, with `until`, on the same weekday of each week to that day (MAX_WEEKS at most). Local
    times of `zone`; `ends` at or before `starts` is the next day. For the hours of `team`, or the desk's own. Returns
    the new ones: entering twice adds nothing."""
    made = []
    for number in range(MAX_WEEKS if until else 1):
        on = day + number * timedelta(weeks=1)
        if until and on > until:
            break
        last = on if ends > starts else on + DAY
        start, end = _utc(on, starts, zone), _utc(last, ends, zone)
        values = {"ends_at": end, "note": note, "is_on_call": is_on_call, "team": team}
        shift, is_new = Shift.objects.get_or_create(user=user, starts_at=start, defaults=values)
        made += [shift] if is_new else []
    return made


def remove_shift(shift_id: int, user: Any, *, of_anybody: bool) -> Shift | None:
    """Delete the user's own shift, or anybody's if `of_anybody`; None if there is none."""
    found: Shift | None = _own(Shift, shift_id, user, of_anybody)
    if found is not None:
        Shift.objects.filter(pk=found.pk).delete()
    return found


def add_absence(user: Any, first_day: date, last_day: date) -> Absence:
    absence, is_new = Absence.objects.get_or_create(user=user, first_day=first_day, defaults={"last_day": last_day})
    if not is_new and absence.last_day != last_day:
        absence.last_day = last_day
        absence.save(update_fields=["last_day"])
    return absence


def remove_absence(absence_id: int, user: Any, *, of_anybody: bool) -> Absence | None:
    found: Absence | None = _own(Absence, absence_id, user, of_anybody)
    if found is not None:
        Absence.objects.filter(pk=found.pk).delete()
    return found


def _own(model: type[Any], pk: int, user: Any, of_anybody: bool) -> Any:
    rows = model.objects.filter(pk=pk)
    return (rows if of_anybody else rows.filter(user=user)).first()


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
