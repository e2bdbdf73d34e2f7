"""Twitter / X, API v2: mentions of several handles and a search; posts, threaded replies, deletions, likes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from channels.adapters.twitter import client, fetching, parsing, posting, wire
from channels.contract import (
    Adapter,
    Capability,
    Config,
    Document,
    Field,
    FieldKind,
    Grouping,
    Item,
    Json,
    Mention,
    Outgoing,
    Page,
    Receipt,
)


class Twitter(Adapter):
    """One app login serves any number of handles, each a channel with its own tokens for posting."""

    platform = "twitter"
    label = "Twitter"
    handle_prefix = "@"
    fields = (
        Field("bearer_token", "Bearer token", "From your app; used for reading.", FieldKind.SECRET, required=True),
        Field("consumer_key", "API key", "From your app; needed to post.", FieldKind.SECRET),
        Field("consumer_secret", "API key secret", "From your app; needed to post.", FieldKind.SECRET),
        Field("search_query", "Search", "Read in addition to mentions of the handles. Uses Twitter's search syntax."),
        Field("api_base", "API", kind=FieldKind.URL, default=client.API),
        Field("web_base", "Site", kind=FieldKind.URL, default=parsing.WEB),
    )
    channel_fields = (
        Field("user_id", "User id", "The account's numeric ID. Empty: looked up by name."),
        Field(
            "availability_only",
            "Availability only",
            "Answers only questions about availability and replies to its own updates; the main handle answers "
            "everything else.",
            FieldKind.BOOLEAN,
        ),
        Field(
            "availability_words",
            "Availability words",
            "One per line, to replace the built-in ones (down, outage, 502, …).",
            FieldKind.LIST,
        ),
        Field("access_token", "Access token", "For this handle; needed to post.", FieldKind.SECRET),
        Field("access_token_secret", "Access token secret", "For this handle; needed to post.", FieldKind.SECRET),
    )
    capabilities = frozenset(
        {
            Capability.FETCH_THREAD,
            Capability.SEND,
            Capability.POST,
            Capability.DELETE,
            Capability.LIKE,
            Capability.FIND_OWN,
            Capability.EDITS,
        }
    )
    grouping = Grouping.AUTHOR_IN_THREAD
    poll_interval_s = (30, 600)
    max_reply_length = posting.MAX_LENGTH
    needs_sender = True

    def namespace(self, config: Config) -> str:
        return "twitter"

    def documents(self, data: bytes, config: Config) -> Iterator[Document]:
        return wire.documents(data)

    def split(self, document: Document, config: Config) -> list[Item]:
        return wire.split(document)

    def parse(self, item: Item, config: Config) -> Mention | None:
        return parsing.parse(item, config)

    def fingerprint(self, item: Item, config: Config) -> bytes:
        return parsing.fingerprint(item)

    def reply_length(self, text: str) -> int:
        return posting.weighted_length(text)

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        return fetching.fetch(config, cursor)

    def check(self, config: Config) -> str:
        return posting.check(config)

    def fetch_thread(self, config: Config, thread_id: str) -> list[Item]:
        return fetching.fetch_thread(config, thread_id)

    def lookup(self, config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
        return fetching.lookup(config, [number for number in external_ids if number.isdigit()])

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        return posting.send(config, outgoing)

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        return posting.find_own(config, outgoing, since)

    def delete(self, config: Config, external_id: str) -> None:
        posting.delete(config, external_id)

    def like(self, config: Config, external_id: str) -> None:
        posting.like(config, external_id)
