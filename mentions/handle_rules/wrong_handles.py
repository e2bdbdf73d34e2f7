"""Notes automatically when a wrong handle was used: by us in an answer, wherever it was written, or by the people who
asked.

Runs in the transaction that stores the message, so nothing is left to find later; one note per message.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from channels.contract import Adapter, Grouping
from channels.models import Channel
from mentions.handle_rules import availability, candidates, privacy, talks
from mentions.handle_rules.right_handle import right_for
from mentions.handle_rules.talks import Talk, TalkMessage
from mentions.models import Event, EventKind, Message, Note, Ticket
from mentions.people import own_side


def has_handles(adapter: Adapter) -> bool:
    """Whether people choose among public handles there; for mail, the alias written to answers."""
    return adapter.needs_sender and adapter.grouping is Grouping.AUTHOR_IN_THREAD


def may_be_wrong(adapter: Adapter, channels: Sequence[Channel], *, is_ours: bool) -> bool:
    """A check without a statement, for every incoming message: `channels` saw it, primary first."""
    return has_handles(adapter) and (is_ours or bool(channels and availability.is_restricted(channels[0])))


def note(keys: Collection[tuple[str, str]], now: datetime) -> int:
    """Note which of these messages used a wrong handle; returns how many. `keys`: (namespace, external id) of messages
    just stored."""
    ids = [external_id for _namespace, external_id in keys]
    found = Message.objects.filter(external_id__in=ids, ticket__isnull=False, is_deleted=False)
    rows = found.exclude(direction=Message.Direction.BYSTANDER).select_related(
        "channel__connection", "ticket__channel__connection"
    )
    return sum(_note_one(m, now) for m in rows.defer("search") if (m.namespace, m.external_id) in keys)


def _note_one(message: Message, now: datetime) -> bool:
    ticket = message.ticket
    assert ticket is not None
    among = candidates.able(ticket)
    among = [channel for channel in among if not privacy.sends_privately(channel)]
    if len(among) < 2 or privacy.is_private(message) or _is_noted(ticket, message):
        return False
    talk = talks.of_ticket(ticket, availability.TAG)
    said = next((each for each in talk.messages if each.id == message.pk), None)
    if said is None:
        return False
    wrong = _of_ours(said, talk, among) if said.is_ours else _of_theirs(said, talk, among)
    if wrong is None:
        return False
    used, right = wrong
    names = {"used": own_side.account_of(used), "right": own_side.account_of(right)}
    data = {"message": message.pk, "is_ours": said.is_ours, **names}
    Event.objects.create(ticket=ticket, at=now, kind=EventKind.WRONG_HANDLE, data=data)
    if said.is_ours:
        text = _("Wrong handle: answered from %(used)s instead of %(right)s. Follow up from %(right)s.") % names
        Note.objects.create(ticket=ticket, text=text, created_at=now)
    return True


def _is_noted(ticket: Ticket, message: Message) -> bool:
    return Event.objects.filter(ticket=ticket, kind=EventKind.WRONG_HANDLE, data__message=message.pk).exists()


def _of_ours(said: TalkMessage, talk: Talk, among: Sequence[Channel]) -> tuple[Channel, Channel] | None:
    """(used, right) of our answer. Colleagues' own accounts aren't our handles."""
    used = next((channel for channel in among if said.is_by(channel)), None)
    asked = talk.answered_by(said)
    if used is None or asked is None:
        return None
    right = right_for(asked, talk, among)
    is_fine = used == right or (used == among[0] and availability.is_restricted(right))
    return None if is_fine else (used, right)


def _of_theirs(said: TalkMessage, talk: Talk, among: Sequence[Channel]) -> tuple[Channel, Channel] | None:
    """(named, right) of a message that named only a handle that doesn't answer such questions."""
    named = [channel for channel in among if channel.pk in said.seen_by]
    if not named or not all(availability.is_restricted(channel) for channel in named):
        return None
    if talk.answer_above(said) is not None:
        return None  # they reply to something we sent from there
    right = right_for(said, talk, among)
    return None if right in named else (named[0], right)
