"""Reads whole Hacker News threads, and looks up missing items."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters.hackernews import client, wire
from channels.contract import Config, Item
from channels.errors import Malformed, Rejected, Transient
from channels.toolkit.values import list_of, number_of

THREAD_ITEMS = 2000
THREAD_REQUESTS = 300
LOOKUPS = 30


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """The story with all its comments: in one request, or item by item if the search doesn't have it (yet)."""
    number = number_of(thread_id)
    if number is None:
        raise Rejected(f"{thread_id!r} is not a Hacker News item.")
    try:
        answer = client.search.get(config, f"items/{number}")
        if isinstance(answer.body, dict):
            return wire.of_tree(answer.body, THREAD_ITEMS)
    except (Rejected, Transient, Malformed):
        pass  # not indexed yet, or the search is down: Firebase still serves the items
    return _walk(config, number)


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """Items missing from the tree, one by one: it shows neither deleted nor dead comments; Firebase says which."""
    found = (_firebase(config, number) for number in map(number_of, external_ids[:LOOKUPS]) if number)
    return [wire.firebase_item(entry, {"id": thread_id}) for entry in found if entry is not None]


def _walk(config: Config, number: str) -> list[Item]:
    """Breadth first through Firebase, with a request limit: replies to the story before nested replies."""
    root = _firebase(config, number)
    if root is None:
        return []
    items = [wire.firebase_item(root)]
    waiting = deque(_kids(root))
    for _ in range(THREAD_REQUESTS):
        if not waiting:
            break
        found = _firebase(config, waiting.popleft())
        if found is not None:
            items.append(wire.firebase_item(found, root))
            waiting.extend(_kids(found))
    return items


def _firebase(config: Config, number: str) -> Mapping[str, Any] | None:
    body = client.items.get(config, number).body
    return body if isinstance(body, dict) and number_of(body.get("id")) else None


def _kids(entry: Mapping[str, Any]) -> list[str]:
    return [number for number in map(number_of, list_of(entry.get("kids"))) if number]
