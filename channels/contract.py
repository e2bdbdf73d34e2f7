"""What an adapter is: the one interface between a platform's wire format and the desk.

Pure data and one base class. No Django, no database, no clock: `parse` and `split` are functions of their arguments.
An adapter is one module or package under `channels/adapters/`, found by scanning; see `docs/adding-a-platform.md`.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from channels.errors import Malformed, Rejected

Json = Any
Document = Any
"""One response body, webhook body or raw mail, as `split` takes it."""


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
    """

    items: Sequence[Item]
    cursor: Json
    quota_left: int | None = None
    quota_resets_at: datetime | None = None


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


class FieldKind(StrEnum):
    TEXT = "text"
    SECRET = "secret"  # noqa: S105
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    LIST = "list"  # one entry a line
    URL = "url"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing an admin must fill in; the admin's form is built from these."""

    name: str
    label: str
    help: str = ""
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    default: Json = None
    choices: tuple[tuple[str, str], ...] = ()


class Grouping(StrEnum):
    """What one ticket is: the whole thread (mail, Slack), or one author in a thread (Twitter, HN, Reddit, ...)."""

    THREAD = "thread"
    AUTHOR_IN_THREAD = "author_in_thread"


class Capability(StrEnum):
    FETCH_THREAD = "fetch_thread"
    SEND = "send"
    DELETE = "delete"
    LIKE = "like"
    FIND_OWN = "find_own"  # our own post can be looked for, so "absent" can be proved
    EDITS = "edits"  # a second item with the same external_id is an edit (mail: never)


@dataclass(frozen=True, slots=True)
class Network:
    """How `channels.http` may talk: set by the process, never by a user."""

    user_agent: str = "mention-desk/1.0"
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 20.0
    max_bytes: int = 20 * 1024 * 1024
    allowed_private: tuple[str, ...] = ()
    """host:port pairs inside the own network that may be reached all the same (the sandbox)."""
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """A connection as an adapter sees it: plain values, frozen, no model.

    `addresses`: lower-case handles (no @) or mail aliases of its channels. `own`: lower-case account ids or handles
    that speak for us. Secrets never show in a repr.
    """

    settings: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    addresses: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    network: Network = field(default_factory=Network)
    channel_settings: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Address → what the adapter's `channel_fields` ask for (a Twitter handle's user id)."""
    channel_secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """Address → secrets of that channel (a Twitter handle's access token)."""

    def setting(self, name: str, default: Json = None) -> Json:
        value = self.settings.get(name)
        return default if value is None or value == "" else value

    def secret(self, name: str) -> str:
        return self.secrets.get(name, "")


class Adapter(ABC):
    """One platform. Instances are stateless and shared between threads."""

    platform: ClassVar[str]
    label: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]] = ()
    """Settings and secrets (kind SECRET); every adapter that speaks HTTP has an `api_base` of kind URL."""
    channel_fields: ClassVar[tuple[Field, ...]] = ()
    """The same for each channel on the connection (tokens of one handle, the name in a From header)."""
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    grouping: ClassVar[Grouping] = Grouping.AUTHOR_IN_THREAD
    expected_silence: ClassVar[timedelta] = timedelta(days=1)
    poll_interval_s: ClassVar[tuple[int, int]] = (60, 900)
    """Shortest and longest pause between polls, in seconds; the adaptive interval stays within."""
    request_timeout_s: ClassVar[float] = 30.0
    """After this long an unanswered `send` is over on our side."""
    index_lag_s: ClassVar[float] = 60.0
    """After this long a post that exists is found by `find_own`."""
    max_reply_length: ClassVar[int | None] = None

    @property
    def secrets(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.kind is FieldKind.SECRET)

    def can(self, capability: Capability) -> bool:
        return capability in self.capabilities

    # --- pure -------------------------------------------------------------------------------------------------

    @abstractmethod
    def namespace(self, config: Config) -> str:
        """The space in which external ids are unique: `twitter`, `discourse:forum.example.com`."""

    def documents(self, data: bytes, config: Config) -> Iterator[Document]:
        """The documents in a recorded file, for `inspect_payload`. Raises Malformed. JSON unless overridden."""
        try:
            yield json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"not valid JSON: {error}") from error

    @abstractmethod
    def split(self, document: Document, config: Config) -> list[Item]:
        """The self-contained items of a document. An error body or another shape altogether raises Malformed; a
        document of this platform that holds no mentions gives []."""

    @abstractmethod
    def parse(self, item: Item, config: Config) -> Mention | None:
        """The mention in an item; None if it is none (a retweet, no whole-word match). Raises Malformed."""

    def fingerprint(self, item: Item, config: Config) -> bytes:
        """16 bytes that change when the content was edited, not when scores move. Override only to be faster."""
        mention = self.parse(item, config)
        return digest(mention) if mention else b"\0" * 16

    def reply_length(self, text: str) -> int:
        """Length as the platform counts it, to compare with `max_reply_length`."""
        return len(text)

    def reply_url(self, mention_url: str | None, external_id: str, config: Config) -> str | None:
        """Where in the browser an answer is written when it is given outside."""
        return mention_url

    # --- network ----------------------------------------------------------------------------------------------

    @abstractmethod
    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        """Pages of new items since `cursor` (None at first), bounded; the last page's cursor resumes exactly."""

    def check(self, config: Config) -> str:
        """*Test connection*: one cheap request; a sentence for the admin that says who we are there. Raises."""
        for page in self.fetch(config, None):
            return f"Works: {len(page.items)} items on the first page."
        return "Works: nothing new."

    def fetch_thread(self, config: Config, thread_id: str) -> list[Item]:
        """Everything of one conversation that can be read now: parents, siblings, edits, vanished posts."""
        raise Rejected(f"{self.label} has no way to read one thread.")

    def lookup(self, config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
        """Posts of a thread that `fetch_thread` shows no more, as they are now: deleted, or out of its reach. Those of
        which nothing can be said are left out."""
        return []

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        """Post it. A failure before anything was sent is Transient/RateLimited/AuthFailed/Rejected; any doubt whether
        it was taken is Uncertain."""
        raise Rejected(f"{self.label} takes no replies from the desk; answer there.")

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        """Our own post of `outgoing`, made after `since` (aware UTC); None only if it is proved absent."""
        raise Rejected(f"{self.label} cannot tell whether a reply arrived.")

    def delete(self, config: Config, external_id: str) -> None:
        raise Rejected(f"{self.label} cannot delete a reply from the desk.")

    def like(self, config: Config, external_id: str) -> None:
        raise Rejected(f"{self.label} has no likes from the desk.")


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


def parse_all(adapter: Adapter, documents: Iterable[Document], config: Config) -> Iterator[Mention]:
    """Every mention of the documents, in order."""
    for document in documents:
        for item in adapter.split(document, config):
            mention = adapter.parse(item, config)
            if mention is not None:
                yield mention
