"""Hands running requests over with their ticket: a draft or an answer reaches the new owner."""

from __future__ import annotations

from typing import Any

from experts.models import Outreach


def hand_on(ticket_id: int, before: Any, after: Any | None) -> int:
    """Hand over the running requests of a ticket that the caller has locked; returns how many. Without a new owner, a
    draft waits on the request."""
    running = Outreach.objects.filter(ticket=ticket_id, asked_by=before, state__in=Outreach.RUNNING)
    return running.update(asked_by=after)
