"""Liking what somebody said: once, through the outbox. Nothing here takes a like back; the platform's own page does."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from channels.contract import Capability
from channels.models import Connection, OutboundItem
from channels.outbox import personal
from channels.registry.lookup import UnknownPlatform, adapter_for
from mentions.db import locks
from mentions.models import Message, Ticket
from mentions.replies import promises
from mentions.tickets.transitions import OutcomeRefused, record


def can_like(connection: Connection, user: Any) -> bool:
    """Whether this person can like there from the desk: where people speak for themselves, with their own account."""
    try:
        if not adapter_for(connection.platform).can(Capability.LIKE):
            return False
    except UnknownPlatform:
        return False
    return not personal.is_needed(connection) or bool(personal.usable(user.pk, [connection.pk]))


@locks.once_more
def like(ticket_id: int, message_id: int, actor: Any, now: datetime) -> OutboundItem:
    """Have a message of theirs liked by our main handle, or from one's own account where people speak for themselves. A
    second time changes nothing, unless the first one failed: then it is tried again. Raises OutcomeRefused."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    message = ticket.messages.select_related("channel__connection").filter(pk=message_id).first()
    if message is None or message.is_deleted or message.is_unreadable or message.direction == Message.Direction.TEAM:
        raise OutcomeRefused(_("This message cannot be liked."))
    if not can_like(message.channel.connection, actor):
        raise OutcomeRefused(_("The desk cannot like there; do it on the platform itself."))
    item, is_going = _ask(message, actor, now)
    if is_going:
        record(ticket, actor, now, "liked", {"message": message_id, "outbound": item.pk})
    return item


def like_praise(ticket: Ticket, actor: Any, leaves_at: datetime) -> OutboundItem | None:
    """For a locked ticket that ends as praise: its last message of theirs is liked at `leaves_at`, until when it can be
    cancelled. None where the desk cannot like, or has done so already."""
    inbound = ticket.messages.filter(direction=Message.Direction.INBOUND, is_deleted=False)
    message = inbound.select_related("channel__connection").order_by("-posted_at", "-id").first()
    if message is None or not can_like(message.channel.connection, actor):
        return None
    item, is_going = _ask(message, actor, leaves_at)
    return item if is_going else None


def _ask(message: Message, actor: Any, leaves_at: datetime) -> tuple[OutboundItem, bool]:
    return promises.ask(
        key=_key(message.pk),
        kind=OutboundItem.Kind.LIKE,
        connection_id=message.channel.connection_id,
        conversation=f"ticket:{message.ticket_id}",
        payload={"external_id": message.reply_to_external_id or message.external_id},
        sent_as_id=actor.pk,
        now=leaves_at,
    )


def _key(message_id: int) -> UUID:
    """The same for the same message. `mentions.tickets.conversation` finds what became of it by the same sum."""
    return UUID(hashlib.md5(f"like:{message_id}".encode(), usedforsecurity=False).hexdigest())
