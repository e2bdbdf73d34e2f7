"""Which handles somebody may answer a ticket from, which one to suggest, and the URL for answers that the desk cannot
send.

The advocate may choose any handle that the ticket's channel is answered from and that their roles may reply as; a
handle kept for availability answers nothing else, whoever asks (`mentions.handle_rules`). Where people answer from
personal accounts, the choice is their own account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels.models import Channel, PersonalAccount
from channels.outbox import personal
from channels.registry.configs import config_for
from channels.registry.finding_adapters import UnknownPlatform, adapter_for
from mentions.handle_rules import availability, candidates, privacy, talks
from mentions.handle_rules.right_handle import Advice, advice
from mentions.handle_rules.talks import Talk, TalkMessage
from mentions.models import Message, Ticket
from mentions.people import access, own_side
from mentions.people.access import User


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """The handles that somebody may answer a ticket from. Without `channels` they answer outside; `why` is the
    reason."""

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
    if not candidates.takes_answers(channel):
        return False
    if not personal.is_needed(channel.connection):
        return True
    return user is not None and bool(personal.usable(user.id, [channel.connection_id]))


def choices(ticket: Ticket, user: User | None = None) -> list[Channel]:
    """The channels that may answer this ticket, best rank first; empty: answer outside. Without `user`, those the desk
    itself could use."""
    return reply_options(ticket, user).channels


def reply_options(ticket: Ticket, user: User | None, siblings: Iterable[Channel] | None = None) -> ReplyOptions:
    """How this person may answer the ticket. `siblings`: the channels of its connection, if already loaded."""
    capable = candidates.able(ticket, siblings)
    if not capable:
        return ReplyOptions([], {}, "platform")
    allowed = capable if user is None else allowed_as(user, access.may_answer_from(user, ticket, capable))
    if not allowed:
        return ReplyOptions([], {}, "role")
    with_accounts = {c.connection_id for c in allowed if personal.is_needed(c.connection)}
    accounts = personal.usable(user.id, with_accounts) if user is not None and with_accounts else {}
    usable = [c for c in allowed if c.connection_id not in with_accounts]
    for connection_id in accounts:
        of_connection = [c for c in allowed if c.connection_id == connection_id]
        usable.append(next((c for c in of_connection if c.pk == ticket.channel_id), of_connection[0]))
    usable.sort(key=lambda channel: (channel.rank, channel.pk))
    return ReplyOptions(usable, accounts, "" if usable else "account")


def fitting(options: ReplyOptions, message: Message | None) -> ReplyOptions:
    """The options limited to channels that may answer this message: nothing private is answered in public."""
    channels = privacy.fitting(options.channels, message)
    why = options.why or ("" if channels or not options.channels else "role")
    return ReplyOptions(channels, options.accounts, why)


def allowed_as(user: User, channels: Iterable[Channel]) -> list[Channel]:
    """The channels this person may reply as, by their roles."""
    return [c for c in channels if not c.reply_roles or access.has_role(user, c.reply_roles)]


def suggest(ticket: Ticket, message: Message | None, among: Sequence[Channel] | None = None) -> Channel | None:
    """The channel that should answer `message`; None if the desk cannot send there."""
    found = advise(ticket, message, choices(ticket) if among is None else among)
    return found.channel if found else None


def advise(
    ticket: Ticket, message: Message | None, among: Sequence[Channel], talk: Talk | None = None
) -> Advice | None:
    """The channel among these that should answer `message`, and why. `talk`: the conversation, if already loaded."""
    if len(among) < 2:
        return Advice(among[0]) if among else None
    said, talk = _said(ticket, message, talk)
    return advice(said, talk, among)


def _said(ticket: Ticket, message: Message | None, talk: Talk | None) -> tuple[TalkMessage | None, Talk]:
    talk = talk or talks.of_ticket(ticket, availability.TAG)
    if message is None:
        return None, talk
    preloaded = getattr(message, "seen_by", None)  # preloaded with a message for its page
    seen_by = message.sightings.values_list("channel_id", flat=True) if preloaded is None else preloaded
    return talks.said(message, seen_by), talk


def refusal(ticket: Ticket, message: Message, channel: Channel, user: User) -> str:
    """Why nobody may answer `message` from this handle, and which one to use; "" if it may."""
    if not availability.is_restricted(channel):
        return ""
    said, talk = _said(ticket, message, None)
    if said is None or availability.may_answer(channel, said, talk):
        return ""
    return availability.refusal(own_side.account_of(channel), _instead(ticket, message, user, channel))


def role_refusal(ticket: Ticket, channel_id: int, user: User) -> str:
    """Why this person's roles may not reply as the ticket's channel with this id; "" if that isn't the reason."""
    channel = next((c for c in candidates.able(ticket) if c.pk == channel_id), None)
    if channel is None or allowed_as(user, [channel]):
        return ""
    message = ticket.messages.filter(direction=Message.Direction.INBOUND).order_by("-posted_at", "-id").first()
    instead = _instead(ticket, message, user, channel)
    reason = _("Your role cannot reply as %(handle)s.") % {"handle": own_side.account_of(channel)}
    if not instead:
        return f"{reason} {_('Hand the ticket back with a note, or write a draft for somebody else to send.')}"
    return f"{reason} {_('Reply from %(right)s instead.') % {'right': instead}}"


def _instead(ticket: Ticket, message: Message | None, user: User, channel: Channel) -> str:
    among = [c for c in reply_options(ticket, user).channels if c != channel]
    suggested = suggest(ticket, message, among)
    return own_side.account_of(suggested) if suggested else ""


def reply_url(message: Message) -> str | None:
    """The URL where an answer to `message` is written."""
    connection = message.channel.connection
    try:
        adapter, config = adapter_for(connection.platform), config_for(connection)
    except (UnknownPlatform, ValueError):
        return message.url or None
    return adapter.reply_url(message.url or None, message.external_id, config)
