"""Assigns mentions to the channels of a connection. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from channels.contract import Mention
from channels.models import Channel
from channels.registry.configs import address_of


def channels_for(channels: Iterable[Channel], mention: Mention) -> list[Channel]:
    """The active channels the mention was sent to, best rank first; the first one is the primary. On equal rank, the
    one named first wins.

    The first tier of `mention.addressed` that names a channel decides. Without a match, the default channels get it,
    else those without an address, else the best-ranked one: a missing setting loses nothing. Empty only if the
    connection has no active channel.
    """
    ranked = sorted((c for c in channels if c.is_active), key=lambda channel: (channel.rank, channel.pk or 0))
    for tier in mention.addressed:
        named = list(dict.fromkeys(name.strip().lower().removeprefix("@") for name in tier))
        found = [channel for channel in ranked if address_of(channel) and address_of(channel) in named]
        if found:
            return sorted(found, key=lambda channel: (channel.rank, named.index(address_of(channel))))
    for fallback in (lambda c: c.is_default, lambda c: not c.address):
        found = [channel for channel in ranked if fallback(channel)]
        if found:
            return found
    return ranked[:1]
