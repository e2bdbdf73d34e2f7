"""Returns an unsent reply: its text becomes a draft again and its ticket is visible again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from mentions.db import locks
from mentions.models import Event, EventKind, Reply, Ticket
from mentions.notifications import delivery_problems
from mentions.queue import claims
from mentions.replies import drafts, sending_states
from mentions.tickets import unanswered
from mentions.tickets.transitions import UNPARKED, is_still, move, record, restored


class TooLate(Exception):
    """The reply was already handed over."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(_("Too late to undo: the reply is being sent. You can delete it once it is posted."))
        self.reply = reply


def lock(reply_id: int) -> Reply:
    """Lock the reply and its ticket until the caller's transaction ends. Raises Reply.DoesNotExist."""
    related = ("ticket", "channel__connection", "author", "in_reply_to", "message")
    return locks.with_ticket(Reply.objects.select_related(*related), reply_id)


EVENTS = {
    Reply.State.UNDONE: EventKind.UNDONE,
    Reply.State.BLOCKED: EventKind.BLOCKED,
    Reply.State.FAILED: EventKind.DELIVERY_FAILED,
}


def take_back(
    reply: Reply, state: str, now: datetime, *, actor: Any = None, why: str = "", keeps_text: bool = True
) -> None:
    """Take back a reply that the caller has locked. After an undo the ticket is exactly as before and its author's
    again; after a block or failure it is open, its author's, and its history says why. Without `keeps_text` there is no
    draft and no claim."""
    sending_states.move(reply, state, why)
    if state != Reply.State.UNDONE:
        delivery_problems.note_reply(reply, state, why, now)
    if keeps_text:
        with locks.beside(f"the draft of reply {reply.pk}"):
            drafts.give_back(reply.ticket_id, reply.author, reply.text, now, credit=reply.credit, origin=reply.origin)
    ticket = Ticket.objects.select_for_update().get(pk=reply.ticket_id)
    data: dict[str, Any] = {"reply": reply.pk}
    if why:
        data["why"] = why
    changes = _before(reply, ticket) if state == Reply.State.UNDONE else _reopened(reply, ticket, now)
    if not changes:
        record(ticket, actor, now, EVENTS[Reply.State(state)], data)
    else:
        keeps = claims.is_live(ticket, now)
        is_undo = state == Reply.State.UNDONE
        move(ticket, actor, now, EVENTS[Reply.State(state)], data=data, keeps_claim=keeps, is_undo=is_undo, **changes)
    if state == Reply.State.UNDONE:
        if not changes:
            # Somebody may have solved the ticket meanwhile, because the reply was on its way.
            unanswered.reopen([ticket.pk], now, why="reply_undone")
            ticket.refresh_from_db()
        if keeps_text:
            claims.take_again(ticket, reply.author, now)


def _before(reply: Reply, ticket: Ticket) -> dict[str, Any]:
    """The ticket's state when the reply was submitted, unless it has changed since."""
    event = Event.objects.filter(ticket=ticket, kind=EventKind.REPLIED, data__reply=reply.pk).order_by("-id").first()
    return restored(event.data) if event and is_still(ticket, event.data) else {}


def _reopened(reply: Reply, ticket: Ticket, now: datetime) -> dict[str, Any]:
    if ticket.status == Ticket.Status.CLOSED or ticket.merged_into_id:
        return {}
    changes: dict[str, Any] = {**UNPARKED, "status": Ticket.Status.OPEN}
    if reply.author_id and not claims.is_live(ticket, now):
        changes["assignee_id"] = reply.author_id
    return changes
