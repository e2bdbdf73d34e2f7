"""Turns a stored Slack message into a mention. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from channels.adapters.slack import mrkdwn, wire
from channels.adapters.slack.wire import Message
from channels.contract import Author, Config, Item, Json, Mention, digest
from channels.errors import Malformed
from channels.toolkit.values import drop_none, object_of, objects_of, value_at


def parse(item: Item, config: Config) -> Mention | None:
    """None for bots, joins and the like, and chatter outside our conversations."""
    payload = item.payload
    message, room = (payload.get("message"), payload.get("room")) if isinstance(payload, dict) else (None, None)
    if not isinstance(message, dict) or not isinstance(room, dict) or not wire.timestamp(message.get("ts")):
        raise Malformed("A stored Slack item has no message.")
    own = wire.own_payload(message)
    if own is None and wire.is_of_a_bot(message):
        return None
    if message.get("subtype") not in (*wire.OF_PEOPLE, "tombstone", "bot_message"):
        return None
    if own is None and not payload.get("whole") and not wire.is_wanted(message, config):
        return None
    return _mention(item, message, room, payload, config, own)


def _mention(
    item: Item, message: Message, room: Message, payload: Mapping[str, Any], config: Config, own: Message | None
) -> Mention:
    ts, thread = str(message["ts"]), wire.timestamp(message.get("thread_ts")) or str(message["ts"])
    room_id = str(room.get("id"))
    text = wire.text_of(message.get("text"))
    is_gone = bool(payload.get("deleted")) or message.get("subtype") == "tombstone"
    author = Author("") if message.get("subtype") == "tombstone" else author_of(message, payload)
    root = wire.external_id(room_id, thread)
    asks = own is None and bool(author.id) and (thread == ts or payload.get("asker") == author.id)
    return Mention(
        external_id=item.external_id,
        thread_id=root,
        author=author,
        posted_at=wire.moment(ts),
        text=_words(message, {**_names(payload), **wire.groups_of(config)}),
        parent_id=None if thread == ts else wire.text_of((own or {}).get("in_reply_to")) or root,
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
    user = wire.text_of(message.get("user")) or wire.text_of(message.get("bot_id"))
    known = object_of(object_of(payload.get("users")).get(user)) or object_of(message.get("user_profile"))
    name = (
        wire.text_of(known.get("real_name"))
        or wire.text_of(known.get("display_name"))
        or wire.text_of(message.get("username"))
        or None
    )
    workspace = wire.text_of(payload.get("workspace"))
    url = f"{workspace}team/{user}" if workspace and user else None
    return Author(user, handle=wire.text_of(known.get("name")) or None, name=name, url=url)


def _names(payload: Mapping[str, Any]) -> dict[str, str]:
    users = {user: object_of(known) for user, known in object_of(payload.get("users")).items()}
    found = {
        user: wire.text_of(known.get("real_name")) or wire.text_of(known.get("name")) for user, known in users.items()
    }
    return {user: name for user, name in found.items() if name}


def _words(message: Message, names: Mapping[str, str]) -> str:
    """The text plus file names; without a text, that of the blocks. Nothing of a deleted message."""
    if message.get("subtype") == "tombstone":
        return ""
    text = mrkdwn.plain(wire.text_of(message.get("text")), names) or " ".join(_texts(message.get("blocks")))
    shown = objects_of(message.get("files"))
    files = [
        f"[File: {wire.text_of(f.get('title')) or wire.text_of(f.get('name')) or 'without a name'}]" for f in shown
    ]
    return "\n".join(part for part in (text, *files) if part)


def _texts(blocks: Json) -> list[str]:
    if isinstance(blocks, dict):
        text = blocks.get("text")
        own = [text] if isinstance(text, str) and text else []
        return own + [t for value in blocks.values() if isinstance(value, dict | list) for t in _texts(value)]
    return [t for block in blocks for t in _texts(block)] if isinstance(blocks, list) else []


def _room_names(room: Message, config: Config) -> tuple[str, str]:
    """Name first, as most channels are addressed by it."""
    room_id, name = str(room.get("id") or ""), wire.text_of(room.get("name")).lower()
    known = next((n for i, n in wire.rooms_of(config) if i and i == room_id), "")
    return name or known, room_id.lower()


def _address(payload: Mapping[str, Any], room: str, ts: str, thread: str) -> str | None:
    """The permalink, built like chat.getPermalink does."""
    workspace = wire.text_of(payload.get("workspace"))
    if not workspace:
        return None
    link = f"{workspace}archives/{room}/p{ts.replace('.', '')}"
    return link if thread == ts else f"{link}?thread_ts={thread}&cid={room}"


def _extra(message: Message, room: Message, payload: Mapping[str, Any]) -> dict[str, Json]:
    room_name, reactions = room.get("name") or None, wire.reactions(message) or None
    return drop_none({"room": room_name, "reactions": reactions, "replies": payload.get("replies")})


def _edited_at(message: Message) -> datetime | None:
    ts = wire.timestamp(value_at(message, "edited", "ts"))
    return wire.moment(ts) if ts else None


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """With users by id, not by name: a renamed user isn't an edit."""
    return digest(replace(mention, text=_words(item.payload["message"], {})))
