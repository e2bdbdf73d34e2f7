"""Slack: questions from our own people in selected channels, answered in their thread.

https://docs.slack.dev/reference/methods
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from channels.adapters.slack import events, fetching, posting, wire
from channels.adapters.slack.client import API
from channels.contract import (
    Adapter,
    Capability,
    Config,
    Document,
    Field,
    FieldKind,
    Grouping,
    Hook,
    HookAnswer,
    Item,
    Json,
    Mention,
    Outgoing,
    Page,
    Receipt,
)


class Slack(Adapter):
    """Each Slack channel is a channel of the desk, addressed by name or id."""

    platform = "slack"
    is_private = True
    label = "Slack"
    fields = (
        Field("api_base", "API address", kind=FieldKind.URL, default=API),
        Field(
            "rooms",
            "Channels",
            "One per line: a name (public channels), an id such as C0123ABCD, or both: “C0123ABCD swag”. With the id, "
            "events also report deletions.",
            FieldKind.LIST,
            required=True,
        ),
        Field(
            "what",
            "What becomes a ticket",
            "Questions: messages outside threads that have a question mark or ask for a review of a draft.",
            FieldKind.CHOICE,
            default="both",
            choices=(("questions", "Questions"), ("emoji", "Messages with the emoji"), ("both", "Both")),
        ),
        Field("emoji", "Emoji", "Name of the agreed emoji, without colons.", default="ticket"),
        Field(
            "look_back_days",
            "Days to look back",
            "On the first poll, and for later edits and emoji.",
            FieldKind.INTEGER,
            default=7,
        ),
        Field("bot_token", "Bot token", "Starts with xoxb-.", FieldKind.SECRET, required=True),
        Field("signing_secret", "Signing secret", "From the app; without it no events are accepted.", FieldKind.SECRET),
    )
    capabilities = frozenset(
        {
            Capability.FETCH_THREAD,
            Capability.SEND,
            Capability.FIND_OWN,
            Capability.DELETE,
            Capability.LIKE,
            Capability.EDITS,
            Capability.WEBHOOK,
        }
    )
    grouping = Grouping.THREAD
    is_internal = True
    expected_silence = timedelta(days=5)
    poll_interval_s = (30, 300)
    index_lag_s = 15.0
    max_reply_length = 40_000

    def namespace(self, config: Config) -> str:
        """Channel and user ids are unique across workspaces."""
        return "slack"

    def split(self, document: Document, config: Config) -> list[Item]:
        return wire.split(document)

    def parse(self, item: Item, config: Config) -> Mention | None:
        return wire.parse(item, config)

    def fingerprint(self, item: Item, config: Config) -> bytes:
        return wire.fingerprint(item, config)

    def receive(self, config: Config, hook: Hook, now: datetime) -> HookAnswer:
        return events.receive(config, hook, now)

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        return fetching.fetch(config, cursor)

    def check(self, config: Config) -> str:
        return fetching.check(config)

    def fetch_thread(self, config: Config, thread_id: str) -> list[Item]:
        return fetching.fetch_thread(config, thread_id)

    def lookup(self, config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
        return fetching.lookup(config, thread_id, external_ids)

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        return posting.send(config, outgoing)

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        return posting.find_own(config, outgoing, since)

    def delete(self, config: Config, external_id: str) -> None:
        posting.delete(config, external_id)

    def like(self, config: Config, external_id: str) -> None:
        posting.like(config, external_id)
