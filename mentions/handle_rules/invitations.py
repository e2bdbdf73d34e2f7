"""Routes private messages to the ticket of the public conversation that they belong to: the one in which we sent the
person a direct message or invited one. A later conversation takes over."""

from __future__ import annotations

import re

from channels.models import Channel
from channels.registry.configs import config_for
from channels.registry.finding_adapters import adapter_for
from mentions.handle_rules import privacy
from mentions.models import Reply, ThreadAlias
from mentions.tickets.thread_keys import author_key

_INVITES = re.compile(r"\b(?:dms?|direct message|direct messages|private message|messages/compose)\b", re.IGNORECASE)


def link(reply: Reply) -> bool:
    """Route this person's private messages to the ticket of a reply that was just sent. Runs in the caller's
    transaction. Returns whether they now lead to it."""
    asked = reply.in_reply_to
    if asked is None or not (privacy.sends_privately(reply.channel) or _INVITES.search(reply.text)):
        return False
    threads = {thread_of(channel, asked.author.external_id) for channel in _private_ones(reply.channel)} - {""}
    for thread in threads:
        key = author_key(thread, asked.author.external_id)
        ThreadAlias.objects.update_or_create(namespace=asked.namespace, key=key, defaults={"ticket": reply.ticket})
    return bool(threads)


def thread_of(channel: Channel, person: str) -> str:
    """The thread of this private channel with a person; "" if unknown."""
    adapter = adapter_for(channel.connection.platform)
    return adapter.private_thread(config_for(channel.connection), channel.address, person)


def _private_ones(channel: Channel) -> list[Channel]:
    """The channel itself, or all through which an invited person may write."""
    if privacy.sends_privately(channel):
        return [channel]
    siblings = Channel.objects.filter(connection_id=channel.connection_id, is_active=True)
    return [each for each in siblings.select_related("connection") if privacy.sends_privately(each)]
