"""Likes a message once, through the outbox. To remove a like, use the platform."""

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
from mentions.models import EventKind, Message, Ticket
from mentions.replies import promises
from mentions.tickets.transitions import OutcomeRefused, record


def can_like(connection: Connection, user: Any) -> bool:
    """Whether this person can like there from the desk; on platforms with personal accounts, with their own."""
    try:
        if not adapter_for(connection.platform).can(Capability.LIKE):
            return False
    except UnknownPlatform:
        return False
    return not personal.is_needed(connection) or bool(personal.usable(user.pk, [connection.pk]))


@locks.once_more
def like(ticket_id: int, message_id: int, actor: Any, now: datetime) -> OutboundItem:
    """Like an inbound message from our main handle, or from one's personal account where the platform requires it. A
    second call changes nothing, unless the first failed: then it is retried. Raises OutcomeRefused."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    message = ticket.messages.select_related("channel__connection").filter(pk=message_id).first()
    if message is None or message.is_deleted or message.is_unreadable or message.direction == Message.Direction.TEAM:
        raise OutcomeRefused(_("This message cannot be liked."))
    if not can_like(message.channel.connection, actor):
        raise OutcomeRefused(_("The desk cannot like messages on this platform. Like it there yourself."))
    item, is_going = _ask(message, actor, now)
    if is_going:
        record(ticket, actor, now, EventKind.LIKED, {"message": message_id, "outbound": item.pk})
    return item


def like_praise(ticket: Ticket, actor: Any, leaves_at: datetime) -> OutboundItem | None:
    """For a locked ticket closed as praise: like its last inbound message at `leaves_at`; cancellable until then. None
    if the desk cannot like it, or already has."""
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
    """Stable per message. `mentions.tickets.conversation` computes the same key to find the like's state."""
    return UUID(hashlib.md5(f"like:{message_id}".encode(), usedforsecurity=False).hexdigest())
