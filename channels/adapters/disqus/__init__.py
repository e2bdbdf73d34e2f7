"""Disqus, API 3.0: comments of one or more forums; replies from an advocate's own account.

https://disqus.com/api/docs/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from channels.adapters.disqus import client, fetching, posting, wire
from channels.contract import (
    Adapter,
    Author,
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


class Disqus(Adapter):
    """One application key reads any number of forums; each forum is a channel (address: its short name)."""

    platform = "disqus"
    label = "Disqus"
    fields = (
        Field("api_key", "API key", "From your application (the public key).", FieldKind.SECRET, required=True),
        Field("api_secret", "API secret", "From your application.", FieldKind.SECRET),
        Field("access_token", "Access token", "From a moderator of the forums.", FieldKind.SECRET),
        Field("forums", "Forums", "Forum short names, one per line.", FieldKind.LIST, required=True),
        Field(
            "with_moderated",
            "Include pending, spam and deleted",
            "Disqus shows these only to moderators: this needs a moderator's access token.",
            FieldKind.BOOLEAN,
            default=True,
        ),
        Field("backfill_days", "Days of history", kind=FieldKind.INTEGER, default=14),
        Field("api_base", "API", kind=FieldKind.URL, default=client.API),
    )
    personal_fields = (
        Field(
            "access_token",
            "Access token",
            "From your own Disqus account, for the application this desk uses.",
            FieldKind.SECRET,
            required=True,
        ),
    )
    capabilities = frozenset(
        {
            Capability.FETCH_THREAD,
            Capability.SEND,
            Capability.DELETE,
            Capability.LIKE,
            Capability.FIND_OWN,
            Capability.EDITS,
        }
    )
    grouping = Grouping.AUTHOR_IN_THREAD
    expected_silence = timedelta(days=3)
    poll_interval_s = (120, 900)

    def namespace(self, config: Config) -> str:
        return "disqus"

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

    def fetch_thread(self, config: Config, thread_id: str) -> list[Item]:
        return fetching.fetch_thread(config, thread_id)

    def lookup(self, config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
        return fetching.lookup(config, thread_id, external_ids)

    def current_account(self, config: Config) -> Author:
        return posting.current_account(config)

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        return posting.send(config, outgoing)

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        return posting.find_own(config, outgoing, since)

    def delete(self, config: Config, external_id: str) -> None:
        posting.delete(config, external_id)

    def like(self, config: Config, external_id: str) -> None:
        posting.like(config, external_id)
