"""Parking: an open ticket leaves the queue until a time or an event returns it to its old place. The reasons are in
`mentions.models.parking_reasons`.

Parking keeps assignee and draft, so something urgent can be handled in between.

*Answered outside* is a form of parking. Saying so is not an answer yet: the clock runs until the answer arrives by
polling, which also solves the ticket. If it is not seen in time the ticket returns.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from channels import sweeps
from channels.links.web_addresses import is_web_address
from mentions.db.sql import Fragment
from mentions.models import Event, EventKind, Ticket
from mentions.models.parking_reasons import DEFAULT_WAIT
from mentions.models.ticket import TicketQuerySet
from mentions.tickets import thread_subscriptions
from mentions.tickets.transitions import UNPARKED, OutcomeRefused, lock_open, move

Token = UUID | str | None
Waiting = Ticket.WaitingOn

MAX_WAIT = timedelta(days=366)


@transaction.atomic
def park(
    ticket_id: int,
    actor: Any,
    token: Token,
    *,
    waiting_on: str,
    until: datetime | None = None,
    note: str = "",
    now: datetime,
) -> Event:
    """Park until `until` (default: by reason) or until the awaited event happens."""
    ticket = lock_open(ticket_id, actor, token, now)
    if waiting_on not in DEFAULT_WAIT:
        raise OutcomeRefused(_("Choose what the ticket is waiting for."))
    if waiting_on in (Waiting.EXPERT, Waiting.MONITOR):
        thread_subscriptions.watch(ticket, now)
    return set_aside(ticket, actor, now, EventKind.PARKED, waiting_on=waiting_on, until=until, note=note)


def set_aside(
    ticket: Ticket,
    actor: Any,
    now: datetime,
    kind: EventKind,
    *,
    waiting_on: str,
    until: datetime | None = None,
    note: str = "",
    data: dict[str, Any] | None = None,
) -> Event:
    """Park a locked ticket; whoever parks it becomes its assignee."""
    until = until or now + DEFAULT_WAIT[waiting_on]
    if until <= now:
        raise OutcomeRefused(_("The return time is in the past. Choose a later one."))
    changes: dict[str, Any] = {
        "status": Ticket.Status.OPEN,
        "waiting_on": waiting_on,
        "wait_note": note.replace("\0", "").strip()[:300],
        "wake_at": min(until, now + MAX_WAIT),
    }
    if actor is not None:
        changes["assignee_id"] = actor.pk
    return move(ticket, actor, now, kind, data=data, **changes)


@transaction.atomic
def wake(ticket_id: int, actor: Any, token: Token = None, *, now: datetime, why: str = "") -> Event | None:
    """Return a parked ticket to its old place by age; None if it was not parked. `actor` None: the desk, by time or
    event."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id) if actor is None else None
    ticket = ticket or lock_open(ticket_id, actor, token, now)
    if not ticket.waiting_on:
        return None
    data = {"why": why} if why else {}
    return move(ticket, actor, now, EventKind.WOKEN, data=data, keeps_claim=True, **UNPARKED)


@transaction.atomic
def answered_outside(
    ticket_id: int, actor: Any, token: Token, *, url: str = "", status_after: str = "solved", now: datetime
) -> Event:
    """*I answered* on the platform. Parked until the answer is seen; then solved (or pending)."""
    ticket = lock_open(ticket_id, actor, token, now)
    if status_after not in (Ticket.Status.SOLVED, Ticket.Status.PENDING):
        raise OutcomeRefused(_("After an answer, a ticket can be solved or pending."))
    data = {"url": _checked_url(url), "status_after": status_after}
    if _answered().filter(pk=ticket.pk).exists():
        changes = {**UNPARKED, "status": status_after, "assignee_id": actor.pk}
        return move(ticket, actor, now, EventKind.ANSWERED_OUTSIDE, data={**data, "seen": True}, **changes)
    thread_subscriptions.watch(ticket, now)
    return set_aside(ticket, actor, now, EventKind.ANSWERED_OUTSIDE, waiting_on=Waiting.OWN_ANSWER, note=url, data=data)


def _checked_url(url: str) -> str:
    url = url.replace("\0", "").strip()
    if url and not is_web_address(url):
        raise OutcomeRefused(_("The link to your answer must start with https://."))
    return url[:2000]


_ANSWERED = Fragment("""EXISTS (
    SELECT 1 FROM mentions_message a
    WHERE a.ticket_id = mentions_ticket.id AND a.direction = 'team' AND NOT a.is_auto AND NOT a.is_deleted
      AND NOT a.is_bounced
      AND NOT EXISTS (
        SELECT 1 FROM mentions_message q
        WHERE q.ticket_id = a.ticket_id AND q.direction = 'in' AND NOT q.is_auto AND NOT q.is_deleted
          AND q.posted_at > a.posted_at))""")


def _answered() -> TicketQuerySet:
    """Tickets with a team message after the last question."""
    return Ticket.objects.filter(_ANSWERED.as_condition())


def settle_seen(now: datetime, ticket_ids: Iterable[int] | None = None) -> int:
    """Settle tickets waiting for our own answer once it was seen, as their advocate chose; return how many."""
    waiting = _answered().filter(waiting_on=Waiting.OWN_ANSWER)
    if ticket_ids is not None:
        waiting = waiting.filter(pk__in=list(ticket_ids))
    ids = waiting.order_by("pk").values_list("pk", flat=True)[:500]
    return sweeps.each("answers seen", ids, lambda pk: _settle(pk, now))


@transaction.atomic
def _settle(ticket_id: int, now: datetime) -> bool:
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    if ticket.waiting_on != Waiting.OWN_ANSWER or not _answered().filter(pk=ticket_id).exists():
        return False
    said = Event.objects.filter(ticket=ticket, kind=EventKind.ANSWERED_OUTSIDE).order_by("-at", "-id").first()
    status = said.data.get("status_after", "solved") if said else "solved"
    move(ticket, None, now, EventKind.STATUS, data={"why": "answer_seen"}, keeps_claim=True, status=status)
    return True


def wake_due(now: datetime, limit: int = 500) -> int:
    """Wake tickets that are due; return how many."""
    due = Ticket.objects.due_to_wake(now).order_by("wake_at")
    return sweeps.each("parked", due.values_list("pk", flat=True)[:limit], lambda pk: _wake_by_time(pk, now))


@transaction.atomic
def _wake_by_time(ticket_id: int, now: datetime) -> bool:
    ticket = Ticket.objects.select_for_update(skip_locked=True).filter(pk=ticket_id).first()
    if ticket is None or not ticket.waiting_on or ticket.wake_at is None or ticket.wake_at > now:
        return False
    why = "answer_not_seen" if ticket.waiting_on == Waiting.OWN_ANSWER else "time"
    move(ticket, None, now, EventKind.WOKEN, data={"why": why}, keeps_claim=True, **UNPARKED)
    return True
