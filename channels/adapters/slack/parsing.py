"""Turns a stored Slack message into a mention. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from channels.adapters.slack import mrkdwn
from channels.adapters.slack.wire import (
    OF_PEOPLE,
    Message,
    external_id,
    groups_of,
    is_of_a_bot,
    is_wanted,
    own_payload,
    position,
    reactions,
    rooms_of,
    text_of,
    timestamp,
)
from channels.contract import Author, Config, Item, Json, Mention, digest
from channels.errors import Malformed
from channels.toolkit.values import object_of, objects_of


def parse(item: Item, config: Config) -> Mention | None:
    """None for bots, joins and the like, and chatter outside our conversations."""
    payload = item.payload
    message, room = (payload.get("message"), payload.get("room")) if isinstance(payload, dict) else (None, None)
    if not isinstance(message, dict) or not isinstance(room, dict) or not timestamp(message.get("ts")):
        raise Malformed("A stored Slack item has no message.")
    own = own_payload(message)
    if own is None and is_of_a_bot(message):
        return None
    if message.get("subtype") not in (*OF_PEOPLE, "tombstone", "bot_message"):
        return None
    if own is None and not payload.get("whole") and not is_wanted(message, config):
        return None
    return _mention(item, message, room, payload, config, own)


def _mention(
    item: Item, message: Message, room: Message, payload: Mapping[str, Any], config: Config, own: Message | None
) -> Mention:
    ts, thread = str(message["ts"]), timestamp(message.get("thread_ts")) or str(message["ts"])
    room_id = str(room.get("id"))
    text = text_of(message.get("text"))
    is_gone = bool(payload.get("deleted")) or message.get("subtype") == "tombstone"
    author = Author("") if message.get("subtype") == "tombstone" else author_of(message, payload)
    root = external_id(room_id, thread)
    asks = own is None and bool(author.id) and (thread == ts or payload.get("asker") == author.id)
    return Mention(
        external_id=item.external_id,
        thread_id=root,
        author=author,
        posted_at=_at(ts),
        text=_words(message, {**_names(payload), **groups_of(config)}),
        parent_id=None if thread == ts else text_of((own or {}).get("in_reply_to")) or root,
        url=_address(payload, room_id, ts, thread),
        is_own=own is not None or (bool(author.id) and author.id.lower() in config.own),
        is_deleted=is_gone,
        edited_at=_edited_at(message),
        links=mrkdwn.links(text),
        addressed=(tuple(dict.fromkeys(n for n in _room_names(room, config) if n)),),
        # Askers here are colleagues; their message is still a question, not a reply by the team.
        requester=author if asks else None,
        extra=_extra(message, room, payload),
    )


def author_of(message: Message, payload: Mapping[str, Any]) -> Author:
    user = text_of(message.get("user")) or text_of(message.get("bot_id"))
    known = object_of(object_of(payload.get("users")).get(user)) or object_of(message.get("user_profile"))
    name = (
        text_of(known.get("real_name"))
        or text_of(known.get("display_name"))
        or text_of(message.get("username"))
        or None
    )
    workspace = text_of(payload.get("workspace"))
    url = f"{workspace}team/{user}" if workspace and user else None
    return Author(user, handle=text_of(known.get("name")) or None, name=name, url=url)


def _names(payload: Mapping[str, Any]) -> dict[str, str]:
    users = {user: object_of(known) for user, known in object_of(payload.get("users")).items()}
    found = {user: text_of(known.get("real_name")) or text_of(known.get("name")) for user, known in users.items()}
    return {user: name for user, name in found.items() if name}


def _words(message: Message, names: Mapping[str, str]) -> str:
    """The text plus file names; without a text, that of the blocks. Nothing of a deleted message."""
    if message.get("subtype") == "tombstone":
        return ""
    text = mrkdwn.plain(text_of(message.get("text")), names) or " ".join(_texts(message.get("blocks")))
    shown = objects_of(message.get("files"))
    told = [f"[File: {text_of(f.get('title')) or text_of(f.get('name')) or 'without a name'}]" for f in shown]
    return "\n".join(part for part in (text, *told) if part)


def _texts(blocks: Json) -> list[str]:
    if isinstance(blocks, dict):
        text = blocks.get("text")
        own = [text] if isinstance(text, str) and text else []
        return own + [t for value in blocks.values() if isinstance(value, dict | list) for t in _texts(value)]
    return [t for block in blocks for t in _texts(block)] if isinstance(blocks, list) else []


def _room_names(room: Message, config: Config) -> tuple[str, str]:
    """Name first, as most channels are addressed by it."""
    room_id, name = str(room.get("id") or ""), text_of(room.get("name")).lower()
    known = next((n for i, n in rooms_of(config) if i and i == room_id), "")
    return name or known, room_id.lower()


def _address(payload: Mapping[str, Any], room: str, ts: str, thread: str) -> str | None:
    """The permalink, built like chat.getPermalink does."""
    workspace = text_of(payload.get("workspace"))
    if not workspace:
        return None
    link = f"{workspace}archives/{room}/p{ts.replace('.', '')}"
    return link if thread == ts else f"{link}?thread_ts={thread}&cid={room}"


def _extra(message: Message, room: Message, payload: Mapping[str, Any]) -> dict[str, Json]:
    extra = {
        "room": room.get("name") or None,
        "reactions": reactions(message) or None,
        "replies": payload.get("replies"),
    }
    return {key: value for key, value in extra.items() if value is not None}


def _edited_at(message: Message) -> datetime | None:
    edited = message.get("edited")
    ts = timestamp(edited.get("ts")) if isinstance(edited, dict) else ""
    return _at(ts) if ts else None


def _at(ts: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(position(ts) / 1_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """With users by id, not by name: a renamed user isn't an edit."""
    return digest(replace(mention, text=_words(item.payload["message"], {})))
