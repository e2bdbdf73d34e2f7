"""Reads new posts: notifications that address us, and a search. Both return newest first.

https://docs.bsky.app/docs/api/app-bsky-notification-list-notifications, …/app-bsky-feed-search-posts (sorted by
`sortAt`, the earlier of `createdAt` and `indexedAt`; a deep cursor may be refused).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from channels.adapters.bluesky import client, wire
from channels.adapters.bluesky.parsing import written_at
from channels.contract import Config, Item, Json, Page
from channels.errors import RETRIED, Rejected, Transient
from channels.toolkit.backfill import Slice, newest_by_place
from channels.toolkit.changes import iso
from channels.toolkit.list_sources import ListSource, backfill_start, read_lists
from channels.toolkit.search_words import quoted
from channels.toolkit.values import object_of, objects_in, seconds_in, text_of, time_of

PER_PAGE = 100
PAGES_A_POLL = 20
OVERLAP_S = 3600
"""Posts that are indexed late, or written before they were sent, sort below the newest one."""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    return read_lists(sources(config), cursor)


def sources(config: Config) -> list[ListSource]:
    since = backfill_start(config)
    phrases = {f"search:{phrase.lower()}": phrase for phrase in config.entries("phrases")}
    return [
        newest_by_place(name, partial(_ask, config, phrase), since, overlap_s=OVERLAP_S, pages=PAGES_A_POLL)
        for name, phrase in {"notifications": None, **phrases}.items()
    ]


def _ask(config: Config, phrase: str | None, place: Json, since: int) -> Slice:
    """A page of the notifications, or of the search for a phrase."""
    method, key = ("feed.searchPosts", "posts") if phrase else ("notification.listNotifications", "notifications")
    below: list[tuple[str, str | int]] = [("cursor", place)] if isinstance(place, str) else []
    try:
        answer = client.get(config, f"app.bsky.{method}", [*_question(phrase, since), *below])
    except Rejected:
        if not below:
            raise
        # A refused cursor (too deep, too old) is a dead end: treat the list as finished.
        return Slice([], [], None)
    entries = objects_in(answer.body.get(key), Transient(f"Bluesky returned no list of posts. {RETRIED}"))
    times = _times(entries, is_search=phrase is not None)
    items = [item for item in wire.split(answer.body, config) if not _is_old(item, since)]
    return Slice(items, times, text_of(answer.body.get("cursor")) or None, answer.quota())


def _question(phrase: str | None, since: int) -> list[tuple[str, str | int]]:
    if phrase is None:
        return [("limit", PER_PAGE), *(("reasons", reason) for reason in wire.TALK)]
    start = iso(datetime.fromtimestamp(since, UTC))
    return [("q", quoted(phrase)), ("sort", "latest"), ("since", start), ("limit", PER_PAGE)]


def _is_old(item: Item, since: int) -> bool:
    at = written_at(object_of(item.payload["post"]))
    return at is not None and at.timestamp() < since


def _times(entries: list[dict[str, Any]], *, is_search: bool) -> list[int]:
    """The times each list is sorted by."""
    return seconds_in(written_at(e) if is_search else time_of(e.get("indexedAt")) for e in entries)


def check(config: Config) -> str:
    """Which account the session belongs to, and what will be read.
    https://docs.bsky.app/docs/api/com-atproto-server-get-session"""
    me = client.get(config, "com.atproto.server.getSession").body
    if not isinstance(me.get("handle"), str) or not me["handle"]:
        raise Transient("Bluesky does not say which account this is. The desk retries automatically.")
    found = len(sources(config))
    return f"Connected as @{me['handle']}; {found} list{'s' if found != 1 else ''} to read per poll."
