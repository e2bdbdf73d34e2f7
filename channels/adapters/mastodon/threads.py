"""Conversations: finds their roots, reads their posts, and looks up missing ones.

https://docs.joinmastodon.org/methods/statuses/#context: up to 4,096 ancestors and as many descendants for logged-in
clients. A status doesn't name its conversation; its first ancestor identifies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from channels.adapters.mastodon import client, wire
from channels.adapters.mastodon.parsing import parse
from channels.contract import Config, Item, Mention
from channels.errors import NotFound
from channels.http.api_client import segment
from channels.toolkit.screening import Unreadable, found_in
from channels.toolkit.values import objects_of, value_at

ROOTS_KEPT = 500


def rooted(config: Config, items: Sequence[Item], roots: dict[str, str]) -> list[Item]:
    """The items, each with the first post of its conversation; `roots` caches the latest lookups. An unknown root is
    requested only for a reply that is a mention; other replies get their parent."""
    return [Item(item.external_id, {**item.payload, "root": _root(config, item, roots)}) for item in items]


def _root(config: Config, item: Item, roots: dict[str, str]) -> str:
    parent = wire.identity(value_at(item.payload, "status", "in_reply_to_id"))
    if parent is None:
        return item.external_id
    root = roots.pop(item.external_id, None) or roots.get(parent)
    if root is None:
        if not _holds_mention(item, config):
            return parent
        root = _asked(config, item.external_id, parent)
    roots[item.external_id] = root
    for oldest in list(roots)[:-ROOTS_KEPT]:
        del roots[oldest]
    return root


def _asked(config: Config, number: str, parent: str) -> str:
    """If the parent is gone or private, the conversation starts here for us."""
    ancestors, _ = _context(config, number)
    return (wire.identity(ancestors[0].get("id")) if ancestors else None) or parent


def _context(config: Config, number: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Ancestors and descendants of a status; empty if it is gone."""
    try:
        body = client.get(config, f"api/v1/statuses/{segment(number)}/context").body
    except NotFound:
        return [], []
    return objects_of(value_at(body, "ancestors")), objects_of(value_at(body, "descendants"))


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """All public posts of a conversation, as seen from its first post."""
    try:
        first = [client.get(config, f"api/v1/statuses/{segment(thread_id)}").body]
    except NotFound:
        return []
    ancestors, descendants = _context(config, thread_id)
    found = [wire.of_status(status, in_thread=True, root=thread_id) for status in [*ancestors, *first, *descendants]]
    return _public({item.external_id: item for item in found}.values(), config)


def _public(items: Iterable[Item], config: Config) -> list[Item]:
    """Drops items that can't be parsed: their audience is unknown."""
    return [item for item, found in found_in(items, parse, config) if isinstance(found, Mention)]


def _holds_mention(item: Item, config: Config) -> bool:
    return bool(_public([item], config))


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """One by one, as older instances require. A post that became private counts as gone."""
    items = []
    for number in external_ids:
        try:
            status = client.get(config, f"api/v1/statuses/{segment(number)}").body
        except NotFound:
            items.append(wire.vanished(number, thread_id))
            continue
        item = wire.of_status(status, in_thread=True, root=thread_id)
        ((_item, found),) = found_in([item], parse, config)
        if not isinstance(found, Unreadable):
            items.append(wire.vanished(number, thread_id) if found is None else item)
    return items
