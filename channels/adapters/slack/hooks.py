"""Incoming Slack events. An event only signals that there is something to read: user names, reactions and the rest of a
message are only in the history, so a question makes the connection due immediately. Only deletions are stored directly,
since the history no longer shows them. A repeated or lost event changes nothing.

Signature: https://docs.slack.dev/authentication/verifying-requests-from-slack
Events: https://docs.slack.dev/apis/events-api
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.adapters.slack import parsing, wire
from channels.contract import Config, Hook, HookAnswer, Item
from channels.errors import Malformed
from channels.http.webhooks import json_of
from channels.slack import signatures
from channels.toolkit.values import value_at


def receive(config: Config, hook: Hook, now: datetime) -> HookAnswer:
    """Raises Refused, Malformed."""
    signatures.prove(config.secret("signing_secret"), hook.headers, hook.body, now)
    document = json_of(hook, "The event is not JSON")
    if not isinstance(document, dict):
        raise Malformed("The event is not an object.")
    if document.get("type") == "url_verification":
        return HookAnswer(body=str(document.get("challenge") or ""))
    event = document.get("event")
    if not isinstance(event, dict):
        return HookAnswer()
    return HookAnswer(items=_deleted(event, config), poll=_points_at_work(event, config))


def _deleted(event: Mapping[str, Any], config: Config) -> list[Item]:
    """A deleted question in a room known by id."""
    if event.get("subtype") != "message_deleted" or not _is_ours(event.get("channel"), config):
        return []
    return [item for item in wire.of_event(event) if parsing.parse(item, config) is not None]


def _points_at_work(event: Mapping[str, Any], config: Config) -> bool:
    """Whether the history may hold something new for us."""
    if event.get("type") == "reaction_added":
        is_ours = str(event.get("reaction") or "").partition("::")[0] == wire.emoji_of(config)
        is_asked = config.setting("what", "both") != "questions"
        return is_ours and is_asked and _may_be(value_at(event, "item", "channel"), config)
    if event.get("subtype") == "message_deleted" or not _may_be(event.get("channel"), config):
        return False
    return any(wire.is_wanted(item.payload["message"], config) for item in wire.of_event(event))


def _is_ours(room: object, config: Config) -> bool:
    return any(room_id == room for room_id, _ in wire.rooms_of(config) if room_id)


def _may_be(room: object, config: Config) -> bool:
    """An event gives only the room's id; rooms entered by name are resolved by the poll."""
    return _is_ours(room, config) or any(not room_id for room_id, _ in wire.rooms_of(config))
