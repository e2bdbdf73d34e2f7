"""Ticket outcomes. Each is one Event, releases the claim, and returns the Event (for *undo*).

All take the claim `token` (None from the ticket page, where nobody may hold it) and raise `ClaimLost`, `AlreadyClaimed`
and `OutcomeRefused`. Parking and waiting for an outside answer are in `mentions.tickets.parking`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from channels.outbox import outbox, slack_posts
from mentions.db import locks
from mentions.models import Event, EventKind, HandBack, Ticket
from mentions.queue import claims
from mentions.replies import likes
from mentions.tickets.parking import answered_outside, park, wake
from mentions.tickets.transitions import UNPARKED, OutcomeRefused, handed_over, is_still, lock_open, move, restored
from mentions.triage import notes

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
UNDO_SLACK_SECONDS = 5
"""Allows for the page's clock and the click's travel time."""
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
    if reason == Ticket.NoReply.PRAISE and (item := likes.like_praise(ticket, actor, now + _undo_window())):
        data["like"] = item.pk
    return move(ticket, actor, now, EventKind.NO_REPLY, data=data, status=Ticket.Status.SOLVED, no_reply_reason=reason)


def _undo_window() -> timedelta:
    return timedelta(seconds=settings.UNDO_SECONDS + UNDO_SLACK_SECONDS)


@transaction.atomic
def hand_back(ticket_id: int, actor: Any, token: Token, *, note: str, now: datetime) -> Event:
    """Return it to its place in the queue, with a note why. Not offered to `actor` again until something new
    arrives."""
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


@transaction.atomic
def report_spam(
    ticket_id: int, actor: Any, token: Token, *, slack_channel: str, link: str = "", now: datetime
) -> Event:
    """The requester reports spam or abuse (not: this mention is spam): link and time go to Slack after the undo window,
    and the ticket is solved. Thanking them is a separate reply, sent before."""
    ticket = lock_open(ticket_id, actor, token, now)
    said = ticket.messages.filter(direction="in").order_by("-posted_at", "-id").values_list("url", "posted_at").first()
    link = link.replace("\0", "").strip() or (said[0] if said else "")
    at = (said[1] if said else ticket.posted_at).strftime("%Y-%m-%d %H:%M UTC")
    why = handed_over(ticket, Ticket.NoReply.SPAM_REPORTED)
    event = move(ticket, actor, now, EventKind.SPAM_REPORTED, data={"link": link}, status=Ticket.Status.SOLVED, **why)
    item = slack_posts.post_message(
        key=uuid4(),
        conversation=f"slack:{slack_channel}",
        channel=slack_channel,
        text=_("Spam reported to us at %(at)s: %(link)s")
        % {"at": at, "link": slack_posts.escaped(link) or f"#{ticket.pk}"},
        not_before=now + _undo_window(),
    )
    event.data = {**event.data, "outbound": item.pk}
    event.save(update_fields=["data"])
    return event


@locks.once_more
def undo(event_id: int, actor: Any, now: datetime) -> Ticket:
    """Undo one's own last outcome within the undo window. If `actor` holds nothing else, they hold the ticket again.
    Raises OutcomeRefused if it is too late or the ticket has changed since, AlreadyClaimed."""
    event = Event.objects.select_related("ticket").get(pk=event_id)
    ticket = lock_open(event.ticket_id, actor, None, now)
    if event.kind not in UNDOABLE or event.actor_id != actor.pk:
        raise OutcomeRefused(_("You can only undo your own last outcome."))
    if now > event.at + _undo_window():
        raise OutcomeRefused(_("Too late to undo. Reopen the ticket instead."))
    undone = Event.objects.filter(ticket=ticket, kind=EventKind.UNDONE, data__event=event.pk).exists()
    if undone or not is_still(ticket, event.data):
        raise OutcomeRefused(_("Ticket #%(id)s has changed since. Check it again.") % {"id": ticket.pk})
    if event.kind == EventKind.SPAM_REPORTED:
        outbox.cancel(event.data["outbound"], now)
    if event.data.get("like"):
        outbox.cancel(event.data["like"], now)
    if event.kind == EventKind.HANDED_BACK:
        HandBack.objects.filter(ticket=ticket, user=actor).delete()
    changes = {**UNPARKED, **restored(event.data)}
    move(ticket, actor, now, EventKind.UNDONE, data={"event": event.pk, "kind": event.kind}, is_undo=True, **changes)
    if event.data.get("held"):
        claims.take_again(ticket, actor, now)
    return ticket
