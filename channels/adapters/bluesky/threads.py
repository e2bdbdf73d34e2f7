"""Reads a whole conversation, and looks up posts missing from it.

https://docs.bsky.app/docs/api/app-bsky-feed-get-post-thread, …/app-bsky-feed-get-posts (25 at once; deleted posts and
those hidden by a block are left out).
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.adapters.bluesky import client, wire
from channels.contract import Config, Item
from channels.errors import NotFound

DEPTH = 1000
PER_REQUEST = 25


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """The posts that still exist. If the first one is gone the thread is empty; `lookup` then checks the others."""
    pairs: list[tuple[str, str | int]] = [("uri", thread_id), ("depth", DEPTH), ("parentHeight", DEPTH)]
    try:
        body = client.get(config, "app.bsky.feed.getPostThread", pairs).body
    except NotFound:
        return []
    return wire.split(body, config)


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    wanted = [uri for uri in external_ids if wire.parts_of(uri) is not None]
    items: list[Item] = []
    for at in range(0, len(wanted), PER_REQUEST):
        batch = wanted[at : at + PER_REQUEST]
        body = client.get(config, "app.bsky.feed.getPosts", [("uris", uri) for uri in batch]).body
        existing = {i.external_id: i for i in wire.split({"posts": body.get("posts") or []}, config)}
        for uri in batch:
            found = existing.get(uri)
            marked = Item(uri, {**found.payload, "in_thread": True}) if found else wire.vanished(uri, thread_id)
            items.append(marked)
    return items
