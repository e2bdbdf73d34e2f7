"""Mastodon: mentions of one account on one instance, plus a search and hashtags there; replies from that account.

https://docs.joinmastodon.org/client/intro/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from channels.adapters.mastodon import client, fetching, parsing, posting, threads, wire
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


class Mastodon(Adapter):
    """One connection is one account on one instance; the channel's address is the account name."""

    platform = "mastodon"
    label = "Mastodon"
    handle_prefix = "@"
    aliases = ("fediverse",)
    fields = (
        Field(
            "api_base",
            "Instance",
            "The account's instance, such as https://mastodon.social.",
            FieldKind.URL,
            required=True,
            default="https://mastodon.social",
        ),
        Field("access_token", "Access token", "Created on the instance.", FieldKind.SECRET, required=True),
        Field(
            "phrases",
            "Phrases",
            "One per line; public posts that contain one as whole words, if the instance has full-text search.",
            FieldKind.LIST,
        ),
        Field("hashtags", "Hashtags", "One per line, without #.", FieldKind.LIST),
        Field("backfill_days", "Days of history", kind=FieldKind.INTEGER, default=fetching.BACKFILL_DAYS),
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
    expected_silence = timedelta(days=3)
    poll_interval_s = (60, 900)
    max_reply_length = posting.MAX_LENGTH

    def namespace(self, config: Config) -> str:
        return f"mastodon:{client.site(config)}"

    def split(self, document: Document, config: Config) -> list[Item]:
        return wire.split(document)

    def parse(self, item: Item, config: Config) -> Mention | None:
        return parsing.parse(item, config)

    def reply_length(self, text: str) -> int:
        return posting.length(text)

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        return fetching.fetch(config, cursor)

    def check(self, config: Config) -> str:
        return fetching.check(config)

    def fetch_thread(self, config: Config, thread_id: str) -> list[Item]:
        return threads.fetch_thread(config, thread_id)

    def lookup(self, config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
        return threads.lookup(config, thread_id, external_ids)

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        return posting.send(config, outgoing)

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        return posting.find_own(config, outgoing, since)

    def delete(self, config: Config, external_id: str) -> None:
        posting.delete(config, external_id)

    def like(self, config: Config, external_id: str) -> None:
        posting.like(config, external_id)
