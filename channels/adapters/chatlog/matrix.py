"""Matrix rooms (including Gitter) through the Client-Server API: https://spec.matrix.org/latest/client-server-api

The timeline is read forwards from a server token, so a poll resumes exactly where the last one ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from channels.adapters.chatlog.bursts import Change, ChatLine
from channels.contract import Config, Json
from channels.errors import ChannelError, RateLimited, Rejected
from channels.http.api_client import ApiClient, Signature, bearer
from channels.toolkit.partial_failures import NotForThis
from channels.toolkit.text import clean
from channels.toolkit.values import object_of, objects_of, one_line, value_at

HOME = "https://matrix.org"
LINKS = "https://matrix.to"
PER_PAGE = 100
_QUOTED = re.compile(r"(?:^> .*\n)+\n?", re.MULTILINE)
_FILES = ("m.image", "m.file", "m.audio", "m.video")

Event = Mapping[str, Any]


class TokenUnknown(Rejected):
    """The server doesn't recognise our position token (any more)."""


def _problem(status: int, body: Json) -> ChannelError | None:
    code, wait_ms = value_at(body, "errcode"), value_at(body, "retry_after_ms")
    if status == 429 and isinstance(wait_ms, int):
        return RateLimited("Matrix rate limit reached; waiting.", retry_after_s=wait_ms / 1000)
    if status == 400 and code in ("M_UNKNOWN", "M_INVALID_PARAM"):
        return TokenUnknown(
            "The server no longer knows where the desk stopped reading; the latest messages are read again."
        )
    if status == 403 and code == "M_FORBIDDEN":
        said = one_line(clean(str(value_at(body, "error") or "no reason given")), 150)
        return NotForThis(f"Matrix does not let this account read the room: {said}. Join it.")
    return None


class HomeServer(ApiClient):
    """Public rooms may be read without a token."""

    label = "Matrix"
    default_address = HOME
    path_format = "_matrix/client/v3/{}"

    def sign(self, config: Config, speaker: str) -> Signature:
        token = config.secret("access_token")
        return bearer(token) if token else Signature()

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return _problem(status, body)


api = HomeServer()


def ask(config: Config, path: str, **params: str | int) -> dict[str, Any]:
    """Raises the typed errors; M_LIMIT_EXCEEDED carries the server's wait."""
    return object_of(api.get(config, path, params).body)


def room_id(config: Config, room: str) -> str:
    """`!id`, or the directory's answer for an alias; a bare name is a room of our own server."""
    if room.startswith("!"):
        return room
    alias = room if room.startswith("#") else f"#{room}"
    if ":" not in alias:
        alias += ":" + (urlsplit(str(config.setting("api_base", HOME))).hostname or "")
    found = ask(config, f"directory/room/{quote(alias, safe='')}").get("room_id")
    if not isinstance(found, str):
        raise Rejected(f"There is no Matrix room {alias}.")
    return found


def latest(config: Config, room: str) -> dict[str, Any]:
    """The newest events, newest first; reading resumes at `start`."""
    return ask(config, f"rooms/{quote(room, safe='')}/messages", dir="b", limit=PER_PAGE)


def older(config: Config, room: str, token: str) -> dict[str, Any]:
    return ask(config, f"rooms/{quote(room, safe='')}/messages", dir="b", limit=PER_PAGE, **{"from": token})


def newer(config: Config, room: str, token: str) -> dict[str, Any]:
    """Events after a token, oldest first; no `end` means there are no more."""
    return ask(config, f"rooms/{quote(room, safe='')}/messages", dir="f", limit=PER_PAGE, **{"from": token})


def context(config: Config, room: str, event: str) -> dict[str, Any]:
    return ask(config, f"rooms/{quote(room, safe='')}/context/{quote(event, safe='')}", limit=PER_PAGE)


def events_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """In chronological order, for either kind of answer."""
    if "event" in page or "events_before" in page:
        before, middle = objects_of(page.get("events_before")), objects_of([page.get("event")])
        return [*before[::-1], *middle, *objects_of(page.get("events_after"))]
    chunk = objects_of(page.get("chunk"))
    times = [at for e in chunk if isinstance(at := e.get("origin_server_ts"), int)]
    is_backwards = page.get("dir") == "b" or ("dir" not in page and len(times) > 1 and times[0] > times[-1])
    return chunk[::-1] if is_backwards else chunk


def names_of(page: Mapping[str, Any]) -> dict[str, str]:
    """Account → display name, where the answer includes it."""
    found = {}
    for event in (*objects_of(page.get("state")), *objects_of(page.get("chunk"))):
        name = value_at(event, "content", "displayname")
        if event.get("type") == "m.room.member" and name:
            found[str(event.get("state_key") or event.get("sender"))] = clean(str(name))
    return found


def read(events: Iterable[Event], names: Mapping[str, str]) -> tuple[list[ChatLine], list[Change]]:
    """Messages, and later changes to them. Bundled edits are applied."""
    lines, changes = [], []
    for event in events:
        change = _change(event)
        if change is not None:
            changes.append(change)
        elif (line := _line(event, names)) is not None:
            lines.append(line)
            changes += _bundled(event, line)
    return lines, changes


def _change(event: Event) -> Change | None:
    content = object_of(event.get("content"))
    if event.get("type") == "m.room.redaction":
        target = event.get("redacts") or content.get("redacts")
        return Change(target, None) if isinstance(target, str) else None
    relation, new = object_of(content.get("m.relates_to")), content.get("m.new_content")
    target, is_edit = relation.get("event_id"), relation.get("rel_type") == "m.replace"
    if is_edit and isinstance(target, str) and isinstance(new, dict) and "redacted_because" not in _unsigned(event):
        return Change(target, _words(new, str(event.get("sender") or "")))
    return None


def _bundled(event: Event, line: ChatLine) -> list[Change]:
    """The latest edit, which servers bundle with the event."""
    if line.is_gone:
        return []
    latest_edit = object_of(value_at(_unsigned(event), "m.relations", "m.replace"))
    change = _change(latest_edit) if "content" in latest_edit else None
    return [change] if change is not None and change.id == line.id else []


_END_MS = 253_402_300_800_000
"""The year 10000: anything a server dates later has no time."""


def _line(event: Event, names: Mapping[str, str]) -> ChatLine | None:
    content, event_id, sender = event.get("content"), event.get("event_id"), event.get("sender")
    at = event.get("origin_server_ts")
    if event.get("type") != "m.room.message" or not isinstance(content, dict) or not isinstance(at, int):
        return None
    if not isinstance(event_id, str) or not isinstance(sender, str):
        return None
    is_gone = "redacted_because" in _unsigned(event) or not content
    relation = object_of(content.get("m.relates_to"))
    return ChatLine(
        event_id,
        sender,
        at / 1000 if 0 <= at < _END_MS else 0.0,
        _words(content, sender),
        name=names.get(sender, ""),
        thread=str(relation.get("event_id") or "") if relation.get("rel_type") == "m.thread" else "",
        reply_to=str(value_at(relation, "m.in_reply_to", "event_id") or ""),
        is_gone=is_gone,
        is_auto=content.get("msgtype") == "m.notice",
    )


def _words(content: Event, sender: str) -> str:
    body = content.get("body")
    body = clean(body) if isinstance(body, str) else ""
    if "m.in_reply_to" in object_of(content.get("m.relates_to")) and body.startswith("> "):
        body = _QUOTED.sub("", body, count=1)  # the quoted line, for clients without reply support
    if content.get("msgtype") in _FILES:
        return f"[File: {body or 'without a name'}]"
    if content.get("msgtype") == "m.emote":
        return f"* {sender.partition(':')[0].lstrip('@')} {body}"
    return body.strip()


def _unsigned(event: Event) -> Mapping[str, Any]:
    return object_of(event.get("unsigned"))
