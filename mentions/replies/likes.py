"""Likes praise, once, through the outbox: only tickets tagged as praise, only for people with the right, never from a
handle that does not like. A like can be removed only on the platform."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from channels.contract import Capability
from channels.models import Channel, OutboundItem
from channels.outbox import personal
from channels.registry.finding_adapters import UnknownPlatform, adapter_for
from mentions.db import locks
from mentions.handle_rules import privacy
from mentions.models import EventKind, Message, Ticket
from mentions.people import access, own_side
from mentions.replies import sending_states
from mentions.tickets.transitions import OutcomeRefused, record

PRAISE_TAG = "praise"
"""Only tickets with this tag are liked."""


def can_like(channel: Channel, user: Any) -> bool:
    """Whether this person can like praise in this channel from the desk; on platforms with personal accounts, with
    their own."""
    return not why_not(channel, user)


def why_not(channel: Channel, user: Any) -> str:
    """Why this person cannot like in this channel, for them to read; "" if they can."""
    connection = channel.connection
    if not _takes_likes(channel) or (personal.is_needed(connection) and not personal.usable(user.pk, [connection.pk])):
        return _("The desk cannot like messages on this platform. Like it there yourself.")
    if channel.settings.get("never_likes"):
        return _("Likes are switched off for %(handle)s.") % {"handle": own_side.account_of(channel)}
    if not user.has_perm(access.LIKE):
        return _("Your role cannot like messages. Ask an advocate.")
    return ""


def _takes_likes(channel: Channel) -> bool:
    try:
        return adapter_for(channel.connection.platform).can(Capability.LIKE)
    except UnknownPlatform:
        return False


@locks.once_more
def like(ticket_id: int, message_id: int, actor: Any, now: datetime) -> OutboundItem:
    """Like an inbound message of a ticket tagged as praise, from our main handle, or from one's personal account where
    the platform requires it. A second call changes nothing, unless the first failed: then it is retried. Raises
    OutcomeRefused."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    message = ticket.messages.select_related("channel__connection").filter(pk=message_id).first()
    if message is None or message.is_deleted or message.is_unreadable or message.direction == Message.Direction.TEAM:
        raise OutcomeRefused(_("This message cannot be liked."))
    if privacy.is_private(message):
        raise OutcomeRefused(_("Private messages cannot be liked."))
    if reason := why_not(message.channel, actor):
        raise OutcomeRefused(reason)
    if not ticket.tags.filter(name=PRAISE_TAG).exists():
        raise OutcomeRefused(_("Likes are for praise only. Tag the ticket “%(tag)s” first.") % {"tag": PRAISE_TAG})
    item, is_going = _ask(message, actor, now)
    if is_going:
        record(ticket, actor, now, EventKind.LIKED, {"message": message_id, "outbound": item.pk})
    return item


def like_praise(ticket: Ticket, actor: Any, leaves_at: datetime) -> OutboundItem | None:
    """For a locked ticket that is praise: like its last inbound message at `leaves_at`; cancellable until then. None
    if it cannot be liked, or already is."""
    message = liked_of(ticket)
    if message is None or privacy.is_private(message) or not can_like(message.channel, actor):
        return None
    item, is_going = _ask(message, actor, leaves_at)
    return item if is_going else None


def liked_of(ticket: Ticket) -> Message | None:
    """The message that a like of the ticket applies to: its last inbound one."""
    inbound = ticket.messages.filter(direction=Message.Direction.INBOUND, is_deleted=False, is_unreadable=False)
    return inbound.select_related("channel__connection").defer("search").order_by("-posted_at", "-id").first()


def _ask(message: Message, actor: Any, leaves_at: datetime) -> tuple[OutboundItem, bool]:
    return sending_states.ask(
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
