"""The handles and aliases that a ticket can be answered from, whoever answers."""

from __future__ import annotations

from collections.abc import Iterable

from channels.contract import Capability
from channels.models import Channel
from channels.registry.configs import config_for
from channels.registry.fields import InvalidSettings
from channels.registry.finding_adapters import UnknownPlatform, adapter_for
from mentions.models import Ticket


def able(ticket: Ticket, siblings: Iterable[Channel] | None = None) -> list[Channel]:
    """The channels that the desk can answer this ticket from, best rank first. `siblings`: the channels of the ticket's
    connection,
    if already loaded."""
    found = [channel for channel in _named(ticket, siblings) if takes_answers(channel)]
    return sorted(found, key=lambda channel: (channel.rank, channel.pk))


def takes_answers(channel: Channel) -> bool:
    """Whether the desk can post replies there."""
    try:
        adapter = adapter_for(channel.connection.platform)
    except UnknownPlatform:
        return False
    is_named = bool(channel.address) or not adapter.needs_sender
    return channel.is_active and channel.may_reply and is_named and adapter.can(Capability.SEND)


def _named(ticket: Ticket, siblings: Iterable[Channel] | None) -> list[Channel]:
    """The channels that the ticket's channel is answered from, by default all of its connection."""
    mine = ticket.channel
    if not mine.answers_from:
        if siblings is None:
            siblings = Channel.objects.filter(connection_id=mine.connection_id).select_related("connection")
        return list(siblings)
    named = Channel.objects.filter(slug__in=mine.answers_from, connection__platform=mine.connection.platform)
    namespace = None
    found = []
    for channel in named.select_related("connection"):
        if channel.connection_id != mine.connection_id:
            namespace = namespace or _namespace(mine)
            if namespace is None or _namespace(channel) != namespace:
                continue  # on another platform, the same id is a different post
        found.append(channel)
    return found


def _namespace(channel: Channel) -> str | None:
    try:
        return adapter_for(channel.connection.platform).namespace(config_for(channel.connection))
    except (UnknownPlatform, InvalidSettings):
        return None
