"""The base class of all adapters: what one declares, its pure verbs, and those that go over the network."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from channels.contract.config import Config, Field, FieldKind
from channels.contract.mention import Author, Json, Mention, digest
from channels.contract.traffic import Document, Hook, HookAnswer, Item, Outgoing, Page, Receipt
from channels.errors import Malformed, Refused, Rejected


class Grouping(StrEnum):
    """What one ticket is: the whole thread (mail, Slack), or one author in a thread (Twitter, HN, Reddit, ...)."""

    THREAD = "thread"
    AUTHOR_IN_THREAD = "author_in_thread"


class Capability(StrEnum):
    FETCH_THREAD = "fetch_thread"
    SEND = "send"
    POST = "post"  # `send` without a parent makes sense: a post of our own that answers nobody
    DELETE = "delete"
    LIKE = "like"
    FIND_OWN = "find_own"  # our own post can be looked for, so "absent" can be proved
    EDITS = "edits"  # a second item with the same external_id is an edit (mail: never)
    WEBHOOK = "webhook"  # the platform calls us: `receive`


class Adapter(ABC):
    """One platform. Instances are stateless and shared between threads."""

    platform: ClassVar[str]
    label: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    """Further names by which a person may ask for it (`inspect_payload rss …`)."""
    fields: ClassVar[tuple[Field, ...]] = ()
    """Settings and secrets (kind SECRET); every adapter that speaks HTTP has an `api_base` of kind URL."""
    channel_fields: ClassVar[tuple[Field, ...]] = ()
    """The same for each channel on the connection (tokens of one handle, the name in a From header)."""
    personal_fields: ClassVar[tuple[Field, ...]] = ()
    """What an advocate enters so that replies go out from their own account. Where there are any, the desk sends only
    for whoever has filled them in (`Config.personal`); everybody else answers outside, with the text copied."""
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    grouping: ClassVar[Grouping] = Grouping.AUTHOR_IN_THREAD
    is_internal: ClassVar[bool] = False
    """Who asks there is one of our own people, not the public: its channels stay out of the reports by default."""
    is_private: ClassVar[bool] = False
    """Only whoever writes and we read it (a mail, a form, a report): nothing of it belongs on a public platform."""
    expected_silence: ClassVar[timedelta] = timedelta(days=1)
    poll_interval_s: ClassVar[tuple[int, int]] = (60, 900)
    """Shortest and longest pause between polls, in seconds; the adaptive interval stays within."""
    is_polled: ClassVar[bool] = True
    """False where everything comes in by `receive` or by hand: then no poll is ever due."""
    request_timeout_s: ClassVar[float] = 30.0
    """After this long an unanswered `send` is over on our side."""
    index_lag_s: ClassVar[float] = 60.0
    """After this long a post that exists is found by `find_own`."""
    max_reply_length: ClassVar[int | None] = None
    needs_sender: ClassVar[bool] = False
    """A reply goes out from a channel's address (a handle with tokens, a mail alias): without one it cannot answer."""

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

    def is_private_thread(self, thread_id: str) -> bool:
        """Whether only whoever wrote it and we read that conversation. Override where a platform has both kinds."""
        return self.is_private

    def receive(self, config: Config, hook: Hook, now: datetime) -> HookAnswer:
        """What a request of the platform brings, once it has proved where it comes from (signature, token, age). Pure
        but for `now` (aware UTC). Raises Refused, Malformed."""
        raise Refused(f"{self.label} does not call the desk.")

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

    def whose(self, config: Config) -> Author:
        """The account that `config.personal` opens. One cheap request; raises AuthFailed if it opens none."""
        raise Rejected(f"{self.label} has no accounts of single people.")

    def token_expires_at(self, config: Config) -> datetime | None:
        """When the connection's credentials run out (aware UTC), where the platform tells; asked once a day."""
        return None

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


def parse_all(adapter: Adapter, documents: Iterable[Document], config: Config) -> Iterator[Mention]:
    """Every mention of the documents, in order."""
    for document in documents:
        for item in adapter.split(document, config):
            mention = adapter.parse(item, config)
            if mention is not None:
                yield mention
