"""Reads all comments under a page, and looks up missing ones."""

from __future__ import annotations

from collections.abc import Sequence

from channels.adapters.disqus import client, wire
from channels.adapters.disqus.fetching import PER_PAGE, included, next_token, posts_in
from channels.contract import Config, Item
from channels.errors import NotFound, Rejected
from channels.toolkit.values import number_of

THREAD_PAGES = 20
LOOKUPS = 30


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """All comments under one page, oldest first."""
    if number_of(thread_id) is None:
        raise Rejected(f"{thread_id!r} is not a Disqus thread.")
    pairs: dict[str, str | int] = {"thread": thread_id, "related": "thread", "order": "asc", "limit": PER_PAGE}
    items: dict[str, Item] = {}
    for _ in range(THREAD_PAGES):
        body = posts_in(client.get(config, "posts/list", pairs, included(config))).body
        items |= {item.external_id: item for item in wire.split(body, config)}
        token = next_token(body)
        if token is None:
            break
        pairs["cursor"] = token
    return list(items.values())


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """Posts missing from the thread, one by one; one that Disqus doesn't know any more is gone."""
    items: list[Item] = []
    for number in [n for n in external_ids if number_of(n)][:LOOKUPS]:
        try:
            body = client.get(config, "posts/details", {"post": number, "related": "thread"}).body
            items += [item for item in wire.split(body, config) if item.external_id == number]
        except NotFound:
            items.append(wire.gone(number, thread_id))
    return items
