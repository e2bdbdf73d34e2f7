"""Private messages are answered in private, on platforms that have both kinds."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from channels.models import Channel
from channels.registry.finding_adapters import UnknownPlatform, adapter_for
from mentions.models import Message


def is_private(message: Message) -> bool:
    """Reads its channel and connection."""
    try:
        return adapter_for(message.channel.connection.platform).is_private_thread(message.thread_id)
    except UnknownPlatform:
        return True


def sends_privately(channel: Channel) -> bool:
    """Whether what this channel sends is a private message, on a platform of public ones."""
    try:
        return adapter_for(channel.connection.platform).is_private_address(channel.address)
    except UnknownPlatform:
        return False


def fits(channel: Channel, message: Message) -> bool:
    return adapter_for(channel.connection.platform).may_answer(channel.address, message.thread_id)


def fitting(channels: Sequence[Channel], message: Message | None) -> list[Channel]:
    return [channel for channel in channels if message is None or fits(channel, message)]


def refusal(channel: Channel, message: Message) -> str:
    """Why a public handle may not answer; "" if it may."""
    if fits(channel, message):
        return ""
    return _("They wrote to us in private, so this cannot be answered in public. Choose the direct message.")
