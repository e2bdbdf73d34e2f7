"""Reads a question with its replies, and looks up missing messages."""

from __future__ import annotations

from collections.abc import Sequence

from channels.adapters.slack import wire
from channels.adapters.slack.client import Answer, Refusal
from channels.adapters.slack.fetching import Workspace, described, room_and_ts
from channels.contract import Config, Item

LOOKUPS = 30


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """The question and its replies, including the desk's; [] if it is gone."""
    workspace = Workspace(config)
    room_id, ts = room_and_ts(workspace, thread_id)
    messages: list[Answer] = []
    try:
        for found, _ in workspace.thread(room_id, ts):
            messages += found
    except Refusal as error:
        if error.code in ("thread_not_found", "message_not_found"):
            return []
        raise
    asker = next((m.get("user") for m in messages if m.get("ts") == ts), None)
    room = described(workspace, room_id) if messages else {"id": room_id, "name": ""}
    shown = list({str(m["ts"]): m for m in messages}.values())
    return workspace.items(shown, room, asker=asker, whole=True)


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """A message missing from the thread is deleted, as Slack omits nothing. Each is requested once more to be sure."""
    workspace = Workspace(config)
    room_id, ts = room_and_ts(workspace, thread_id)
    gone = []
    for external_id in external_ids[:LOOKUPS]:
        own_ts = external_id.rpartition(":")[2]
        if wire.timestamp(own_ts) and not _is_there(workspace, room_id, ts, own_ts):
            message = {"ts": own_ts, "thread_ts": ts, "subtype": "tombstone"}
            gone.append(wire.item_of(message, {"id": room_id, "name": ""}, {"deleted": True, "whole": True}))
    return gone


def _is_there(workspace: Workspace, room_id: str, thread_ts: str, ts: str) -> bool:
    asked = {"oldest": ts, "latest": ts, "inclusive": True}
    try:
        shown = [m for found, _ in workspace.thread(room_id, thread_ts, bound=1, **asked) for m in found]
    except Refusal as error:
        if error.code in ("thread_not_found", "message_not_found"):
            return False
        raise
    return any(m.get("ts") == ts and m.get("subtype") != "tombstone" for m in shown)
