"""Which handle or alias answers, and where an answer is written that the desk cannot send.

A message that names several of our handles is answered from the main one (lowest rank), unless it is about
availability: a channel whose settings say `availability_only` answers only that, and whoever answers an update of its
own. It is a suggestion; the advocate may choose any channel that the ticket's channel is answered from and that their
roles may reply as. Where people answer from their own accounts, the choice is themselves.
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
from mentions.people import access
from mentions.people.access import User

AVAILABILITY_WORDS = (
    *("down", "outage", "offline", "unavailable", "unreachable", "status", "incident", "degraded", "slow"),
    *("timeout", "timing out", "502", "503", "504", "500 error", "maintenance"),
)
"""Unless the channel's settings have `availability_words` of their own."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How somebody may answer a ticket from the desk; without `channels` the answer is given outside, for `why`."""

    channels: list[Channel]
    """Best rank first; where people answer from accounts of their own, one for each such account."""
    accounts: dict[int, PersonalAccount]
    """Connection → own account that the answer leaves from."""
    why: str = ""
    """platform (takes no answers), role (may not), account (none of one's own, or none that works)."""

    def label(self, channel: Channel) -> str:
        account = self.accounts.get(channel.connection_id)
        return channel.name if account is None else _("yourself (%(account)s)") % {"account": account.name}


def can_send(channel: Channel, user: User | None = None) -> bool:
    """Whether the desk itself can post there (for `user`, where people post from their own accounts); otherwise the
    answer is given outside."""
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
    """The channels that may answer this ticket, best rank first; empty: answer outside. Without `user`, what the desk
    itself could use."""
    return ways(ticket, user).channels


def ways(ticket: Ticket, user: User | None, siblings: Iterable[Channel] | None = None) -> Ways:
    """`siblings`: the channels of the ticket's connection with it, where they are known already."""
    able = [c for c in _candidates(ticket, siblings) if _takes_answers(c)]
    able.sort(key=lambda channel: (channel.rank, channel.pk))
    if not able:
        return Ways([], {}, "platform")
    allowed = able if user is None else allowed_as(user, access.may_answer_from(user, ticket, able))
    if not allowed:
        return Ways([], {}, "role")
    of_people = {c.connection_id for c in allowed if personal.is_needed(c.connection)}
    accounts = personal.usable(user.id, of_people) if user is not None and of_people else {}
    usable = [c for c in allowed if c.connection_id not in of_people]
    for connection_id in accounts:
        theirs = [c for c in allowed if c.connection_id == connection_id]
        usable.append(next((c for c in theirs if c.pk == ticket.channel_id), theirs[0]))
    usable.sort(key=lambda channel: (channel.rank, channel.pk))
    return Ways(usable, accounts, "" if usable else "account")


def allowed_as(user: User, channels: Iterable[Channel]) -> list[Channel]:
    """Those as which this person may reply, by their roles."""
    return [c for c in channels if not c.reply_roles or access.has_role(user, c.reply_roles)]


def _candidates(ticket: Ticket, siblings: Iterable[Channel] | None) -> list[Channel]:
    """What the ticket's channel says it is answered from, else all of its connection."""
    mine = ticket.channel
    if not mine.answers_from:
        if siblings is None:
            siblings = Channel.objects.filter(connection_id=mine.connection_id).select_related("connection")
        return list(siblings)
    named = Channel.objects.filter(slug__in=mine.answers_from, connection__platform=mine.connection.platform)
    space = None
    found = []
    for channel in named.select_related("connection"):
        if channel.connection_id != mine.connection_id:
            space = space or _namespace(mine)
            if space is None or _namespace(channel) != space:
                continue  # the same id is another post there
        found.append(channel)
    return found


def _namespace(channel: Channel) -> str | None:
    try:
        return adapter_for(channel.connection.platform).namespace(config_for(channel.connection))
    except (UnknownPlatform, InvalidSettings):
        return None


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
