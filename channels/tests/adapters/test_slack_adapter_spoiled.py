"""Payloads of Slack, spoiled at random places: refused or read, never a failure of another kind."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings

from channels.adapters.slack import Slack
from channels.contract import Config, Item, Json
from channels.errors import Malformed
from channels.tests.mutations import documents, mutated

ADAPTER = Slack()
CONFIG = Config({"rooms": ["C0SWAG001 swag"], "what": "both", "emoji": "ticket"})


@settings(max_examples=400, deadline=None)
@given(document=mutated(documents(Path(__file__).parents[1] / "payloads" / "slack")))
def test_a_spoiled_answer_is_read_or_malformed(document: Json) -> None:
    try:
        for item in ADAPTER.split(document, CONFIG):
            ADAPTER.fingerprint(item, CONFIG)
            ADAPTER.parse(Item(item.external_id, json.loads(json.dumps(item.payload))), CONFIG)
    except Malformed:
        pass
