"""Whose ticket it is. Claiming assigns by itself; this is for handing a ticket over on purpose, or to nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from mentions.models import Event
from mentions.queue import claims


@transaction.atomic
def assign(
    ticket_id: int, actor: Any, assignee: Any | None, now: datetime, token: UUID | str | None = None
) -> Event | None:
    """To a user or (None) to nobody; a claim of `actor` ends when it becomes somebody else's. One Event; None when
    nothing changed. Raises AlreadyClaimed when another holds it, ClaimLost."""
    ticket = claims.lock(ticket_id, actor, token, now)
    before = ticket.assignee_id
    after = assignee.pk if assignee else None
    if before == after:
        return None
    ticket.assignee = assignee
    if ticket.claimed_by_id and ticket.claimed_by_id != after:
        claims.let_go(ticket)
    ticket.save(update_fields=["assignee", *claims.CLAIM_FIELDS])
    data = {"from": before, "to": after}
    return Event.objects.create(ticket=ticket, at=now, actor=actor, kind="assigned", data=data)
