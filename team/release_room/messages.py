"""Converts a Slack channel's messages into what the desk stores. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from channels.slack import markup

BY_THE_DESK = ("desk_message", "desk_reply")
"""`metadata.event_type` of the desk's own posts."""
SAID = ("", "file_share", "me_message", "thread_broadcast", "bot_message")
"""Subtypes of messages written by people or other apps; the others are joins, topics, pins."""
MAX_TEXT = 5000
_TIME = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}\Z")


@dataclass(frozen=True, slots=True)
class Said:
    """`member`: the id of its author in Slack."""

    ts: str
    thread_ts: str
    member: str
    text: str
    posted_at: datetime
    latest_reply: str = ""


@dataclass(slots=True)
class Read:
    """One read of a channel, from `since` on. `threads`: those read completely, with their replies in `said`; `names`:
    of members, by id; `is_whole`: all threads were read; `is_partial`: some with new replies remain."""

    slack_id: str
    since: datetime
    said: list[Said]
    threads: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    workspace: str = ""
    is_whole: bool = False
    is_partial: bool = False


def said(message: Mapping[str, Any]) -> Said | None:
    """None for the desk's own posts, for joins and the like, and for messages with neither text nor a file."""
    ts = str(message.get("ts") or "")
    metadata = message.get("metadata")
    kind = metadata.get("event_type") if isinstance(metadata, Mapping) else ""
    if kind in BY_THE_DESK or (message.get("subtype") or "") not in SAID or not _is_time(ts):
        return None
    text = (markup.plain(str(message.get("text") or "")) or _files(message)).replace("\0", "")[:MAX_TEXT]
    if not text:
        return None
    at = datetime.fromtimestamp(float(ts), UTC)
    member = str(message.get("user") or message.get("bot_id") or "")[:40]
    thread = str(message.get("thread_ts") or ts)[:40]
    return Said(ts, thread, member, text, at, str(message.get("latest_reply") or "")[:40])


def _is_time(ts: str) -> bool:
    return bool(_TIME.match(ts))


def _files(message: Mapping[str, Any]) -> str:
    files = message.get("files")
    names = [str(f.get("title") or f.get("name") or "") for f in files or [] if isinstance(f, Mapping)]
    return ", ".join(name for name in names if name)


def permalink(workspace: str, room: str, message: Said) -> str:
    """As chat.getPermalink builds it; "" without the workspace's address."""
    if not workspace:
        return ""
    link = f"{workspace}archives/{room}/p{message.ts.replace('.', '')}"
    return link if message.thread_ts == message.ts else f"{link}?thread_ts={message.thread_ts}&cid={room}"
