"""The team's notes at the top of every page: urgent tickets, what was handed to the reader, and that their day is
ending. One statement while there is nothing to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from channels.clocks import desk_now
from mentions.db import prepared
from mentions.people import access
from team.handover import banner as handed_over
from team.handover.reminding import LATE
from team.models import HandOverItem, UrgentCall
from team.urgent import banner as urgent

_ANY = """
SELECT EXISTS (SELECT 1 FROM team_urgentcall c
               WHERE c.state = 'open' OR (c.state = 'taken' AND c.taken_by_id = %(me)s)),
       EXISTS (SELECT 1 FROM team_handoveritem i WHERE i.to_id = %(me)s AND i.begun_at IS NULL),
       EXISTS (SELECT 1 FROM team_handover h
               WHERE h.user_id = %(me)s AND h.done_at IS NULL AND h.reminded_at > %(since)s)
"""


@dataclass(frozen=True, slots=True)
class Notes:
    """`is_ending`: they were reminded that their day ends, and have not handed over."""

    calls: list[UrgentCall] = field(default_factory=list)
    waiting: list[HandOverItem] = field(default_factory=list)
    is_ending: bool = False


def notes(request: HttpRequest) -> dict[str, Callable[[], Notes]]:
    """Context processor: only the base template calls this, so fragments cost nothing."""
    return {"team_notes": lambda: _for(getattr(request, "user", None))}


def _for(user: Any) -> Notes:
    """Empty for whoever doesn't play the queue."""
    if user is None or not user.is_authenticated or not user.has_perm(access.PLAY):
        return Notes()
    values = {"me": user.pk, "since": desk_now() - LATE}
    are_calls, are_waiting, is_ending = prepared.run(_ANY, values)[0]
    calls = urgent.shown_to(user) if are_calls else []
    return Notes(calls, handed_over.waiting_for(user) if are_waiting else [], is_ending)
