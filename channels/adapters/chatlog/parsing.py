"""Splits documents of either kind into items, and items into mentions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from channels.adapters.chatlog import irc, matrix
from channels.adapters.chatlog.bursts import ChatLine
from channels.contract import NO_MENTION, Author, Config, Item, Json, Mention, digest
from channels.errors import Malformed
from channels.toolkit.text import names_phrase, text_links


def is_irc(config: Config) -> bool:
    return bool(config.setting("format", "matrix") == "irc")


def parse(item: Item, config: Config) -> Mention | None:
    payload = item.payload
    try:
        lines = [ChatLine(**line) for line in payload["lines"]]
        lead = next(line for line in lines if line.id == payload["lead"])
        room, anchor = payload["room"], str(payload["anchor"])
        room_id = str(room["id"])
    except (TypeError, KeyError, StopIteration) as error:
        raise Malformed("A stored chat item has no lines.") from error
    phrases = config.entries("phrases")
    if not payload.get("whole") and not any(line.is_named or names_phrase(phrases, line.text) for line in lines):
        return None
    remaining = [line for line in lines if not line.is_gone]
    text = "\n".join(line.text for line in remaining if line.text)
    thread = f"{room_id}/{anchor}"
    return Mention(
        external_id=item.external_id,
        thread_id=thread,
        author=_author(lead, config),
        posted_at=datetime.fromtimestamp(lines[0].at, UTC) if lines[0].at >= 86_400 * 2 else None,
        text=text,
        parent_id=_parent(lines[0], room_id, thread, item.external_id),
        url=_address(room_id, lead, config),
        is_auto=lead.is_auto,
        is_own=lead.speaker.lower() in config.own.union(map(str.lower, config.entries("own_nicks"))),
        is_deleted=lead.is_gone,
        links=text_links(text),
        addressed=(_names(room),),
        thread_title=str(room.get("name") or room_id),
        extra={"before": payload.get("before") or [], "after": payload.get("after") or []},
    )


def _parent(first: ChatLine, room_id: str, thread: str, external_id: str) -> str | None:
    if first.reply_to:
        return f"{room_id}/{first.reply_to}"
    return None if thread == external_id else thread


def _names(room: Mapping[str, Any]) -> tuple[str, ...]:
    """The forms a channel's address may take: the id, the alias, its bare name."""
    known = [str(room.get(key) or "").lower() for key in ("name", "id")]
    return tuple(dict.fromkeys(name for full in known for name in (full, full.lstrip("#"), full.split(":")[0]) if name))


def _author(line: ChatLine, config: Config) -> Author:
    if is_irc(config) and not line.speaker.startswith("@"):
        return Author(line.speaker, handle=line.name or line.speaker, name=line.name or None)
    link = f"{_links(config)}/#/{_quoted(line.speaker, safe='@:')}"
    return Author(line.speaker, handle=line.speaker, name=line.name or None, url=link)


def _quoted(text: str, safe: str) -> str:
    """Percent-encoded. Recorded JSON may contain lone surrogates, which UTF-8 cannot encode."""
    return quote(text, safe=safe, errors="replace")


def _links(config: Config) -> str:
    return config.address("web_base", matrix.LINKS)


def _address(room_id: str, lead: ChatLine, config: Config) -> str | None:
    """Public link to the line: https://spec.matrix.org/latest/appendices/#matrixto-navigation"""
    if not is_irc(config):
        return f"{_links(config)}/#/{_quoted(room_id, safe='!:')}/{_quoted(lead.id, safe='$:')}"
    day, template = lead.id.partition("/")[0], str(config.setting("log_address", ""))
    try:
        return irc.address_of(template, room_id, date.fromisoformat(day)) if template else None
    except ValueError:
        return None


def namespace(config: Config) -> str:
    """Ids are unique within one network: the homeserver's, or the IRC network's."""
    named = str(config.setting("network", "")).strip().lower()
    base = "log_address" if is_irc(config) else "api_base"
    try:
        host = urlsplit(str(config.setting(base, "" if is_irc(config) else matrix.HOME))).hostname
    except ValueError:
        host = None
    return f"chatlog:{named or host or 'irc'}"


def fingerprint(item: Item, config: Config) -> bytes:
    """Ignores whether the burst was read on its own or as part of a conversation."""
    payload: Json = item.payload
    if isinstance(payload, dict):
        payload = {**payload, "whole": True}
    mention = parse(replace(item, payload=payload), config)
    return NO_MENTION if mention is None else fingerprint_of(mention, item)


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """Without its parent, which only a whole conversation shows."""
    return digest(replace(mention, parent_id=None))
