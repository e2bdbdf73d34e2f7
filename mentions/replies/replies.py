"""Replies written in the desk: they wait for the undo window, then go to the outbox, which posts them at most once.
Their states are in `mentions.replies.sending_states`.

`submit` is idempotent by the composer's key: a double click, a second tab or a repeated request is one reply. A
scheduled reply makes one move only, *undo* or the hand-over, whichever changes the row first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from channels.contract import Capability
from channels.dispatch import task_after_commit
from channels.models import Channel, OutboundItem
from channels.registry.finding_adapters import adapter_for
from mentions.db import locks
from mentions.handle_rules import privacy
from mentions.models import EventKind, Message, Reply, Ticket
from mentions.people import access
from mentions.replies import drafts, handles, outgoing, recipients, send_guard, sending_states
from mentions.replies.dispatch_replies import hand_over_due
from mentions.replies.recipients import ReplyRefused
from mentions.replies.send_guard import ThreadMoved
from mentions.replies.taking_back import TooLate, lock, take_back
from mentions.tickets import thread_subscriptions
from mentions.tickets.transitions import lock_open, move, record
from mentions.undo import rights, window

__all__ = [
    "ReplyRefused",
    "ThreadMoved",
    "TooLate",
    "check",
    "delete_posted",
    "hand_over_due",
    "length",
    "submit",
    "undo",
]

STATUSES_AFTER = ("", "open", "pending", "solved")
"""Ticket status after the reply; "" and "open" leave it with its advocate (an interim reply)."""

NOT_SENT = (Reply.State.UNDONE, Reply.State.BLOCKED, Reply.State.FAILED)
MAX_LENGTH = 100_000
"""Maximum characters of a reply where the platform sets no limit."""


@transaction.atomic
def submit(
    ticket_id: int,
    actor: Any,
    token: UUID | str | None,
    *,
    key: UUID | str,
    text: str,
    channel_id: int,
    guard_message_id: int,
    status_after: str,
    now: datetime,
    not_before: datetime | None = None,
) -> Reply:
    """Submit a reply, scheduled for `send_at`, the end of the undo window or `not_before` if that is later; the ticket
    leaves the queue at once. The same key returns the same reply. Raises ThreadMoved, ReplyRefused, ClaimLost,
    AlreadyClaimed, OutcomeRefused; nothing is stored then."""
    Ticket.objects.select_for_update().get(pk=ticket_id)
    if existing := Reply.objects.filter(key=key).select_related("ticket").first():
        return _repeated(existing, ticket_id, actor, text)
    ticket = lock_open(ticket_id, actor, token, now)
    send_guard.check(ticket_id, guard_message_id)
    reply = _checked(ticket, actor, channel_id, text, status_after, now)
    reply.key, reply.guard_message_id = UUID(str(key)), guard_message_id
    reply.credit, reply.origin = drafts.credit_of(ticket_id, actor)
    reply.send_at = max(reply.send_at, not_before or reply.send_at)
    reply.save()
    _leave(ticket, actor, reply, now)
    drafts.discard(ticket_id, actor, now)
    if reply.in_reply_to:
        thread_subscriptions.read_again(reply.in_reply_to, now)
    if not_before is None:  # otherwise the sweep sends it: a task with a long countdown may be delivered twice
        task_after_commit("mentions.hand_over_due", countdown_s=window.length().total_seconds() + 0.2)
    return reply


def _repeated(existing: Reply, ticket_id: int, actor: Any, text: str) -> Reply:
    """The reply to a repeated request. One that was not sent, or differs, is not reported as sent."""
    if existing.ticket_id != ticket_id or existing.author_id != actor.pk:
        raise ReplyRefused(_("This reply was written for another ticket. Reload the page and send it again."))
    if existing.state in NOT_SENT:
        raise ReplyRefused(_("This reply was not sent: it was undone or stopped. Your text is kept. Send it again."))
    if _tidy(text) != existing.text:
        raise ReplyRefused(
            _("A different reply was sent from this page; this one was not. Check the conversation, then send it.")
        )
    return existing


def _tidy(text: str) -> str:
    return text.replace("\0", "").replace("\r\n", "\n").strip()


def check(ticket: Ticket, actor: Any, channel_id: int, text: str, now: datetime) -> None:
    """Raises ReplyRefused as `submit` would for this text; changes nothing."""
    _checked(ticket, actor, channel_id, text, "", now)


def _checked(ticket: Ticket, actor: Any, channel_id: int, text: str, status_after: str, now: datetime) -> Reply:
    """A reply that may be sent, not yet saved. Raises ReplyRefused."""
    if status_after not in STATUSES_AFTER:
        raise ReplyRefused(_("After a reply, a ticket can be open, pending or solved."))
    channel = _channel(ticket, actor, channel_id)
    text = _tidy(text)
    check_text(text, channel)
    answered = outgoing.answered_message(ticket)
    if answered is None:
        raise ReplyRefused(_("There is nothing to answer: the message was deleted."))
    if answered.is_unreadable:
        raise ReplyRefused(_("The message could not be read, so it cannot be answered from here. Replay it first."))
    if reason := privacy.refusal(channel, answered) or handles.refusal(ticket, answered, channel, actor):
        raise ReplyRefused(reason)
    reply = Reply(
        ticket=ticket,
        author=actor,
        channel=channel,
        text=text,
        in_reply_to=answered,
        status_after="" if status_after == "open" else status_after,
        status_before=ticket.status,
        send_at=window.end(now),
        created_at=now,
    )
    if "@" in channel.address.lstrip("@"):
        reply.recipients, reply.cc = recipients.of(ticket, answered)
        recipients.check(answered, reply.recipients, now)
        reply.subject = outgoing.subject_for(answered)[:1000]
    elif answered.is_auto:
        raise ReplyRefused(_("This is an automatic message. Nobody would read a reply."))
    return reply


def _channel(ticket: Ticket, actor: Any, channel_id: int) -> Channel:
    """The channel named by the form, if this person may reply as it. Raises ReplyRefused for anything that no page
    offered."""
    options = handles.reply_options(ticket, actor)
    for channel in options.channels:
        if channel.pk == channel_id:
            return channel
    if options.why == "account":
        raise ReplyRefused(
            _("You have no working account on this platform. Answer there, or add your account in your settings.")
        )
    reason = handles.role_refusal(ticket, channel_id, actor)
    raise ReplyRefused(reason or _("You cannot reply from this handle. Choose another one, or answer on the platform."))


def length(text: str, channel: Channel) -> tuple[int, int | None]:
    """(length as the platform counts it, its maximum)."""
    adapter = adapter_for(channel.connection.platform)
    return adapter.reply_length(text), adapter.reply_limit(channel.address)


def check_text(text: str, channel: Channel) -> None:
    """Raises ReplyRefused for empty text, or text over the platform's limit."""
    if not text:
        raise ReplyRefused(_("The reply is empty."))
    if len(text) > MAX_LENGTH:
        raise ReplyRefused(_("The reply is too long. The limit is %(most)s characters.") % {"most": MAX_LENGTH})
    count, longest = length(text, channel)
    if longest is not None and count > longest:
        raise ReplyRefused(
            _("The reply is %(over)s characters too long for %(channel)s.")
            % {"over": count - longest, "channel": channel.name}
        )


def _leave(ticket: Ticket, actor: Any, reply: Reply, now: datetime) -> None:
    changes: dict[str, Any] = {"assignee_id": actor.pk}
    if reply.status_after:
        changes["status"] = reply.status_after
    elif ticket.status not in (Ticket.Status.NEW, Ticket.Status.OPEN):
        changes["status"] = Ticket.Status.OPEN
    move(ticket, actor, now, EventKind.REPLIED, data={"reply": reply.pk}, keeps_claim=not reply.status_after, **changes)


@locks.once_more
def undo(reply_id: int, actor: Any, now: datetime, *, keeps_text: bool = True) -> Reply:
    """Undo a scheduled reply: the text is a draft again, the ticket as before and its author's. Without `keeps_text`
    (one of many) there is no draft, and nobody claims the ticket. Raises TooLate once it was handed over
    (`delete_posted` remains), PermissionDenied for somebody else's reply."""
    reply = lock(reply_id)
    rights.require_reply(actor, reply)
    if reply.state == Reply.State.UNDONE:
        return reply
    if reply.state != Reply.State.SCHEDULED:
        raise TooLate(reply)
    take_back(reply, Reply.State.UNDONE, now, actor=actor, keeps_text=keeps_text)
    return reply


@locks.once_more
def delete_posted(reply_id: int, actor: Any, now: datetime) -> OutboundItem:
    """Delete a posted reply on the platform; the message is marked once that is done. A repeated call changes nothing,
    unless the deletion failed: then it is retried."""
    access.require(actor, access.DELETE_REPLY)
    reply = lock(reply_id)
    message: Message | None = reply.message
    if reply.state not in (Reply.State.SENT, Reply.State.DELETED) or message is None:
        raise ReplyRefused(_("Only posted replies can be deleted on the platform."))
    if not adapter_for(reply.channel.connection.platform).can(Capability.DELETE):
        raise ReplyRefused(_("The desk cannot delete on this platform. Delete it there yourself."))
    item, is_going = sending_states.ask(
        key=sending_states.deletion_key(reply.key),
        kind=OutboundItem.Kind.DELETE,
        connection_id=reply.channel.connection_id,
        conversation=f"ticket:{reply.ticket_id}",
        payload={"external_id": message.reply_to_external_id or message.external_id, "sender": reply.channel.address},
        sent_as_id=reply.outbound.sent_as_id if reply.outbound else reply.author_id,
        now=now,
    )
    if reply.deletion_id is None:
        reply.deletion = item
        reply.save(update_fields=["deletion"])
    if is_going:
        record(reply.ticket, actor, now, EventKind.DELETE_ASKED, {"reply": reply.pk, "outbound": item.pk})
    return item
