"""Running requests go along when a ticket is handed over: a draft or an answer reaches whoever has it now."""

from __future__ import annotations

from typing import Any

from experts.models import Outreach


def hand_on(ticket_id: int, before: Any, after: Any | None) -> int:
    """Returns how many. Without anybody, a draft waits on the request. The caller has locked the ticket."""
    running = Outreach.objects.filter(ticket=ticket_id, asked_by=before, state__in=Outreach.RUNNING)
    return running.update(asked_by=after)
