"""Which channels of a connection saw a mention. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from channels.configs import address_of
from channels.contract import Mention
from channels.models import Channel


def channels_for(channels: Iterable[Channel], mention: Mention) -> list[Channel]:
    """The active channels it was written to, best rank first; the first one is the primary.

    The first tier of `mention.addressed` that names a channel decides (mail: Delivered-To before To and Cc). What
    names none goes to the channel without an address, else to the default, else to the best one: nothing is lost for
    want of a setting. Empty only if the connection has no active channel.
    """
    ranked = sorted((c for c in channels if c.is_active), key=lambda channel: (channel.rank, channel.pk or 0))
    for tier in mention.addressed:
        named = {name.strip().lower().removeprefix("@") for name in tier}
        found = [channel for channel in ranked if address_of(channel) and address_of(channel) in named]
        if found:
            return found
    for fallback in (lambda c: c.is_default, lambda c: not c.address):
        found = [channel for channel in ranked if fallback(channel)]
        if found:
            return found
    return ranked[:1]
