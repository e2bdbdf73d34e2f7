"""What goes over the wire, either way: items and pages that come in, hooks that are called, replies that go out."""

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

    `external_id` is unique within the *connection* (mail: mailbox/uidvalidity/uid, since a Message-ID is only the
    sender's word). `payload` is JSON; `raw` holds the bytes of a mail, `payload` then what the server knows beside them
    (INTERNALDATE, folder).
    """

    external_id: str
    payload: Json = None
    raw: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """What one request brought. Storing `items` and `cursor` is one transaction; then the next page is asked for.

    `cursor` is the adapter's own JSON, handed back at the next poll. `quota_left` in requests, None where unknown.
    `trouble`: what of the connection cannot be read, in words for the admin, while the rest goes on at its usual pace
    (one subreddit of several is closed); it is shown until a poll tells of none. `again_soon`: that is expected to pass
    (a 5xx), so the next poll comes after the shortest pause that the adapter allows.
    """

    items: Sequence[Item]
    cursor: Json
    quota_left: int | None = None
    quota_resets_at: datetime | None = None
    trouble: str = ""
    again_soon: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply on its way out. `key` is the desk's own id of it (a UUID string): one key is posted at most once."""

    key: str
    text: str
    thread_id: str | None = None
    in_reply_to: str | None = None
    sender: str | None = None
    """Handle or alias of the channel it is sent from, without @."""
    recipients: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    subject: str | None = None
    references: tuple[str, ...] = ()
    """Mail: Message-IDs of the conversation, oldest first, for the References header."""
    html: str | None = None
    message_id: str | None = None
    """Mail: the Message-ID to send with; stable over attempts (the outbox makes it from `key`)."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform took it: `external_id` as it will come in by polling."""

    external_id: str
    url: str | None = None
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """A request that a platform makes to the desk. Names of headers are lower case; `body` is as it was signed."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    address: str = ""
    """Where it came from (IP), for limits; never for proof."""


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What a hook brought, and what the platform is told. The items are stored before the answer is given."""

    items: Sequence[Item] = ()
    status: int = 200
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    poll: bool = False
    """There is something to read that the hook only points at: the connection is due at once."""
