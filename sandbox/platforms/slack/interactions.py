"""Clicks on buttons and menus of a message: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload

The request is a form with the payload as JSON, signed like an event. It goes to the webhook set for
`slack-interactivity`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from sandbox.base.acts import Impossible, Signed
from sandbox.platforms.slack import events
from sandbox.platforms.slack.people import Person
from sandbox.store import Doc
from sandbox.world import SLACK_TEAM

HOOK = "slack-interactivity"


def elements(message: Doc) -> Iterator[tuple[str, dict[str, Any]]]:
    """(block id, element) of everything that can be clicked."""
    for number, block in enumerate(message.get("blocks") or []):
        if block.get("type") == "actions":
            yield from ((str(block.get("block_id") or f"b{number}"), each) for each in block.get("elements") or [])


def clicked(message: Doc, wire: Doc, action_id: str, who: Person, chosen: Person | None, trigger: str) -> Doc:
    """The payload of one click. Raises Impossible if there is nothing to click."""
    found = next(((block, each) for block, each in elements(message) if each.get("action_id") == action_id), None)
    if found is None:
        raise Impossible(f"the message has no {action_id}")
    block_id, element = found
    action = {"action_id": action_id, "block_id": block_id, "type": element["type"], "action_ts": trigger}
    if element["type"] == "users_select":
        if chosen is None:
            raise Impossible("nobody was chosen")
        action["selected_user"] = chosen.slack_id
    elif "value" in element:
        action["value"] = element["value"]
    return {
        "type": "block_actions",
        "user": {"id": who.slack_id, "username": who.key, "name": who.key, "team_id": SLACK_TEAM},
        "api_app_id": "A0DESK",
        "token": "sandbox-verification-token",
        "container": {"type": "message", "message_ts": message["ts"], "channel_id": message["channel"]},
        "trigger_id": trigger,
        "team": {"id": SLACK_TEAM, "domain": "acme"},
        "channel": {"id": message["channel"], "name": "channel"},
        "message": wire,
        "actions": [action],
    }


def signed(payload: Doc) -> Signed:
    return events.signed_body(urlencode({"payload": json.dumps(payload)}).encode(), "application/x-www-form-urlencoded")
