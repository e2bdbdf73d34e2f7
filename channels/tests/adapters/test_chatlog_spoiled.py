"""Payloads of chats, spoiled at random places: refused or read, never a failure of another kind."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.adapters.chatlog import ChatLog
from channels.contract import Config, Item, Json
from channels.errors import Malformed
from channels.tests.mutations import documents, mutated

ADAPTER = ChatLog()
CONFIG = Config({"phrases": ["Acme"], "rooms": ["#acme:x"]})
IRC = Config({"phrases": ["Acme"], "rooms": ["#acme"], "format": "irc"})


@settings(max_examples=300, deadline=None)
@given(document=mutated(documents(Path(__file__).parents[1] / "payloads" / "chatlog")))
def test_a_spoiled_answer_is_read_or_malformed(document: Json) -> None:
    try:
        for item in ADAPTER.split(document, CONFIG):
            ADAPTER.fingerprint(item, CONFIG)
            ADAPTER.parse(Item(item.external_id, json.loads(json.dumps(item.payload))), CONFIG)
    except Malformed:
        pass


def test_half_a_surrogate_pair_in_names_is_replaced_in_links() -> None:
    event = {"type": "m.room.message", "room_id": "!\ud83d:x", "sender": "\ud83d", "event_id": "$\ud83d",
             "origin_server_ts": 1_763_716_400_000, "content": {"msgtype": "m.text", "body": "Acme"}}  # fmt: skip
    (item,) = ADAPTER.split({"chunk": [event]}, CONFIG)
    mention = ADAPTER.parse(item, CONFIG)
    assert mention is not None
    assert mention.author is not None
    assert (mention.url, mention.author.url) == ("https://matrix.to/#/!%3F:x/$%3F", "https://matrix.to/#/%3F")


_pieces = st.sampled_from(
    (
        "[12:00:00] ",
        "25:61 ",
        "2026-13-45T12:00:00 ",
        "<ada> ",
        "<@ada>",
        "* ada ",
        "\t",
        "Acme ",
        "\x03",
        "-!-",
        "é",
        "\r",
    )
)


@settings(max_examples=300, deadline=None)
@given(lines=st.lists(st.lists(_pieces, max_size=6).map("".join), max_size=12), tail=st.binary(max_size=20))
def test_a_spoiled_log_is_read_or_malformed(lines: list[str], tail: bytes) -> None:
    try:
        for document in ADAPTER.documents("\n".join(lines).encode() + tail, IRC):
            for item in ADAPTER.split(document, IRC):
                mention = ADAPTER.parse(item, IRC)
                assert mention is None or mention.external_id.startswith("#acme/")
    except Malformed:
        pass
