"""Feeds: RSS, Atom, RDF and JSON Feed, from Google Alerts to mailing lists; replies are written on the entry's site.

https://www.rssboard.org/rss-specification, RFC 4287, https://www.jsonfeed.org/version/1.1/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from channels.adapters.feed import fetching, wire
from channels.adapters.feed.documents import FeedDocument
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
    Page,
)


class Feed(Adapter):
    """One connection reads several feeds."""

    platform = "feed"
    label = "Feeds (RSS, Atom, JSON)"
    aliases = ("rss",)
    fields = (
        Field("feeds", "Feeds", "Addresses, one per line.", FieldKind.LIST, required=True),
        Field("phrases", "Phrases", "One per line, whole words. Empty: every entry comes in.", FieldKind.LIST),
        Field("backfill_days", "Days to look back", "Older entries are left out.", FieldKind.INTEGER, default=14),
    )
    capabilities = frozenset({Capability.EDITS})
    grouping = Grouping.AUTHOR_IN_THREAD
    expected_silence = timedelta(days=7)
    poll_interval_s = (300, 3600)

    def namespace(self, config: Config) -> str:
        """One for all feeds: each id starts with a hash of its feed's address."""
        return "feed"

    def documents(self, data: bytes, config: Config) -> Iterator[Document]:
        yield FeedDocument(data)

    def split(self, document: Document, config: Config) -> list[Item]:
        return wire.split(document)

    def parse(self, item: Item, config: Config) -> Mention | None:
        return wire.parse(item, config)

    def fingerprint(self, item: Item, config: Config) -> bytes:
        return wire.fingerprint(item, config)

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        return fetching.fetch(config, cursor)

    def check(self, config: Config) -> str:
        return fetching.check(config)
