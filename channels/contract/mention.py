"""Something somebody said, in the desk's own terms, whatever platform it came from. Pure data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mention. `content` is None when it was over the size cap: `size` (bytes) still tells."""

    name: str
    type: str
    size: int
    sha256: str
    content: bytes | None = field(default=None, repr=False)
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """Something somebody said, in the desk's own terms. Times are aware UTC; text is plain, html unsanitised."""

    external_id: str
    thread_id: str
    author: Author
    posted_at: datetime | None
    """None only where the payload does not tell; the desk then takes the time at which it was fetched."""
    text: str
    parent_id: str | None = None
    subject: str | None = None
    html: str | None = None
    url: str | None = None
    about_url: str | None = None
    """The page that the talk is about, when that is not where it takes place (an HN story's link, a commented article):
    by it the same page is recognised on two platforms."""
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
    """External id under which an answer must be posted, when it is not `external_id` (newest of an edit history)."""
    thread_keys: tuple[str, ...] = ()
    """Further keys of the conversation, strongest first (mail: In-Reply-To, References backwards, our marker)."""
    addressed: tuple[tuple[str, ...], ...] = ()
    """Lower-case handles or addresses it was written to, in tiers; the first tier that knows a channel wins."""
    thread_title: str | None = None
    """What the whole thread is about (an HN story's title), beside the item's own `subject`."""
    requester: Author | None = None
    """Who asks, when it is not the author (a mail forwarded to the desk by a team member)."""
    bounced_id: str | None = None
    """External id of our own message that this delivery report is about."""
    extra: Mapping[str, Json] = field(default_factory=dict)
    """Context that changes all the time (score, likes, place in a list); shown, but never an edit."""


def digest(mention: Mention) -> bytes:
    """16 bytes over what a reader would call the content: equal digests mean that nothing was edited."""
    content = (
        mention.text,
        mention.html,
        mention.subject,
        mention.is_deleted,
        mention.parent_id,
        mention.reply_to_id,
        [a.sha256 for a in mention.attachments],
    )
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).digest()


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
