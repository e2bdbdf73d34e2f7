"""Reads Hacker News: searches newest first down to known items, the front page, whole threads.

Algolia returns at most 1,000 hits per query regardless of paging (https://hn.algolia.com/api), so a long range is
sliced by time: each request asks for hits no newer than the oldest so far. 10,000 requests per hour and IP.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from channels.adapters.hackernews import parsing, wire
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import Malformed, Rejected
from channels.http.client import get_json
from channels.toolkit.cursors import Gap, Progress, progress_from
from channels.toolkit.partial_failures import Parts

PER_PAGE = 200
MAX_PER_QUERY = 1000
PAGES_A_POLL = 25
OVERLAP_S = 2 * 3600
"""Comments can be edited for two hours and the search index lags, so recent items are reread."""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Pages of hits that name a phrase, or the current front page. A rejected phrase doesn't block the others."""
    if config.setting("feed", "mentions") == "front_page":
        yield Page(wire.split(_front_page(config), config), cursor if isinstance(cursor, dict) else {})
        return
    known = cursor if isinstance(cursor, dict) else {}
    marks = dict(known.get("phrases") or {})
    start = int(desk_now().timestamp()) - 86_400 * _days(config)
    wanted = {phrase.lower(): phrase for phrase in phrases_of(config)}
    parts = Parts(wanted, known.get("parts"))
    for name in parts:
        with parts.reading(name, f"“{wanted[name]}”"):
            for items, reached in _search(config, wanted[name], progress_from(marks.get(name), start)):
                marks[name] = reached.to_json()
                yield Page(items, {"phrases": dict(marks), "parts": parts.to_json()})
    yield from parts.end({"phrases": dict(marks), "parts": parts.to_json()})


def phrases_of(config: Config) -> list[str]:
    phrases = config.setting("phrases")
    wanted = [str(p).strip() for p in phrases if str(p).strip()] if isinstance(phrases, list | tuple) else []
    if not wanted:
        raise Rejected("This connection has no phrases to look for. Enter at least one, or choose the front page.")
    return wanted


def check(config: Config) -> str:
    if config.setting("feed", "mentions") == "front_page":
        return f"Connected: {len(wire.split(_front_page(config), config))} stories are on the front page."
    phrase = phrases_of(config)[0]
    found = _hits(_ask(config, phrase, Gap(0, None), 20))
    return f"Connected without a login: the search finds “{phrase}” {len(found)} times on its first page."


def _search(config: Config, phrase: str, progress: Progress) -> Iterator[tuple[list[Item], Progress]]:
    """New hits first, down through the overlap, then the gaps left by earlier polls."""
    gap: Gap | None = progress.gaps()[0]
    asked = Gap(progress.gaps()[0].floor - OVERLAP_S, None)
    for number in range(1, PAGES_A_POLL + 1):
        hits, low, top, is_last = _slice(config, phrase, asked)
        if gap is not None:
            is_closed = is_last and asked.floor <= gap.floor
            progress = progress.after(gap, None if top is None else (low, top), is_closed)
        yield _items(config, hits), progress
        gap = None if is_last else progress.gap_below(low)
        older = progress.older_gap()
        if gap is None and older is not None and (is_last or number >= PAGES_A_POLL // 2):
            gap = asked = older  # known hits must not keep a gap from being filled
        elif is_last:
            return
        else:
            asked = Gap(asked.floor, low)


def _slice(config: Config, phrase: str, asked: Gap) -> tuple[list[dict[str, Any]], int, int | None, bool]:
    """One request: hits, oldest and newest of their times, and whether that was all. If one second holds more than a
    page, it is requested as a whole; the search never shows anything beyond that."""
    size, low, top = PER_PAGE, asked.floor, None
    hits, is_last = _page(config, phrase, asked, size)
    if not is_last and asked.ceiling is not None and min(_times(hits), default=asked.ceiling) >= asked.ceiling:
        hits, is_last = _page(config, phrase, asked, MAX_PER_QUERY)
    times = _times(hits)
    if times:
        low, top = min(times), max(times)
        if not is_last and asked.ceiling is not None and low >= asked.ceiling:
            low = asked.ceiling - 1
    return hits, low, top, is_last or not times


def _page(config: Config, phrase: str, asked: Gap, size: int) -> tuple[list[dict[str, Any]], bool]:
    """Hits of a gap, and whether that is all of them; fewer than requested is the only reliable sign (nbHits is
    approximate)."""
    document = _ask(config, phrase, asked, size)
    hits = _hits(document)
    pages = document.get("nbPages")
    return hits, len(hits) < size and not (isinstance(pages, int) and pages > 1)


def _ask(config: Config, phrase: str, asked: Gap, size: int) -> dict[str, Any]:
    filters = [f"created_at_i>{asked.floor}"]
    if asked.ceiling is not None:
        filters.append(f"created_at_i<={asked.ceiling}")
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
    url = f"{wire.base(config, 'algolia_base', wire.ALGOLIA)}/{endpoint}"
    body = get_json(config.network, url, params=params).body
    if not isinstance(body, dict) or not isinstance(body.get("hits"), list):
        raise Malformed("The Hacker News search returned no hits field.")
    return body


def _hits(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [hit for hit in document["hits"] if isinstance(hit, dict)]


def _times(hits: list[dict[str, Any]]) -> list[int]:
    times = [hit.get("created_at_i") for hit in hits]
    return [int(t) for t in times if isinstance(t, int) or (isinstance(t, str) and t.isdigit())]


def _items(config: Config, hits: list[dict[str, Any]]) -> list[Item]:
    """Drops near-matches of a phrase: stored, they would mask the same comment arriving with a thread."""
    items = wire.split({"hits": hits}, config)
    return [item for item in items if parsing.parse(item, config) is not None]


def _days(config: Config) -> int:
    try:
        return max(1, min(3650, int(config.setting("backfill_days", 14))))
    except (TypeError, ValueError):
        return 14
