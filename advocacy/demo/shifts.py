"""Two weeks of shifts for the demo's advocates, an open evening, a day away, and a release day rota."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from team import shifts
from team.duties import rota
from team.expertise import rotation
from team.meeting import planning as meetings
from team.models import Absence, Expertise, RotaPlace, Shift
from team.release import planning

EARLY, LATE = (time(8), time(16)), (time(14), time(22))
DAYS = 14
SATURDAY = 5
UTC = ZoneInfo("UTC")


def load(now: datetime) -> None:
    """Fill the roster from this Monday on; nothing if anybody has ever entered a shift. `now` is aware UTC."""
    if Shift.objects.exists() or Absence.objects.exists():
        return
    sam, maria = (User.objects.get(username=name) for name in ("sam", "maria"))
    monday = now.date() - timedelta(days=now.weekday())
    for number in range(DAYS):
        day = monday + timedelta(days=number)
        if day.weekday() < SATURDAY:
            shifts.add_shifts(sam, day, *EARLY, UTC)
            shifts.add_shifts(maria, day, *LATE, UTC)
    for user in (sam, maria):
        rota.join(RotaPlace.Duty.RELEASE, user)
        rota.join(RotaPlace.Duty.MEETING, user)
    for expertise, owner in zip(Expertise.objects.all(), (sam, maria, sam, maria), strict=False):
        rotation.hand_over(expertise.pk, owner, monday)
    planning.plan(now)
    meetings.plan(now)
    shifts.add_absence(maria, monday + timedelta(days=10), monday + timedelta(days=11))
