"""The only way to change a ticket's state: the fields, the claim and exactly one Event, in the caller's transaction.

The Event keeps the state before and after (`from`, `to`), which *undo* restores.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from mentions.clocks import clocks
from mentions.models import Event, EventKind, Reply, Ticket
from mentions.queue import claims
from mentions.tickets import thread_states

FIELDS = ("status", "waiting_on", "wait_note", "wake_at", "no_reply_reason", "solved_at", "assignee_id")
"""Fields that outcomes change. Never clocks: they follow from the messages."""
_TIMES = ("wake_at", "solved_at")
UNPARKED: dict[str, Any] = {"waiting_on": "", "wait_note": "", "wake_at": None}


DONE = (Ticket.Status.PENDING, Ticket.Status.SOLVED)


class OutcomeRefused(Exception):
    """The ticket's state doesn't allow this; the text says what to do instead."""


class Unanswered(OutcomeRefused):
    """The ticket can't be solved: it has neither an answer nor a reason for none."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(
            _("Nobody has answered #%(id)s yet. Reply, say why no reply is needed, or park it to wait for something.")
            % {"id": ticket.pk}
        )


def move(
    ticket: Ticket,
    actor: Any,
    now: datetime,
    kind: EventKind,
    *,
    data: dict[str, Any] | None = None,
    keeps_claim: bool = False,
    is_undo: bool = False,
    **changes: Any,
) -> Event:
    """Apply `changes` to a ticket locked by the caller, release the claim, and record one Event.

    An answered ticket whose report is still open on its platform is parked for that instead of being solved. Raises
    Unanswered if an unanswered ticket would be solved without a reason; never for `is_undo`, which restores an earlier
    state.
    """
    is_done = not is_undo and changes.get("status") in DONE and not changes.get("no_reply_reason")
    if is_done and is_unanswered(ticket):
        raise Unanswered(ticket)
    if is_done and changes["status"] == Ticket.Status.SOLVED and thread_states.keeps_open(ticket):
        changes = {**changes, **thread_states.waiting(now)}
    if changes.get("status", ticket.status) not in (Ticket.Status.NEW, Ticket.Status.OPEN):
        changes = {**UNPARKED, **changes}
    if "status" in changes:
        changes.setdefault("solved_at", _solved_at(ticket, changes["status"], now))
    before = snapshot(ticket)
    was_claimed = actor is not None and ticket.claimed_by_id == actor.pk
    for name, value in changes.items():
        setattr(ticket, name, value)
    if not keeps_claim:
        claims.clear_claim(ticket)
    ticket.save(update_fields=[*FIELDS, *claims.CLAIM_FIELDS])
    if "no_reply_reason" in changes:
        clocks.recompute([ticket.pk])
    event_data = {**difference(before, snapshot(ticket)), **(data or {})}
    if was_claimed and not keeps_claim:
        event_data["held"] = True
    return record(ticket, actor, now, kind, event_data)


def is_unanswered(ticket: Ticket) -> bool:
    """Whether the requester still waits for a first reply: none was given, none is on its way, and no reason says none
    is needed. Read from the database: the clocks may have changed since the ticket was loaded."""
    if not Ticket.objects.waiting_for_a_reply().filter(pk=ticket.pk).exists():
        return False
    return not Reply.objects.filter(ticket=ticket, state__in=Reply.ON_ITS_WAY).exists()


def handed_over(ticket: Ticket, reason: str) -> dict[str, Any]:
    """The change that records who answers instead of us; empty if there is an answer already."""
    return {"no_reply_reason": reason} if is_unanswered(ticket) else {}


def _solved_at(ticket: Ticket, status: str, now: datetime) -> datetime | None:
    if status == Ticket.Status.CLOSED:
        return ticket.solved_at or now
    return now if status == Ticket.Status.SOLVED else None


def record(ticket: Ticket, actor: Any, now: datetime, kind: EventKind, data: dict[str, Any]) -> Event:
    return Event.objects.create(ticket=ticket, at=now, actor=_person(actor), kind=kind, data=data)


def _person(actor: Any) -> Any:
    """None for the desk itself."""
    return actor if isinstance(actor, Model) else None


def snapshot(ticket: Ticket) -> dict[str, Any]:
    """The ticket's state as JSON."""
    values = {name: getattr(ticket, name) for name in FIELDS}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    changed = [name for name in before if before[name] != after[name]]
    return {"from": {n: before[n] for n in changed}, "to": {n: after[n] for n in changed}}


def restored(event_data: dict[str, Any]) -> dict[str, Any]:
    """The `from` of an Event as field values."""
    return {
        name: parse_datetime(value) if name in _TIMES and value else value
        for name, value in event_data.get("from", {}).items()
        if name in FIELDS
    }


def is_still(ticket: Ticket, event_data: dict[str, Any]) -> bool:
    """Whether the ticket is unchanged since that Event."""
    state = snapshot(ticket)
    return all(state.get(name) == value for name, value in event_data.get("to", {}).items() if name in FIELDS)


def lock_open(ticket_id: int, actor: Any, token: Any, now: datetime) -> Ticket:
    """`claims.lock` for verbs that don't apply to a closed or merged ticket. Also raises OutcomeRefused."""
    ticket = claims.lock(ticket_id, actor, token, now)
    if ticket.merged_into_id:
        raise OutcomeRefused(
            _("Ticket #%(id)s was merged into #%(into)s. Continue there.")
            % {"id": ticket.pk, "into": ticket.merged_into_id}
        )
    if ticket.status == Ticket.Status.CLOSED:
        raise OutcomeRefused(
            _("Ticket #%(id)s is closed for good; a new message will open a follow-up.") % {"id": ticket.pk}
        )
    return ticket
