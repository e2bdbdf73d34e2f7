"""Reads a story with its comments, and looks up missing ones."""

from __future__ import annotations

import time
from collections.abc import Sequence

from channels.adapters.lobsters import wire
from channels.adapters.lobsters.fetching import PAUSE_S, read_story, unless_gone
from channels.contract import Config, Item
from channels.errors import Rejected

LOOKUPS = 20


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    number = wire.short_id(thread_id)
    if number is None:
        raise Rejected(f"{thread_id!r} is not a Lobsters story.")
    items = read_story(config, number)
    if items is None:
        return [wire.gone_item(number, number)]
    return [_of_thread(item) for item in items]


def _of_thread(item: Item) -> Item:
    """A followed story counts whether it names us or not."""
    return Item(item.external_id, {**item.payload, "in_thread": True}) if "comment" not in item.payload else item


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """Deleted comments without replies vanish from their story, but the site still returns them individually."""
    items = []
    for at, external_id in enumerate(external_ids[:LOOKUPS]):
        if at:
            time.sleep(PAUSE_S)
        is_comment = external_id.startswith(wire.COMMENT_PREFIX)
        number = wire.short_id(external_id.removeprefix(wire.COMMENT_PREFIX))
        if number is None:
            continue
        body = unless_gone(config, f"{'c' if is_comment else 's'}/{number}.json")
        if body is None:
            items.append(wire.gone_item(external_id, thread_id))
        elif isinstance(body, dict) and is_comment and wire.is_comment(body):
            items.append(wire.comment_item(body, {"short_id": thread_id}, None))
        elif isinstance(body, dict) and wire.is_story(body):
            items.append(_of_thread(wire.story_item(body)))
    return items
