"""Assigns a ticket. Claiming assigns too; this hands a ticket over on purpose, or to nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from mentions.models import Event, EventKind
from mentions.queue import claims


@transaction.atomic
def assign(
    ticket_id: int, actor: Any, assignee: Any | None, now: datetime, token: UUID | str | None = None
) -> Event | None:
    """Assign to a user, or (None) to nobody; `actor`'s claim ends when it goes to somebody else. One Event; None when
    nothing changed. Raises AlreadyClaimed when somebody else holds it, ClaimLost."""
    ticket = claims.lock(ticket_id, actor, token, now)
    before = ticket.assignee_id
    after = assignee.pk if assignee else None
    if before == after:
        return None
    ticket.assignee = assignee
    if ticket.claimed_by_id and ticket.claimed_by_id != after:
        claims.clear_claim(ticket)
    ticket.save(update_fields=["assignee", *claims.CLAIM_FIELDS])
    data = {"from": before, "to": after}
    return Event.objects.create(ticket=ticket, at=now, actor=actor, kind=EventKind.ASSIGNED, data=data)
