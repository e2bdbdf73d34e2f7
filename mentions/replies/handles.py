"""Suggests the handle or alias to answer from, and the URL for answers the desk cannot send.

A message that names several of our handles is answered from the main one (lowest rank), unless it is about
availability: a channel with the setting `availability_only` answers only that, and replies to its own updates. The
advocate may choose any channel that the ticket's channel is answered from and that their roles may reply as. Where
people answer from personal accounts, the choice is their own account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels.contract import Capability
from channels.models import Channel, PersonalAccount
from channels.outbox import personal
from channels.registry.configs import config_for
from channels.registry.fields import InvalidSettings
from channels.registry.lookup import UnknownPlatform, adapter_for
from mentions.models import Message, ThreadPost, Ticket
from mentions.people import access, own_side
from mentions.people.access import User

AVAILABILITY_WORDS = (
    *("down", "outage", "offline", "unavailable", "unreachable", "status", "incident", "degraded", "slow"),
    *("timeout", "timing out", "502", "503", "504", "500 error", "maintenance"),
)
"""Defaults for the channel setting `availability_words`."""


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """How somebody may answer a ticket from the desk; without `channels` they answer outside, because of `why`."""

    channels: list[Channel]
    """Best rank first; on platforms with personal accounts, one per account."""
    accounts: dict[int, PersonalAccount]
    """Connection → personal account the answer is sent from."""
    why: str = ""
    """platform (takes no answers), role (not allowed), account (no personal account, or none that works)."""

    def label(self, channel: Channel) -> str:
        account = self.accounts.get(channel.connection_id)
        return (
            own_side.of_channel(channel) if account is None else _("yourself (%(account)s)") % {"account": account.name}
        )


def can_send(channel: Channel, user: User | None = None) -> bool:
    """Whether the desk can post there (for `user`, on platforms with personal accounts); otherwise the answer is given
    outside."""
    if not _takes_answers(channel):
        return False
    if not personal.is_needed(channel.connection):
        return True
    return user is not None and bool(personal.usable(user.id, [channel.connection_id]))


def _takes_answers(channel: Channel) -> bool:
    try:
        adapter = adapter_for(channel.connection.platform)
    except UnknownPlatform:
        return False
    is_named = bool(channel.address) or not adapter.needs_sender
    return channel.is_active and channel.may_reply and is_named and adapter.can(Capability.SEND)


def choices(ticket: Ticket, user: User | None = None) -> list[Channel]:
    """The channels that may answer this ticket, best rank first; empty: answer outside. Without `user`, those the desk
    itself could use."""
    return ways(ticket, user).channels


def ways(ticket: Ticket, user: User | None, siblings: Iterable[Channel] | None = None) -> ReplyOptions:
    """`siblings`: the channels of the ticket's connection, if already loaded."""
    able = [c for c in _candidates(ticket, siblings) if _takes_answers(c)]
    able.sort(key=lambda channel: (channel.rank, channel.pk))
    if not able:
        return ReplyOptions([], {}, "platform")
    allowed = able if user is None else allowed_as(user, access.may_answer_from(user, ticket, able))
    if not allowed:
        return ReplyOptions([], {}, "role")
    of_people = {c.connection_id for c in allowed if personal.is_needed(c.connection)}
    accounts = personal.usable(user.id, of_people) if user is not None and of_people else {}
    usable = [c for c in allowed if c.connection_id not in of_people]
    for connection_id in accounts:
        theirs = [c for c in allowed if c.connection_id == connection_id]
        usable.append(next((c for c in theirs if c.pk == ticket.channel_id), theirs[0]))
    usable.sort(key=lambda channel: (channel.rank, channel.pk))
    return ReplyOptions(usable, accounts, "" if usable else "account")


def allowed_as(user: User, channels: Iterable[Channel]) -> list[Channel]:
    """The channels this person may reply as, by their roles."""
    return [c for c in channels if not c.reply_roles or access.has_role(user, c.reply_roles)]


def _candidates(ticket: Ticket, siblings: Iterable[Channel] | None) -> list[Channel]:
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
                continue  # the same id is a different post there
        found.append(channel)
    return found


def _namespace(channel: Channel) -> str | None:
    try:
        return adapter_for(channel.connection.platform).namespace(config_for(channel.connection))
    except (UnknownPlatform, InvalidSettings):
        return None


def suggest(ticket: Ticket, message: Message | None, among: Sequence[Channel] | None = None) -> Channel | None:
    """The channel that should answer `message`; None if the desk cannot send there."""
    allowed = list(among) if among is not None else choices(ticket)
    if not allowed:
        return None
    named = _named(ticket, message, allowed)
    status = [c for c in named if c.settings.get("availability_only")]
    if status and message and (_is_about_availability(message.text, status[0]) or _answers(message, status[0])):
        return status[0]
    # Only the status handle was named, but not about availability: the main handle answers.
    usual = [c for c in named if c not in status] or [c for c in allowed if not c.settings.get("availability_only")]
    return (usual or allowed)[0]


def _named(ticket: Ticket, message: Message | None, allowed: Sequence[Channel]) -> list[Channel]:
    seen = {ticket.channel_id}
    if message is not None:
        known = getattr(message, "seen_by", None)  # preloaded with a message for its page
        seen = set(message.sightings.values_list("channel_id", flat=True) if known is None else known)
        seen = seen or {message.channel_id}
    return [channel for channel in allowed if channel.pk in seen]


def _is_about_availability(text: str, channel: Channel) -> bool:
    words = channel.settings.get("availability_words") or AVAILABILITY_WORDS
    pattern = "|".join(re.escape(str(word)) for word in words)
    return bool(re.search(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE))


def _answers(message: Message, channel: Channel) -> bool:
    """Whether it replies to a post by this handle."""
    if not message.parent_external_id:
        return False
    parent = {"namespace": message.namespace, "external_id": message.parent_external_id}
    return (
        ThreadPost.objects.filter(**parent, author_handle__iexact=channel.address).exists()
        or Message.objects.filter(**parent, author__handle__iexact=channel.address).exists()
    )


def reply_url(message: Message) -> str | None:
    """The URL where an answer to `message` is written."""
    connection = message.channel.connection
    try:
        adapter, config = adapter_for(connection.platform), config_for(connection)
    except (UnknownPlatform, ValueError):
        return message.url or None
    return adapter.reply_url(message.url or None, message.external_id, config)
