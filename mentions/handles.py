"""Which handle or alias answers, and where an answer is written that the desk cannot send.

A message that names several of our handles is answered from the main one (lowest rank), unless it is about
availability: a channel whose settings say `availability_only` answers only that, and whoever answers an update of its
own. It is a suggestion; the advocate may choose any channel of the same connection that may reply.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from channels.configs import config_for
from channels.contract import Capability
from channels.models import Channel
from channels.registry import UnknownPlatform, adapter_for
from mentions.models import Message, ThreadPost, Ticket

AVAILABILITY_WORDS = (
    *("down", "outage", "offline", "unavailable", "unreachable", "status", "incident", "degraded", "slow"),
    *("timeout", "timing out", "502", "503", "504", "500 error", "maintenance"),
)
"""Unless the channel's settings have `availability_words` of their own."""


def can_send(channel: Channel) -> bool:
    """Whether the desk itself can post there; otherwise the answer is given outside."""
    try:
        return channel.may_reply and adapter_for(channel.connection.platform).can(Capability.SEND)
    except UnknownPlatform:
        return False


def choices(ticket: Ticket) -> list[Channel]:
    """The channels that may answer this ticket, best rank first; empty: answer outside."""
    return answering(Channel.objects.filter(connection_id=ticket.channel.connection_id).select_related("connection"))


def answering(siblings: Iterable[Channel]) -> list[Channel]:
    """Those channels of one connection that may answer, best rank first."""
    ranked = sorted(siblings, key=lambda channel: (channel.rank, channel.pk))
    return [c for c in ranked if c.is_active and c.address and can_send(c)]


def suggest(ticket: Ticket, message: Message | None, among: Sequence[Channel] | None = None) -> Channel | None:
    """The one that should answer `message`; None when the desk cannot send there."""
    allowed = list(among) if among is not None else choices(ticket)
    if not allowed:
        return None
    named = _named(ticket, message, allowed)
    status = [c for c in named if c.settings.get("availability_only")]
    if status and message and (_is_about_availability(message.text, status[0]) or _answers(message, status[0])):
        return status[0]
    # Only the status handle was named, and not about availability: the main handle answers all the same.
    usual = [c for c in named if c not in status] or [c for c in allowed if not c.settings.get("availability_only")]
    return (usual or allowed)[0]


def _named(ticket: Ticket, message: Message | None, allowed: Sequence[Channel]) -> list[Channel]:
    seen = {ticket.channel_id}
    if message is not None:
        known = getattr(message, "seen_by", None)  # comes with a message that was loaded for its page
        seen = set(message.sightings.values_list("channel_id", flat=True) if known is None else known)
        seen = seen or {message.channel_id}
    return [channel for channel in allowed if channel.pk in seen]


def _is_about_availability(text: str, channel: Channel) -> bool:
    words = channel.settings.get("availability_words") or AVAILABILITY_WORDS
    pattern = "|".join(re.escape(str(word)) for word in words)
    return bool(re.search(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE))


def _answers(message: Message, channel: Channel) -> bool:
    """Whether it replies to something that this handle wrote."""
    if not message.parent_external_id:
        return False
    parent = {"namespace": message.namespace, "external_id": message.parent_external_id}
    return (
        ThreadPost.objects.filter(**parent, author_handle__iexact=channel.address).exists()
        or Message.objects.filter(**parent, author__handle__iexact=channel.address).exists()
    )


def reply_url(message: Message) -> str | None:
    """Where in the browser an answer to `message` is written."""
    connection = message.channel.connection
    try:
        adapter, config = adapter_for(connection.platform), config_for(connection)
    except (UnknownPlatform, ValueError):
        return message.url or None
    return adapter.reply_url(message.url or None, message.external_id, config)
