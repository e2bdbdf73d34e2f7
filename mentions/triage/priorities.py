"""Sets a ticket's priority; a high one also makes its first reply due earlier."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels.models.connection import Priority
from mentions.clocks import clocks
from mentions.models import Event, EventKind, Ticket


@transaction.atomic
def set_priority(ticket_id: int, actor: Any, priority: int, now: datetime) -> Event | None:
    """One Event; None if unchanged. Needs no claim: anybody who notices may set it. Raises ValueError."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    before = ticket.priority
    if not change(ticket, priority):
        return None
    data = {"from": before, "to": priority}
    return Event.objects.create(ticket=ticket, at=now, actor=actor, kind=EventKind.PRIORITY, data=data)


def change(ticket: Ticket, priority: int) -> bool:
    """Changes only the row, for verbs that record their own Event; returns whether anything changed."""
    if priority not in Priority.values:
        raise ValueError(_("Unknown priority %(value)s.") % {"value": priority})
    if ticket.priority == priority:
        return False
    ticket.priority = priority
    ticket.save(update_fields=["priority"])
    clocks.recompute([ticket.pk])
    return True
