"""Reopens a ticket after its only answer was deleted: its requester is waiting again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mentions.models import EventKind, Ticket
from mentions.tickets.transitions import move


def reopen(ticket_ids: Iterable[int], now: datetime, why: str = "answer_deleted") -> int:
    """Reopen those of these tickets that were solved and have no answer left; return how many. Runs in the caller's
    transaction, after the clocks were set: a due first reply means no answer."""
    done = (Ticket.Status.SOLVED, Ticket.Status.PENDING)
    waiting = Ticket.objects.select_for_update().waiting_for_a_reply().filter(pk__in=list(ticket_ids), status__in=done)
    tickets = list(waiting.order_by("pk"))
    for ticket in tickets:
        move(ticket, None, now, EventKind.STATUS, data={"why": why}, keeps_claim=True, status=Ticket.Status.OPEN)
    return len(tickets)
