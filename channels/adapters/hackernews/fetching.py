"""Reads Hacker News: searches newest first down to known items, the front page, whole threads.

Algolia returns at most 1,000 hits per query regardless of paging (https://hn.algolia.com/api), so a long range is
sliced by time: each request asks for hits no newer than the oldest so far. 10,000 requests per hour and IP.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from channels.adapters.hackernews import wire
from channels.adapters.hackernews.client import search
from channels.contract import Config, Json, Page
from channels.errors import Malformed
from channels.toolkit.cursors import Gap, Stretch, newest_by_position
from channels.toolkit.list_sources import ListSource, backfill_start, chosen, read_lists
from channels.toolkit.values import object_of, objects_of

PER_PAGE = 200
MAX_PER_QUERY = 1000
PAGES_A_POLL = 25
OVERLAP_S = 2 * 3600
"""Comments can be edited for two hours and the search index lags, so recent items are reread."""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Pages of hits that name a phrase, or the current front page."""
    if config.setting("feed", "mentions") == "front_page":
        yield Page(wire.split(_front_page(config), config), object_of(cursor))
        return
    yield from read_lists(sources(config), cursor, under="phrases")


def sources(config: Config) -> list[ListSource]:
    """A search for each phrase."""
    since = backfill_start(config)
    return [
        newest_by_position(
            phrase.lower(),
            partial(_search, config, phrase),
            since,
            overlap=OVERLAP_S,
            pages=PAGES_A_POLL,
            label=f"“{phrase}”",
        )
        for phrase in phrases_of(config)
    ]


def phrases_of(config: Config) -> list[str]:
    missing = "This connection has no phrases to look for. Enter at least one, or choose the front page."
    return chosen(config.entries("phrases"), missing)


def check(config: Config) -> str:
    if config.setting("feed", "mentions") == "front_page":
        return f"Connected: {len(wire.split(_front_page(config), config))} stories are on the front page."
    phrase = phrases_of(config)[0]
    found = objects_of(_ask(config, phrase, Gap(0, None), 20)["hits"])
    return f"Connected without a login: the search finds “{phrase}” {len(found)} times on its first page."


def _search(config: Config, phrase: str, gap: Gap, place: Json) -> Stretch:
    """One request. If one second holds more than a page, it is requested as a whole; the search never shows anything
    beyond that."""
    hits, is_last = _page(config, phrase, gap, PER_PAGE)
    if not is_last and gap.ceiling is not None and min(_times(hits), default=gap.ceiling) >= gap.ceiling:
        hits, is_last = _page(config, phrase, gap, MAX_PER_QUERY)
    items, times = wire.split({"hits": hits}, config), _times(hits)
    if not times:
        return Stretch(items, None, is_last=True)
    low = min(times)
    if not is_last and gap.ceiling is not None and low >= gap.ceiling:
        low = gap.ceiling - 1
    return Stretch(items, (low, max(times)), is_last)


def _page(config: Config, phrase: str, gap: Gap, size: int) -> tuple[list[dict[str, Any]], bool]:
    """Hits of a gap, and whether that is all of them; fewer than requested is the only reliable sign (nbHits is
    approximate)."""
    document = _ask(config, phrase, gap, size)
    hits = objects_of(document["hits"])
    pages = document.get("nbPages")
    return hits, len(hits) < size and not (isinstance(pages, int) and pages > 1)


def _ask(config: Config, phrase: str, gap: Gap, size: int) -> dict[str, Any]:
    filters = [f"created_at_i>{gap.floor}"]
    if gap.ceiling is not None:
        filters.append(f"created_at_i<={gap.ceiling}")
    params: dict[str, str | int] = {
        "query": phrase,
        "tags": "(story,comment)",
        "numericFilters": ",".join(filters),
        "hitsPerPage": size,
        "page": 0,
    }
    return _document(config, "search_by_date", params)


def _front_page(config: Config) -> dict[str, Any]:
    return _document(config, "search", {"tags": "front_page", "hitsPerPage": 100})


def _document(config: Config, endpoint: str, params: dict[str, str | int]) -> dict[str, Any]:
    body = search.get(config, endpoint, params).body
    if not isinstance(body, dict) or not isinstance(body.get("hits"), list):
        raise Malformed("The Hacker News search returned no hits field.")
    return body


def _times(hits: list[dict[str, Any]]) -> list[int]:
    times = [hit.get("created_at_i") for hit in hits]
    return [int(t) for t in times if isinstance(t, int) or (isinstance(t, str) and t.isdigit())]
