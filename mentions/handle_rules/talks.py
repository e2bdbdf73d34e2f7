"""A ticket's conversation as the handle rules see it: who said what, to which of our handles, in reply to what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from channels.models import Channel
from mentions.models import Message, Sighting, Ticket


@dataclass(frozen=True, slots=True)
class TalkMessage:
    """A message. `seen_by`: ids of the channels that it named; `handle`: its author's, lower case."""

    id: int
    is_ours: bool
    external_ids: tuple[str, ...]
    parent_id: str
    namespace: str
    text: str
    handle: str
    seen_by: frozenset[int]

    def is_by(self, channel: Channel) -> bool:
        return self.is_ours and bool(self.handle) and self.handle == channel.address.strip().lstrip("@").lower()


@dataclass(frozen=True, slots=True)
class Talk:
    """A ticket's messages, in order of time."""

    messages: Sequence[TalkMessage]
    has_tag: bool = False
    """Somebody tagged the ticket as being about availability."""

    def answered_by(self, ours: TalkMessage) -> TalkMessage | None:
        """The message that one of our answers replies to: by its parent, else the last one before it."""
        before = self.messages[: self._place(ours)]
        asked = [each for each in before if not each.is_ours]
        under = [each for each in asked if ours.parent_id and ours.parent_id in each.external_ids]
        return next(reversed(under or asked), None)

    def answer_above(self, said: TalkMessage) -> TalkMessage | None:
        """Our answer in this ticket that a follow-up replies to."""
        before = self.messages[: self._place(said)]
        return next((m for m in before if m.is_ours and said.parent_id and said.parent_id in m.external_ids), None)

    def _place(self, said: TalkMessage) -> int:
        return next((place for place, each in enumerate(self.messages) if each.id == said.id), len(self.messages))


def of_ticket(ticket: Ticket, tag: str) -> Talk:
    """Three statements."""
    rows = Message.objects.filter(ticket=ticket).select_related("author").order_by("posted_at", "id").defer("search")
    seen: dict[int, set[int]] = {}
    for message_id, channel_id in Sighting.objects.filter(message__ticket=ticket).values_list("message", "channel"):
        seen.setdefault(message_id, set()).add(channel_id)
    messages = [said(message, seen.get(message.pk, ())) for message in rows]
    return Talk(messages, ticket.tags.filter(name=tag).exists())


def said(message: Message, seen_by: Iterable[int] = ()) -> TalkMessage:
    """The message as the handle rules see it. Without sightings (our own, or stored by hand), its channel counts as
    having seen it."""
    return TalkMessage(
        id=message.pk,
        is_ours=message.direction == Message.Direction.TEAM,
        external_ids=tuple(each for each in (message.external_id, message.reply_to_external_id) if each),
        parent_id=message.parent_external_id,
        namespace=message.namespace,
        text=message.text,
        handle=message.author.handle.lstrip("@").lower(),
        seen_by=frozenset(seen_by) or frozenset({message.channel_id}),
    )
