"""Slack wire format: pages of messages, events, export files. Pure.

Messages: https://docs.slack.dev/reference/events/message. A message's `ts` is both its time and its id within the
channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.adapters.slack import mrkdwn
from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.text import clean
from channels.toolkit.values import moment_of, object_of, objects_of, unique

OWN_EVENT = "desk_reply"
"""`metadata.event_type` of this adapter's posts; the desk's own Slack notices use another one."""
OF_PEOPLE = (None, "", "file_share", "me_message", "thread_broadcast")
"""Subtypes of messages by people; all others are joins, topics, reminders, bots."""
UNKNOWN_ROOM = "unknown"
_TS = re.compile(r"\d{1,12}\.\d{1,6}\Z")
_ROOM_ID = re.compile(r"[CGD][A-Z0-9]{6,}\Z")
_GROUP_ID = re.compile(r"S[A-Z0-9]{6,}\Z")
_CHANGING = ("blocks", "reply_count", "reply_users", "reply_users_count", "latest_reply", "subscribed", "last_read")

Message = Mapping[str, Any]


def split(document: Document, config: Config) -> list[Item]:
    """Messages of a page, an export file (a bare list) or an event; other Slack answers hold none."""
    if isinstance(document, list):
        return _of_page({"messages": document})
    if not isinstance(document, dict):
        raise Malformed("Not a Slack document.")
    if document.get("ok") is False and document.get("error"):
        raise Malformed(f"Slack returned an error: {' '.join(str(document['error']).split())}")
    if isinstance(document.get("messages"), list):
        return _of_page(document)
    event = document.get("event")
    if isinstance(event, dict):
        return of_event(event)
    if document.get("type") in ("message", "app_mention"):
        return of_event(document)
    if document.keys() & {"ok", "type", "challenge", "response_metadata"}:
        return []
    raise Malformed("Not a Slack document: neither messages nor an event.")


def _of_page(page: Mapping[str, Any]) -> list[Item]:
    known = page.get("room")
    room = known if isinstance(known, dict) else {"id": text_of(page.get("channel")) or UNKNOWN_ROOM, "name": ""}
    beside = {key: page[key] for key in ("users", "workspace", "asker", "whole") if key in page}
    messages = page["messages"]
    if not all(isinstance(message, dict) for message in messages):
        raise Malformed("Not a Slack document: a list of something other than messages.")
    items = [item_of(message, room, beside) for message in messages if timestamp(message.get("ts"))]
    if messages and not items and "ok" not in page:
        raise Malformed("Not a Slack document: a list without timestamps.")
    return unique(items)


def of_event(event: Mapping[str, Any]) -> list[Item]:
    """An event's message in its current state; a deleted one with what remains of it. Reactions hold no message."""
    if event.get("type") not in ("message", "app_mention"):
        return []
    room = {"id": text_of(event.get("channel")) or UNKNOWN_ROOM, "name": ""}
    subtype = event.get("subtype")
    message: Json = event
    beside: dict[str, Json] = {}
    if subtype == "message_changed":
        message = event.get("message")
    elif subtype == "message_deleted":
        message = {**object_of(event.get("previous_message")), "ts": event.get("deleted_ts")}
        beside = {"deleted": True}
    if not isinstance(message, dict) or not timestamp(message.get("ts")):
        return []
    return [item_of(message, room, beside)]


def item_of(message: Message, room: Mapping[str, Any], beside: Mapping[str, Json]) -> Item:
    """`beside`: users (id → {name, real_name}), workspace (address), asker (who started the thread), whole (it belongs
    to a thread read as a whole), deleted."""
    kept = {
        key: value
        for key, value in message.items()
        if key not in _CHANGING or (key == "blocks" and not message.get("text"))
    }
    if isinstance(message.get("reply_count"), int):
        beside = {**beside, "replies": message["reply_count"]}
    where = {"id": room.get("id") or UNKNOWN_ROOM, "name": room.get("name") or ""}
    return Item(external_id(str(where["id"]), str(message["ts"])), {"room": where, "message": kept, **beside})


def external_id(room: str, ts: str) -> str:
    return f"{room}:{ts}"


def timestamp(value: Json) -> str:
    """A `ts`; "" for anything else (it gets compared and put into URLs)."""
    return value if isinstance(value, str) and _TS.match(value) else ""


def position(ts: str) -> int:
    """Microseconds since the epoch."""
    seconds, _, rest = ts.partition(".")
    return int(seconds) * 1_000_000 + int((rest or "0").ljust(6, "0"))


def moment(ts: str) -> datetime | None:
    return moment_of(position(ts) / 1_000_000)


def ts_at(microseconds: int) -> str:
    return f"{max(0, microseconds) // 1_000_000}.{max(0, microseconds) % 1_000_000:06d}"


def rooms_of(config: Config) -> list[tuple[str, str]]:
    """(id, name) of each selected room as the admin entered it: `name`, `C0123ABCD`, or both on one line; "" if
    unknown."""
    found = []
    for entry in config.entries("rooms"):
        words = entry.replace("#", " ").replace(",", " ").split()
        room_id = next((word for word in words if _ROOM_ID.match(word)), "")
        name = next((word for word in words if word != room_id), "")
        if room_id or name:
            found.append((room_id, name.lower()))
    return found


def groups_of(config: Config) -> dict[str, str]:
    """Id → name of each user group of the team as the admin entered it, `S0123ABCD advocates`; others are left out."""
    found = {}
    for entry in config.entries("groups"):
        group_id, _, name = entry.replace("@", " ").strip().partition(" ")
        if _GROUP_ID.match(group_id):
            found[group_id] = name.strip() or group_id
    return found


def is_reply(message: Message) -> bool:
    return bool(message.get("thread_ts")) and message.get("thread_ts") != message.get("ts")


def is_of_a_bot(message: Message) -> bool:
    return bool(message.get("bot_id")) or message.get("subtype") == "bot_message"


def is_wanted(message: Message, config: Config) -> bool:
    """Whether a message on its own is work: a person's question or ping outside a thread, or one with the emoji."""
    what = config.setting("what", "both")
    if is_of_a_bot(message) or message.get("subtype") not in OF_PEOPLE:
        return False
    if what in ("emoji", "both") and emoji_of(config) in reactions(message):
        return True
    text = text_of(message.get("text"))
    if is_reply(message):
        return False
    return bool(groups_of(config).keys() & mrkdwn.groups(text)) or (
        what in ("questions", "both") and mrkdwn.is_question(text)
    )


def emoji_of(config: Config) -> str:
    """Without colons and skin tone; "" if none is configured, which matches no reaction."""
    return str(config.setting("emoji", "")).strip().strip(":").partition("::")[0].lower() or "\0"


def reactions(message: Message) -> dict[str, int]:
    """Name (without skin tone) → count."""
    found: dict[str, int] = {}
    for entry in objects_of(message.get("reactions")):
        if name := text_of(entry.get("name")).partition("::")[0]:
            count = entry.get("count")
            found[name] = found.get(name, 0) + (count if isinstance(count, int) else 1)
    return found


def own_payload(message: Message) -> Mapping[str, Any] | None:
    """The metadata of a reply by the desk; None for anyone else's message."""
    metadata = message.get("metadata")
    if not is_of_a_bot(message) or not isinstance(metadata, dict) or metadata.get("event_type") != OWN_EVENT:
        return None
    return object_of(metadata.get("event_payload"))


def text_of(value: Json) -> str:
    return clean(value) if isinstance(value, str) else ""
