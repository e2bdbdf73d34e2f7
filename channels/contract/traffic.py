"""Data on the wire, in both directions: incoming items and pages, webhook requests, outgoing replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.contract.mention import Json

Document = Any
"""One response body, webhook body or raw mail, as `split` takes it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One self-contained piece of a document: enough to `parse` it alone, years later.

    `external_id` is unique within the *connection* (mail: mailbox/uidvalidity/uid, since a sender can forge a
    Message-ID). `payload` is JSON; `raw` holds the bytes of an email, and `payload` then holds the server's metadata
    (INTERNALDATE, folder).
    """

    external_id: str
    payload: Json = None
    raw: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """The result of one request. `items` and `cursor` are stored in one transaction before the next page is requested.

    `cursor` is the adapter's own JSON, passed back at the next poll. `quota_left` in requests, None if unknown.
    `trouble`: which part of the connection cannot be read, as text for the admin, while the rest continues at its usual
    pace (one of several subreddits is closed); shown until a poll reports none. `again_soon`: the trouble is expected
    to pass (a 5xx), so the next poll comes after the adapter's minimum interval.
    """

    items: Sequence[Item]
    cursor: Json
    quota_left: int | None = None
    quota_resets_at: datetime | None = None
    trouble: str = ""
    again_soon: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An outgoing reply. `key` is the desk's id for it (a UUID string): each key is posted at most once."""

    key: str
    text: str
    thread_id: str | None = None
    in_reply_to: str | None = None
    sender: str | None = None
    """Handle or alias of the sending channel, without @."""
    recipients: tuple[str, ...] = ()
    """Mail addresses; for a private message the person's account id."""
    cc: tuple[str, ...] = ()
    subject: str | None = None
    references: tuple[str, ...] = ()
    """Mail: Message-IDs of the conversation, oldest first, for the References header."""
    html: str | None = None
    message_id: str | None = None
    """Mail: the Message-ID; the same on every attempt (the outbox derives it from `key`)."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that the platform accepted a post. `external_id` as polling will return it."""

    external_id: str
    url: str | None = None
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook request from a platform. Header names are lower case; `body` is the signed bytes."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    address: str = ""
    """Source IP, for rate limits; never for authentication."""


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """A webhook's items and the HTTP response. The items are stored before the response is sent."""

    items: Sequence[Item] = ()
    status: int = 200
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    poll: bool = False
    """The webhook only signals new data: poll the connection at once."""
