"""Tickets follow the state of their report: solved when it is closed on its platform, waiting again when it is
reopened. Triggered by a nudge after ingest (poll, webhook) and by a sweep over the tables.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from channels import sweeps
from mentions.models import EventKind, Message, ThreadState, Ticket
from mentions.tickets import thread_states
from mentions.tickets.transitions import UNPARKED, is_unanswered, move

SWEEP_LIMIT = 500


def settle(now: datetime, state_ids: list[int] | None = None) -> int:
    """Tickets whose report has changed its state; returns how many changed. `state_ids`: only these, for a nudge."""
    states = ThreadState.objects.filter(keeps_open=True)
    if state_ids is not None:
        states = states.filter(pk__in=state_ids)
    if state_ids is None:
        waiting = Ticket.objects.filter(thread_states.OVER_THERE.as_condition(), waiting_on=Ticket.WaitingOn.REPORT)
        closed = list(waiting.order_by("pk").values_list("pk", flat=True)[:SWEEP_LIMIT])
    else:
        closed = _tickets(states.filter(is_over=True), Q(waiting_on=Ticket.WaitingOn.REPORT))
    opened = _tickets(states.filter(is_over=False), Q(status=Ticket.Status.SOLVED))
    return sweeps.each("closed reports", closed, lambda pk: _closed(pk, now)) + sweeps.each(
        "reopened reports", opened, lambda pk: _opened(pk, now)
    )


def _tickets(states: Any, which: Q) -> list[int]:
    those = Q(pk__in=[])
    for namespace, thread_id in states.order_by("-changed_at").values_list("namespace", "thread_id")[:SWEEP_LIMIT]:
        those |= Q(namespace=namespace, thread_id=thread_id)
    if not those:
        return []
    tickets = Ticket.objects.filter(which, pk__in=Message.objects.filter(those).values("ticket"))
    return list(tickets.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _closed(ticket_id: int, now: datetime) -> bool:
    """Handle a report that was closed. Every researcher gets an answer, so the ticket of one closed without any comes
    back."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    is_over = Ticket.objects.filter(thread_states.OVER_THERE.as_condition(), pk=ticket_id).exists()
    if ticket.waiting_on != Ticket.WaitingOn.REPORT or not is_over:
        return False
    if is_unanswered(ticket):
        move(ticket, None, now, EventKind.WOKEN, data={"why": "closed_unanswered"}, keeps_claim=True, **UNPARKED)
        return True
    move(ticket, None, now, EventKind.STATUS, data={"why": "closed_there"}, status=Ticket.Status.SOLVED)
    return True


@transaction.atomic
def _opened(ticket_id: int, now: datetime) -> bool:
    """Handle a report that was reopened after its ticket was solved. A new message on the platform has already returned
    the ticket."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    if ticket.status != Ticket.Status.SOLVED or ticket.no_reply_reason or not thread_states.keeps_open(ticket):
        return False
    changes = thread_states.waiting(now)
    move(ticket, None, now, EventKind.PARKED, data={"why": "reopened_there"}, **changes)
    return True
