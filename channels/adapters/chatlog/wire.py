"""Splits pages of a room, and logs, into the bursts that name us. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from channels.adapters.chatlog import irc, matrix
from channels.adapters.chatlog.bursts import Change, ChatLine, State, advance
from channels.contract import Config, Document, Item
from channels.errors import Malformed

_OTHER_ANSWERS = frozenset(("room_id", "user_id", "servers", "versions", "joined_rooms"))


def documents(data: bytes, config: Config) -> Iterator[Document]:
    """Matrix JSON, or a raw log."""
    try:
        yield json.loads(data)
    except (ValueError, RecursionError) as error:
        text = irc.text_of(data)
        if not irc.is_log(text):
            raise Malformed("Neither JSON nor a log with times and nicks.") from error
        yield {"log": text}


def split(document: Document, config: Config) -> list[Item]:
    """A page of a room, a line with its context, or {"log", "room", "date"}; each is treated as complete."""
    if not isinstance(document, dict):
        raise Malformed("Neither a log nor a Matrix response.")
    changes: list[Change] = []
    if isinstance(document.get("log"), str):
        lines = _logged(document, config)
    elif isinstance(document.get("chunk"), list) or "events_before" in document:
        lines, changes = matrix.read(matrix.events_of(document), matrix.names_of(document))
    elif "errcode" in document:
        raise Malformed(f"Matrix returned an error: {document['errcode']} {document.get('error') or ''}".strip())
    elif document.keys() & _OTHER_ANSWERS:
        return []
    else:
        raise Malformed("Neither a log nor a Matrix response.")
    return advance(State(), lines, changes, config.entries("phrases"), room_of(document, config))[0]


def _logged(document: Mapping[str, Any], config: Config) -> list[ChatLine]:
    day = document.get("date")
    try:
        return irc.lines_of(document["log"], date.fromisoformat(day) if day else None, irc.log_zone(config))
    except (TypeError, ValueError) as error:
        raise Malformed("The log's date is not valid.") from error


def room_of(document: Mapping[str, Any], config: Config) -> dict[str, str]:
    """{id, name} of a document's room: as given, else from the events, else the first room in the settings."""
    given = document.get("room")
    if isinstance(given, dict) and given.get("id"):
        return {"id": str(given["id"]), "name": str(given.get("name") or given["id"])}
    room_id = next((e.get("room_id") for e in matrix.events_of(document) if isinstance(e.get("room_id"), str)), None)
    first = next(iter(config.entries("rooms")), "room")
    return {"id": str(room_id or first), "name": first}
