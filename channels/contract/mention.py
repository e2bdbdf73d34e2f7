"""The platform-independent mention and its author and attachments. Pure data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = Any


@dataclass(frozen=True, slots=True)
class Author:
    """An account on a platform. `id` is unique in the adapter's namespace (mail address, HN name); "" = unknown."""

    id: str
    handle: str | None = None
    name: str | None = None
    url: str | None = None

    def is_one_of(self, names: Collection[str]) -> bool:
        """Whether its id or handle is among these lower-case names."""
        return bool((self.id and self.id.lower() in names) or (self.handle and self.handle.lower() in names))


@dataclass(frozen=True, slots=True)
class Attachment:
    """A mention's attachment. `content` is None over the size cap; `size` (bytes) is always set."""

    name: str
    type: str
    size: int
    sha256: str
    content: bytes | None = field(default=None, repr=False)
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """One post, comment, message or mail. Times are aware UTC; `text` is plain, `html` unsanitised."""

    external_id: str
    thread_id: str
    author: Author
    posted_at: datetime | None
    """None only if the payload has no time; the desk then uses the fetch time."""
    text: str
    parent_id: str | None = None
    subject: str | None = None
    html: str | None = None
    url: str | None = None
    about_url: str | None = None
    """The page under discussion, if it isn't where the discussion is (an HN story's link, a commented article);
    identifies the same page on two platforms."""
    is_auto: bool = False
    is_own: bool = False
    is_deleted: bool = False
    edited_at: datetime | None = None
    links: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    language: str | None = None
    aliases: tuple[str, ...] = ()
    """Other external ids of the same post (the later ids of an edited tweet)."""
    reply_to_id: str | None = None
    """External id to reply to, if not `external_id` (the newest of an edit history)."""
    thread_keys: tuple[str, ...] = ()
    """More keys of the conversation, strongest first (mail: In-Reply-To, References backwards, our marker; for a
    private message of ours: `thread|person`)."""
    addressed: tuple[tuple[str, ...], ...] = ()
    """Lower-case handles or addresses it was sent to, in tiers; the first tier that matches a channel wins."""
    thread_title: str | None = None
    """The thread's title (an HN story), in addition to the item's `subject`."""
    requester: Author | None = None
    """The requester, if not the author (an email that a team member forwarded to the desk)."""
    bounced_id: str | None = None
    """External id of our message that this delivery report is about."""
    extra: Mapping[str, Json] = field(default_factory=dict)
    """Volatile context (score, likes, rank): shown, but a change of it isn't an edit."""


NO_MENTION = hashlib.blake2b(b"no mention", digest_size=16).digest()
"""The fingerprint of an item without a mention."""


def digest(mention: Mention) -> bytes:
    """16 bytes over the visible content: equal digests mean no edit."""
    content = (
        mention.text,
        mention.html,
        mention.subject,
        mention.is_deleted,
        mention.parent_id,
        mention.reply_to_id,
        [a.sha256 for a in mention.attachments],
    )
    return digest_of(content)


def digest_of(content: Json) -> bytes:
    """16 bytes over what an adapter counts as content. The order of keys doesn't count, since storing changes it."""
    return hashlib.blake2b(_written(content).encode(), digest_size=16).digest()


_written = json.JSONEncoder(sort_keys=True).encode


def inspect_record(mention: Mention) -> dict[str, Json]:
    """The JSON object that `inspect_payload` prints: all keys always present, null where unknown."""
    author = mention.author
    return {
        "external_id": mention.external_id,
        "thread_id": mention.thread_id,
        "parent_id": mention.parent_id,
        "author": {"id": author.id or None, "handle": author.handle, "name": author.name, "url": author.url},
        "subject": mention.subject,
        "text": mention.text,
        "html": mention.html,
        "posted_at": _iso(mention.posted_at),
        "url": mention.url,
        "is_auto": mention.is_auto,
        "is_own": mention.is_own,
        "is_deleted": mention.is_deleted,
        "edited_at": _iso(mention.edited_at),
        "links": list(mention.links),
        "attachments": [
            {"name": a.name, "type": a.type, "size": a.size, "sha256": a.sha256} for a in mention.attachments
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
