"""The base class of all adapters: declarations, pure methods, and methods that use the network."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from channels.contract.config import Config, Field, FieldKind
from channels.contract.issues import IssueNow, NewIssue
from channels.contract.mention import NO_MENTION, Author, Json, Mention, digest
from channels.contract.traffic import Document, Hook, HookAnswer, Item, Outgoing, Page, Receipt
from channels.contract.verbs import FILE_OF, IncompleteAdapter, take_verbs
from channels.errors import Malformed, Refused, Rejected


class Grouping(StrEnum):
    """What makes one ticket: the whole thread (mail, Slack), or one author in a thread (Twitter, HN, Reddit, ...)."""

    THREAD = "thread"
    AUTHOR_IN_THREAD = "author_in_thread"


class Capability(StrEnum):
    FETCH_THREAD = "fetch_thread"
    SEND = "send"
    POST = "post"  # `send` works without a parent: a new post
    DELETE = "delete"
    LIKE = "like"
    FIND_OWN = "find_own"  # our own post can be searched for, which can prove that it's absent
    EDITS = "edits"  # a second item with the same external_id is an edit (never for mail)
    ISSUES = "issues"  # the desk can open, link and follow issues there
    WEBHOOK = "webhook"  # the platform calls us: `receive`


_VERB_OF = {
    Capability.FETCH_THREAD: "fetch_thread",
    Capability.SEND: "send",
    Capability.POST: "send",
    Capability.DELETE: "delete",
    Capability.LIKE: "like",
    Capability.FIND_OWN: "find_own",
    Capability.WEBHOOK: "receive",
    Capability.ISSUES: "open_issue",
}


class Adapter(ABC):
    """One platform. Instances are stateless and shared between threads.

    The methods below are its verbs. An adapter in a single module overrides them; one in a package writes them as
    functions in its files (`channels.contract.verbs`): `parsing.parse(item, config)`, `posting.send(config, outgoing)`.
    """

    platform: ClassVar[str]
    label: ClassVar[str]
    answering: ClassVar[tuple[str, ...]] = ()
    """Instructions for a colleague who is asked to answer there, one sentence each: which account to use, what its
    profile should say, where the answer goes. Every registered adapter has some."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other names accepted on the command line (`inspect_payload rss …`)."""
    fields: ClassVar[tuple[Field, ...]] = ()
    """Settings and secrets (kind SECRET); every adapter that speaks HTTP has an `api_base` of kind URL."""
    channel_fields: ClassVar[tuple[Field, ...]] = ()
    """Like `fields`, but per channel of the connection (a handle's tokens, the name in a From header)."""
    personal_fields: ClassVar[tuple[Field, ...]] = ()
    """What an advocate enters to reply from their own account. If there are any, the desk sends only for users who have
    filled them in (`Config.personal`); all others reply outside, with the text copied."""
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    """Capabilities of a package follow from its files (`posting.like` is LIKE); only EDITS and POST must be listed."""
    grouping: ClassVar[Grouping] = Grouping.AUTHOR_IN_THREAD
    is_internal: ClassVar[bool] = False
    """Authors are colleagues, not the public: its channels are excluded from reports by default."""
    is_private: ClassVar[bool] = False
    """Only the author and the team can read its messages (mail, form, report), so their content must not appear on a
    public platform."""
    handle_prefix: ClassVar[str] = ""
    """Written before an account's name on the platform: `@` on Twitter, `u/` on Reddit."""
    expected_silence: ClassVar[timedelta] = timedelta(days=1)
    poll_interval_s: ClassVar[tuple[int, int]] = (60, 900)
    """Minimum and maximum seconds between polls; bounds of the adaptive interval."""
    is_polled: ClassVar[bool] = True
    """False if items arrive only through `receive` or by hand: it is never polled."""
    request_timeout_s: ClassVar[float] = 60.0
    """The longest that `send`, `delete` or `like` may take with all its requests, before the desk stops it. The write
    itself must begin in the first half."""
    index_lag_s: ClassVar[float] = 60.0
    """How long until `find_own` reliably finds an existing post."""
    max_reply_length: ClassVar[int | None] = None
    bulk_interval_s: ClassVar[float] = 5.0
    """Seconds between two bulk replies from one connection: well below the platform's limit, so that ordinary replies
    still get through."""
    over_states: ClassVar[frozenset[str]] = frozenset()
    """Values of `Mention.extra["state"]` in which a conversation is over on the platform (a closed issue)."""
    ends_there: ClassVar[bool] = False
    """A ticket is solved only when the conversation is over on the platform, not by our answer alone."""
    needs_sender: ClassVar[bool] = False
    """Replies are sent from a channel's address (a handle with tokens, a mail alias); impossible without one."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        verbs = take_verbs(cls)
        implied = (capability for capability, verb in _VERB_OF.items() if verb in verbs)
        cls.capabilities |= {capability for capability in implied if capability is not Capability.POST}

    @classmethod
    def require_verbs(cls) -> None:
        """Raises IncompleteAdapter if the adapter lacks a verb that every adapter needs, or one that its capabilities
        need."""
        for verb in sorted(cls.__abstractmethods__):
            raise cls._lacking(verb, "is an adapter")
        for capability, verb in _VERB_OF.items():
            if capability in cls.capabilities and getattr(cls, verb) is getattr(Adapter, verb):
                raise cls._lacking(verb, f"declares the capability {capability.name}")

    @classmethod
    def _lacking(cls, verb: str, why: str) -> IncompleteAdapter:
        where = f"the function {verb} to {cls.__module__}.{FILE_OF[verb]}, or the method to the class"
        return IncompleteAdapter(f"{cls.__qualname__} {why}, but has no {verb}. Add {where}.")

    @property
    def secrets(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.kind is FieldKind.SECRET)

    def can(self, capability: Capability) -> bool:
        return capability in self.capabilities

    # --- pure -------------------------------------------------------------------------------------------------

    def namespace(self, config: Config) -> str:
        """The namespace in which external ids are unique: `twitter`, `discourse:forum.example.com`. The platform,
        unless it has several sites."""
        return self.platform

    def documents(self, data: bytes, config: Config) -> Iterator[Document]:
        """The documents in a recorded file, for `inspect_payload`. Raises Malformed. JSON unless overridden."""
        try:
            yield json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"not valid JSON: {error}") from error

    @abstractmethod
    def split(self, document: Document, config: Config) -> list[Item]:
        """The self-contained items of a document; [] if it holds no mentions. Raises Malformed for an error body or an
        unknown shape."""

    @abstractmethod
    def parse(self, item: Item, config: Config) -> Mention | None:
        """The mention in an item; None if there is none (a retweet, no whole-word match). Raises Malformed."""

    def fingerprint(self, item: Item, config: Config) -> bytes:
        """16 bytes that change when the content is edited, not when scores change; NO_MENTION without one. It depends
        on nothing but the item and the config: processes remember it. Override it only to read less than `parse` does,
        or other parts of the item."""
        mention = self.parse(item, config)
        return NO_MENTION if mention is None else self.fingerprint_of(mention, item)

    def fingerprint_of(self, mention: Mention, item: Item) -> bytes:
        """The fingerprint of an item in which `parse` found this mention. Override it if other parts of it count."""
        return digest(mention)

    def fingerprint_after(self, mention: Mention | None, item: Item, config: Config) -> bytes:
        """The same as `fingerprint`, for a mention that is already parsed; parses again only if the adapter overrides
        `fingerprint` alone."""
        cls = type(self)
        is_parsed = mention is not None and cls.fingerprint_of is not Adapter.fingerprint_of
        if is_parsed or cls.fingerprint is Adapter.fingerprint:
            return NO_MENTION if mention is None else self.fingerprint_of(mention, item)
        return self.fingerprint(item, config)

    def reply_length(self, text: str) -> int:
        """Length as the platform counts it, for `max_reply_length`."""
        return len(text)

    def reply_url(self, mention_url: str | None, external_id: str, config: Config) -> str | None:
        """The page where a person writes an outside reply."""
        return mention_url

    def is_private_address(self, address: str) -> bool:
        """Whether a channel with this address sends private messages on a platform of public ones."""
        return False

    def may_answer(self, address: str, thread_id: str) -> bool:
        """Whether a channel with this address may answer in this thread: a private message is never answered in
        public."""
        return True

    def account_of(self, address: str) -> str:
        """Our account's name in a channel's address, if the address contains more."""
        return address

    def reply_limit(self, address: str) -> int | None:
        """The longest reply from a channel with this address, as `reply_length` counts; None without a limit."""
        return self.max_reply_length

    def private_thread(self, config: Config, address: str, person: str) -> str:
        """The thread of the private messages between our account and a person; "" where there are none, or if the
        account's id is unknown."""
        return ""

    def mail_address(self, handle: str) -> str:
        """The email address that reaches an account on the platform, for answers that the platform refuses; "" if there
        is none."""
        return ""

    def is_private_thread(self, thread_id: str) -> bool:
        """Whether only its author and the team can read the thread. Override if a platform has both kinds."""
        return self.is_private

    def receive(self, config: Config, hook: Hook, now: datetime) -> HookAnswer:
        """The items of a webhook request, after verifying its origin (signature, token, age). Pure except for `now`
        (aware UTC). Raises Refused, Malformed."""
        raise Refused(f"{self.label} sends no webhooks.")

    def issue_projects(self, config: Config, addresses: Sequence[str]) -> list[str]:
        """Where issues may be opened, by the names people use (`acme/desk`). `addresses`: of all the connection's
        channels, including those that are switched off."""
        return []

    def issue_reference(self, url: str, config: Config) -> str | None:
        """The `read_issue` reference for an issue's web address; None if the address isn't on this connection's
        site."""
        return None

    # --- network ----------------------------------------------------------------------------------------------

    @abstractmethod
    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        """Pages of new items since `cursor` (None at first), bounded; the last page's cursor resumes exactly there."""

    def check(self, config: Config) -> str:
        """*Test connection*: one cheap request; returns a sentence for the admin that names our account there.
        Raises."""
        for page in self.fetch(config, None):
            return f"Connected: {len(page.items)} items on the first page."
        return "Connected: nothing new."

    def fetch_thread(self, config: Config, thread_id: str) -> list[Item]:
        """Everything readable in one conversation: parents, siblings, edits, deleted posts."""
        raise Rejected(f"{self.label} cannot read a single thread.")

    def lookup(self, config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
        """Current state of thread posts that `fetch_thread` no longer returns: deleted, or out of its reach. Leaves out
        posts whose state is unknown."""
        return []

    def current_account(self, config: Config) -> Author:
        """The account that `config.personal` authenticates. One cheap request. Raises AuthFailed if the credentials are
        invalid."""
        raise Rejected(f"{self.label} has no personal accounts.")

    def token_expires_at(self, config: Config) -> datetime | None:
        """When the connection's credentials expire (aware UTC); None if the platform doesn't say. Called once a day."""
        return None

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        """Post the reply. Raises Transient, RateLimited, AuthFailed or Rejected if nothing was sent, and Uncertain if
        in any doubt whether the platform accepted it."""
        raise Rejected(f"{self.label} does not take replies from the desk; reply on the platform.")

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        """Our own post of `outgoing`, made after `since` (aware UTC); None only if it is proven absent."""
        raise Rejected(f"{self.label} cannot confirm whether a reply arrived.")

    def open_issue(self, config: Config, issue: NewIssue) -> Receipt:
        """Open the issue. Raises the same errors as `send`."""
        raise Rejected(f"{self.label} has no issues that the desk could open.")

    def find_issue(self, config: Config, issue: NewIssue, since: datetime) -> Receipt | None:
        """The issue that `open_issue` made after `since` (aware UTC); None only if it is proven absent."""
        raise Rejected(f"{self.label} cannot confirm whether an issue was opened.")

    def read_issue(self, config: Config, reference: str) -> IssueNow:
        """The issue's current state. `reference`: an external id, or what `issue_reference` returns. Raises Rejected if
        the issue doesn't exist."""
        raise Rejected(f"{self.label} has no issues that the desk could follow.")

    def assign_issue(self, config: Config, reference: str, names: Sequence[str]) -> None:
        """Add these accounts to the issue's assignees, and keep the existing ones. Safe to repeat."""
        raise Rejected(f"{self.label} has no issues that the desk could assign.")

    def delete(self, config: Config, external_id: str) -> None:
        raise Rejected(f"{self.label} cannot delete replies from the desk.")

    def like(self, config: Config, external_id: str) -> None:
        raise Rejected(f"{self.label} does not support likes from the desk.")


def parse_all(adapter: Adapter, documents: Iterable[Document], config: Config) -> Iterator[Mention]:
    """All mentions in the documents, in order."""
    for document in documents:
        for item in adapter.split(document, config):
            mention = adapter.parse(item, config)
            if mention is not None:
                yield mention
