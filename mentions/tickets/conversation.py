"""Loads a ticket's conversation for display: messages, notes, replies on their way, and context."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from channels.registry.finding_adapters import all_adapters
from mentions.db import prepared
from mentions.db.loading import RowMapper
from mentions.models import Author, Message, Reply, ThreadPost, Ticket
from mentions.people import own_side

CONTEXT_LIMIT = 200
"""Context posts loaded per ticket; a story may have thousands."""
NOT_SHOWN = ("search", "digest", "extra", "html", "links", "item_id", "version_at")
"""Message columns not loaded. The markup is fetched by its own frame, if anybody opens it."""
SHOWN_REPLIES = ("scheduled", "blocked", "queued", "uncertain", "failed", "sent")


@dataclass(slots=True)
class ConversationEntry:
    """One entry of the conversation: `kind` is message, note or reply, `item` its row."""

    kind: str
    at: datetime
    item: Any
    is_fresh: bool = False
    reply: Reply | None = None
    """The desk's reply that became this message."""


@dataclass(slots=True)
class Thread:
    """`entries` in time order; `parents` lead to the mention, outermost first; `others` are the remaining posts."""

    entries: list[ConversationEntry]
    parents: list[ThreadPost] = field(default_factory=list)
    others: list[ThreadPost] = field(default_factory=list)
    title: str = ""
    last_message_id: int = 0
    first: Message | None = None
    last_inbound: Message | None = None
    is_splittable: bool = False
    """More than one inbound message, so one can be split off."""

    @property
    def is_held_up(self) -> bool:
        """A reply of unknown outcome blocks those after it: they must not overtake it."""
        return any(entry.kind == "reply" and entry.item.state == "uncertain" for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Presence:
    """What a conversation has besides its messages; checked first, since most have nothing, to save statements."""

    notes: bool = True
    replies: bool = True
    context: bool = True


def thread_of(ticket: Ticket, seen_up_to: int | None = None, has: Presence = Presence()) -> Thread:
    """The ticket's conversation, in at most four statements, whatever its length. Messages with an id above
    `seen_up_to` are marked as new."""
    messages = list(_messages(ticket))
    replies = list(_replies(ticket)) if has.replies else []
    by_message = {reply.message_id: reply for reply in replies if reply.message_id}
    entries = [
        ConversationEntry(
            "message",
            m.posted_at,
            m,
            seen_up_to is not None and m.pk > seen_up_to,
            by_message.get(m.pk),
        )
        for m in messages
    ]
    shown = {m.pk for m in messages}
    entries += [ConversationEntry("reply", r.created_at, r) for r in replies if r.message_id not in shown]
    if has.notes:
        entries += [ConversationEntry("note", n.created_at, n) for n in ticket.notes.select_related("author")]
    entries.sort(key=lambda entry: entry.at)
    inbound = [m for m in messages if m.direction == Message.Direction.INBOUND]
    thread = Thread(
        entries,
        title=next((m.thread_title for m in messages if m.thread_title), ""),
        last_message_id=max(shown, default=0),
        first=messages[0] if messages else None,
        last_inbound=inbound[-1] if inbound else None,
        is_splittable=len(inbound) > 1,
    )
    if messages and has.context:
        thread.parents, thread.others = _context(messages)
    return thread


_MESSAGES = """
SELECT {message}, {author}, c.name, c.address, x.platform, m.html <> '',
    ARRAY(SELECT s.channel_id FROM mentions_sighting s WHERE s.message_id = m.id),
    (SELECT jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'size', f.size, 'type', f.type,
        'has_bytes', f.blob_id IS NOT NULL) ORDER BY f.position) FROM mentions_attachment f WHERE f.message_id = m.id),
    (SELECT jsonb_agg(jsonb_build_object('text', r.text, 'subject', r.subject) ORDER BY r.replaced_at, r.id)
     FROM mentions_messagerevision r WHERE r.message_id = m.id),
    CASE WHEN m.text = '' THEN m.links->>0 END,
    (SELECT jsonb_build_object('state', o.state, 'error', o.error)
     FROM channels_outbounditem o WHERE o.key = md5('like:' || m.id)::uuid)
FROM mentions_message m JOIN mentions_author a ON a.id = m.author_id JOIN channels_channel c ON c.id = m.channel_id
JOIN channels_connection x ON x.id = c.connection_id
WHERE m.ticket_id = %(ticket)s ORDER BY m.posted_at, m.id
"""


@cache
def _shapes() -> tuple[RowMapper[Message], RowMapper[Author], str]:
    message, author = RowMapper(Message, NOT_SHOWN), RowMapper(Author)
    return message, author, _MESSAGES.format(message=message.columns("m"), author=author.columns("a"))


def _messages(ticket: Ticket) -> Iterable[Message]:
    """Messages with their authors, and as plain attributes `who` (the author as a reader
    should see them), `platform`, `channel_name`, `has_html`, `files`, `older`, `seen_by` (ids
    of the channels that saw it), `links_to` (for a post without text), `liked` (the state of our like, or None)."""
    messages, authors, statement = _shapes()
    for row in prepared.run(statement, {"ticket": ticket.pk}):
        shown: Any = messages.from_row(row)
        shown.author = authors.from_row(row, messages.width)
        shown.channel_name, address, shown.platform, *rest = row[messages.width + authors.width :]
        shown.has_html, shown.seen_by, files, older, leads_to, liked = rest
        shown.who = _who(shown, address)
        shown.is_private = _is_private(shown)
        shown.files, shown.older = json.loads(files or "[]"), json.loads(older or "[]")
        shown.links_to = leads_to or ""
        shown.liked = json.loads(liked) if liked else None
        yield shown


def _is_private(message: Any) -> bool:
    """Whether it is a private message on a platform of public ones."""
    adapter = all_adapters().get(message.platform)
    return adapter is not None and not adapter.is_private and adapter.is_private_thread(message.thread_id)


def _who(message: Any, address: str) -> str:
    if message.direction != Message.Direction.TEAM:
        return str(message.author)
    return own_side.of_author(message.author, message.platform, address, message.channel_name)


def _replies(ticket: Ticket) -> Any:
    return (
        Reply.objects.filter(ticket=ticket, state__in=SHOWN_REPLIES)
        .select_related("author", "channel__connection", "outbound", "deletion")
        .order_by("created_at", "id")
    )


def _context(messages: Sequence[Message]) -> tuple[list[ThreadPost], list[ThreadPost]]:
    """The thread's posts outside the ticket: the ancestors of its first message, and the rest."""
    first = messages[0]
    own = {m.external_id for m in messages}
    found = ThreadPost.objects.filter(namespace=first.namespace, thread_id=first.thread_id).order_by("posted_at")
    posts = {p.external_id: p for p in found[:CONTEXT_LIMIT] if p.external_id not in own}
    parents: list[ThreadPost] = []
    above = first.parent_external_id
    while above in posts:
        # Removed once used, so a thread that claims to be its own parent ends here.
        parents.append(posts.pop(above))
        above = parents[-1].parent_external_id
    return parents[::-1], list(posts.values())
