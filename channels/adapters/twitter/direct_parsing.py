"""Turns one direct message into a mention. Pure.

The object: https://docs.x.com/x-api/direct-messages/lookup/integrate (`MessageCreate`; a conversation of two is named
`smaller id-larger id`). Conversations of more than two, and people who join or leave them, are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from channels.adapters.twitter.accounts import DIRECT, given_id, is_ours, web_base
from channels.adapters.twitter.times import created_at, snowflake_time
from channels.adapters.twitter.wire import identity
from channels.contract import Author, Config, Item, Mention
from channels.errors import Malformed
from channels.toolkit.text import clean, html_to_text, text_links
from channels.toolkit.values import object_of

_OF_TWO = re.compile(r"(\d+)-(\d+)", re.ASCII)


def mention_of(item: Item, config: Config) -> Mention | None:
    """None for group conversations and for anything but a message."""
    event = object_of(item.payload.get("dm"))
    number = identity(event, "id")
    if number is None:
        raise Malformed("A stored direct message has no id.")
    talk = _OF_TWO.fullmatch(str(event.get("dm_conversation_id") or ""))
    if talk is None or event.get("event_type", "MessageCreate") != "MessageCreate":
        return None
    handle = str(item.payload.get("handle") or "")
    author = _author(event, item.payload.get("user"), config)
    is_own = is_ours(author, config) or author.id == given_id(config, handle)
    person = _other(talk, given_id(config, handle) or (author.id if is_own else ""))
    text = _text(event)
    return Mention(
        external_id=f"{DIRECT}{number}",
        thread_id=f"{DIRECT}{talk[0]}",
        author=author,
        posted_at=created_at(event) or snowflake_time(number),
        text=text,
        url=f"{web_base(config)}/messages/{talk[0]}",
        is_own=is_own,
        links=text_links(text),
        addressed=((f"{DIRECT}{handle}",),),
        thread_keys=(f"{DIRECT}{talk[0]}|{person}",) if is_own and person else (),
    )


def thread_of(config: Config, handle: str, person: str) -> str:
    """The thread between one of our handles and a person; "" if an id is unknown."""
    own = given_id(config, handle)
    if own is None or not person.isdigit():
        return ""
    return DIRECT + "-".join(sorted((own, person), key=int))


def _other(talk: re.Match[str], one: str) -> str:
    return talk[2] if talk[1] == one else talk[1] if talk[2] == one else ""


def _text(event: Mapping[str, Any]) -> str:
    text = event.get("text")
    return html_to_text(clean(text)) if isinstance(text, str) else ""


def _author(event: Mapping[str, Any], user: object, config: Config) -> Author:
    number = identity(event, "sender_id") or ""
    known = object_of(user)
    handle, name = (clean(value) if isinstance(value := known.get(key), str) else None for key in ("username", "name"))
    return Author(number, handle, name, f"{web_base(config)}/{handle}" if handle else None)
