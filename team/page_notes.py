"""The team's notes at the top of every page: urgent tickets, running incidents, what was handed to the reader, that
their day is ending, and for admins days with too few volunteers. One statement if there is nothing to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.http import HttpRequest

from channels.clocks import desk_now
from mentions.db import prepared
from mentions.people import access
from team.coverage import DAY
from team.handover import banner as handed_over
from team.handover.reminding import LATE
from team.models import HandOverItem, Incident, UrgentCall
from team.urgent import banner as urgent
from team.volunteers import needs
from team.volunteers.needs import Need

LOOKS_AFTER_VOLUNTEERS = "team.change_volunteerday"
"""Admins: others see it on the coverage page."""
NEAR = 7
"""Days."""

MAX_INCIDENTS = 3
_ANY = """
SELECT EXISTS (SELECT 1 FROM team_urgentcall c
               WHERE c.state = 'open' OR (c.state = 'taken' AND c.taken_by_id = %(me)s)),
       EXISTS (SELECT 1 FROM team_handoveritem i WHERE i.to_id = %(me)s AND i.begun_at IS NULL),
       EXISTS (SELECT 1 FROM team_handover h
               WHERE h.user_id = %(me)s AND h.done_at IS NULL AND h.reminded_at > %(since)s),
       EXISTS (SELECT 1 FROM team_incident n WHERE n.state <> 'closed'),
       EXISTS (SELECT 1 FROM team_absence a WHERE a.last_day >= %(today)s::date AND a.first_day <= %(soon)s::date)
"""


@dataclass(frozen=True, slots=True)
class Notes:
    """`is_ending`: they were reminded that their day ends, and have not handed over."""

    calls: list[UrgentCall] = field(default_factory=list)
    waiting: list[HandOverItem] = field(default_factory=list)
    is_ending: bool = False
    incidents: list[Incident] = field(default_factory=list)
    lacking: list[Need] = field(default_factory=list)

    @property
    def running(self) -> list[Incident]:
        return [each for each in self.incidents if each.state != Incident.State.OVER]

    @property
    def over(self) -> list[Incident]:
        """Not closed yet."""
        return [each for each in self.incidents if each.state == Incident.State.OVER]

    @property
    def sources(self) -> set[str]:
        """Sources of the running incidents that came from the status page."""
        return {each.source for each in self.incidents if each.source}


def notes(request: HttpRequest) -> dict[str, Callable[[], Notes]]:
    """Context processor: only the base template calls this, so fragments cost nothing."""
    return {"team_notes": lambda: _for(getattr(request, "user", None))}


def _for(user: Any) -> Notes:
    """The notes for this person; empty for people who don't play the queue."""
    if user is None or not user.is_authenticated or not user.has_perm(access.PLAY):
        return Notes()
    now = desk_now()
    today = now.astimezone(UTC).date()
    values = {"me": user.pk, "since": now - LATE, "today": today, "soon": today + NEAR * DAY}
    are_calls, are_waiting, is_ending, are_incidents, is_away = prepared.run(_ANY, values)[0]
    calls = urgent.shown_to(user) if are_calls else []
    waiting = handed_over.waiting_for(user) if are_waiting else []
    lacking = needs.lacking(now, NEAR) if is_away and user.has_perm(LOOKS_AFTER_VOLUNTEERS) else []
    return Notes(calls, waiting, is_ending, _not_closed() if are_incidents else [], lacking)


def _not_closed() -> list[Incident]:
    """Incidents that aren't closed: those that still run first, then the newest."""
    is_over = ExpressionWrapper(Q(state=Incident.State.OVER), BooleanField())
    found = Incident.objects.exclude(state=Incident.State.CLOSED).order_by(is_over, "-started_at", "-pk")
    return list(found[:MAX_INCIDENTS])
