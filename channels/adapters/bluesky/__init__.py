"""Bluesky (AT Protocol): mentions, replies and quotes of one account, plus a search; replies from that account.

https://docs.bsky.app/docs/get-started
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from channels.adapters.bluesky import client, fetching, parsing, posting, threads, wire
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
from channels.toolkit.graphemes import grapheme_count


class Bluesky(Adapter):
    """One connection is one account; the channel's address is its handle, e.g. `acme.example`."""

    platform = "bluesky"
    label = "Bluesky"
    handle_prefix = "@"
    fields = (
        Field("handle", "Handle", "The account's handle, such as acme.bsky.social or acme.example.", required=True),
        Field(
            "app_password",
            "App password",
            "From Settings › Privacy and security › App passwords; not the account's own.",
            FieldKind.SECRET,
            required=True,
        ),
        Field("phrases", "Phrases", "One per line; posts that contain one as whole words.", FieldKind.LIST),
        Field("backfill_days", "Days of history", kind=FieldKind.INTEGER, default=fetching.BACKFILL_DAYS),
        Field("api_base", "PDS", "The server that hosts the account.", FieldKind.URL, default=client.API),
        Field("web_base", "Site", kind=FieldKind.URL, default=parsing.WEB),
    )
    capabilities = frozenset(
        {
            Capability.FETCH_THREAD,
            Capability.SEND,
            Capability.POST,
            Capability.DELETE,
            Capability.LIKE,
            Capability.FIND_OWN,
            Capability.EDITS,  # posts can't be edited, but a deleted one is delivered once more, marked as deleted
        }
    )
    grouping = Grouping.AUTHOR_IN_THREAD
    expected_silence = timedelta(days=3)
    poll_interval_s = (60, 900)
    max_reply_length = posting.MAX_LENGTH

    def namespace(self, config: Config) -> str:
        return "bluesky"

    def split(self, document: Document, config: Config) -> list[Item]:
        return wire.split(document)

    def parse(self, item: Item, config: Config) -> Mention | None:
        return parsing.parse(item, config)

    def reply_length(self, text: str) -> int:
        return grapheme_count(text)

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
