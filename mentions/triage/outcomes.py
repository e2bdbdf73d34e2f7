"""Ticket outcomes. Each is one Event, releases the claim, and returns the Event (for *undo*).

All take the claim `token` (None from the ticket page, where nobody may hold it) and raise `ClaimLost`, `AlreadyClaimed`
and `OutcomeRefused`. Parking and waiting for an outside answer are in `mentions.tickets.parking`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from channels.outbox import outbox
from mentions.db import locks
from mentions.models import Event, EventKind, HandBack, Ticket
from mentions.queue import claims
from mentions.replies import likes, replies
from mentions.tickets.parking import answered_outside, park, wake
from mentions.tickets.transitions import UNPARKED, OutcomeRefused, is_still, lock_open, move, record, restored
from mentions.triage import notes, tagging
from mentions.triage.spam_reports import report_spam
from mentions.undo import rights, window

__all__ = [
    "OutcomeRefused",
    "answered_outside",
    "hand_back",
    "no_reply_needed",
    "park",
    "pending",
    "reopen",
    "report_spam",
    "solve",
    "undo",
    "wake",
]

Token = UUID | str | None
UNDOABLE = (
    EventKind.STATUS,
    EventKind.PARKED,
    EventKind.NO_REPLY,
    EventKind.HANDED_BACK,
    EventKind.ANSWERED_OUTSIDE,
    EventKind.SPAM_REPORTED,
)


@transaction.atomic
def solve(ticket_id: int, actor: Any, token: Token, *, now: datetime) -> Event:
    """Solve the ticket. It reopens when its requester writes again. Raises Unanswered: without an answer it needs a
    reason (`no_reply_needed`)."""
    return move(lock_open(ticket_id, actor, token, now), actor, now, EventKind.STATUS, status=Ticket.Status.SOLVED)


@transaction.atomic
def pending(ticket_id: int, actor: Any, token: Token, *, now: datetime) -> Event:
    """Wait for the requester. Raises Unanswered: without an answer of ours there is nothing to wait for."""
    return move(lock_open(ticket_id, actor, token, now), actor, now, EventKind.STATUS, status=Ticket.Status.PENDING)


@transaction.atomic
def no_reply_needed(ticket_id: int, actor: Any, token: Token, *, reason: str, now: datetime, note: str = "") -> Event:
    """Solve without an answer, for a reason; excluded from the first reply time and counted separately. Praise is liked
    where the desk can, after the undo window."""
    ticket = lock_open(ticket_id, actor, token, now)
    if reason not in Ticket.NoReply.values or not reason:
        raise OutcomeRefused(_("Choose why no reply is needed."))
    if note.strip():
        notes.write(ticket, actor, note, now)
    data: dict[str, Any] = {"reason": reason}
    if reason == Ticket.NoReply.PRAISE:
        data |= _praised(ticket, actor, now)
    return move(ticket, actor, now, EventKind.NO_REPLY, data=data, status=Ticket.Status.SOLVED, no_reply_reason=reason)


def _praised(ticket: Ticket, actor: Any, now: datetime) -> dict[str, Any]:
    """Tag the ticket as praise and like it, as far as the platform and the role allow; returns what `undo` takes
    back."""
    added, _removed = tagging.change(ticket, [likes.PRAISE_TAG], ())
    item = likes.like_praise(ticket, actor, window.end_of_outcome(now))
    return {**({"added": added} if added else {}), **({"like": item.pk} if item else {})}


@transaction.atomic
def hand_back(ticket_id: int, actor: Any, token: Token, *, note: str, now: datetime) -> Event:
    """Return the ticket to its place in the queue, with a note why. It is not offered to `actor` again until something
    new arrives."""
    ticket = lock_open(ticket_id, actor, token, now)
    if not note.strip():
        raise OutcomeRefused(_("Add a note that says why you hand it back."))
    written = notes.write(ticket, actor, note, now)
    HandBack.objects.update_or_create(ticket=ticket, user=actor, defaults={"at": now})
    return move(ticket, actor, now, EventKind.HANDED_BACK, data={"note": written.text[:300]}, assignee_id=None)


@transaction.atomic
def reopen(ticket_id: int, actor: Any, token: Token = None, *, now: datetime, why: str = "") -> Event:
    """Solved or pending → open, at its place by age; an earlier *no reply needed* no longer applies."""
    ticket = lock_open(ticket_id, actor, token, now)
    if ticket.status not in (Ticket.Status.SOLVED, Ticket.Status.PENDING):
        raise OutcomeRefused(_("Ticket #%(id)s is already open.") % {"id": ticket.pk})
    data = {"why": why} if why else {}
    return move(ticket, actor, now, EventKind.STATUS, data=data, status=Ticket.Status.OPEN, no_reply_reason="")


def _undo_thanks(ticket: Ticket, event: Event, actor: Any, now: datetime) -> Ticket:
    """Undo the reply that went with the outcome; that brings the ticket back, as it took it away."""
    try:
        replies.undo(event.data["reply"], actor, now)
    except replies.TooLate as late:
        raise OutcomeRefused(str(late)) from late
    ticket.refresh_from_db()
    record(ticket, actor, now, EventKind.UNDONE, {"event": event.pk, "kind": event.kind})
    return ticket


@locks.once_more
def undo(event_id: int, actor: Any, now: datetime) -> Ticket:
    """Undo one's own last outcome within the undo window. If `actor` holds nothing else, they hold the ticket again.
    Raises OutcomeRefused if it is too late or the ticket has changed since, AlreadyClaimed."""
    event = Event.objects.select_related("ticket").get(pk=event_id)
    ticket = lock_open(event.ticket_id, actor, None, now)
    if event.kind not in UNDOABLE or not rights.is_own_outcome(actor, event):
        raise OutcomeRefused(_("You can only undo your own last outcome."))
    if now > window.end_of_outcome(event.at):
        raise OutcomeRefused(_("Too late to undo. Reopen the ticket instead."))
    undone = Event.objects.filter(ticket=ticket, kind=EventKind.UNDONE, data__event=event.pk).exists()
    if undone or not is_still(ticket, event.data):
        raise OutcomeRefused(_("Ticket #%(id)s has changed since. Check it again.") % {"id": ticket.pk})
    if event.kind == EventKind.SPAM_REPORTED:
        outbox.cancel(event.data["outbound"], now)
        if event.data.get("reply"):
            return _undo_thanks(ticket, event, actor, now)
    if event.data.get("like"):
        outbox.cancel(event.data["like"], now)
    if event.data.get("question"):
        outbox.cancel(event.data["question"], now)
    if event.kind == EventKind.NO_REPLY and event.data.get("added"):
        tagging.change(ticket, (), event.data["added"])
    if event.kind == EventKind.HANDED_BACK:
        HandBack.objects.filter(ticket=ticket, user=actor).delete()
    changes = {**UNPARKED, **restored(event.data)}
    move(ticket, actor, now, EventKind.UNDONE, data={"event": event.pk, "kind": event.kind}, is_undo=True, **changes)
    if event.data.get("held"):
        claims.take_again(ticket, actor, now)
    return ticket
