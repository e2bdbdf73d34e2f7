"""Reads Stack Exchange: new questions by tag and phrase, oldest first, and whole threads.

`/search` matches any of several tags, `/search/advanced` free text: https://api.stackexchange.com/docs/search,
https://api.stackexchange.com/docs/advanced-search. Both sort by creation date, so activity on an old question isn't a
new mention. Paging is by number, so a poll keeps its `fromdate` while paging, and the cursor holds the second up to
which everything is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from channels.adapters.stackexchange import wire
from channels.adapters.stackexchange.client import Wrapper, ask, waiting
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import Rejected
from channels.toolkit.list_sources import ListSource, Read, backfill_start, read_lists
from channels.toolkit.values import object_of, unique

PER_PAGE = 100
PAGES_A_POLL = 25
OVERLAP_S = 2 * 3600
"""The search index lags, and recent questions are edited most, so they are reread."""


@dataclass(frozen=True, slots=True)
class Query:
    """One recurring request."""

    path: str
    params: dict[str, str | int]


class Pauses:
    """Until when (epoch seconds) each method must not be called. Kept in the cursor, since another process may run the
    next poll."""

    def __init__(self, stored: Json = None) -> None:
        now = desk_now().timestamp()
        known = object_of(stored)
        self.until: dict[str, float] = {path: at for path, at in known.items() if at > now}
        self.waiting: list[str] = []
        """Methods with something left to read."""

    def to_json(self) -> dict[str, Json]:
        return {"pauses": dict(self.until)}

    def rest_s(self, path: str) -> float:
        return self.until.get(path, 0.0) - desk_now().timestamp()


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """A method that asks for a pause doesn't block the others; then the poll ends with the shortest pause."""
    known = dict(cursor) if isinstance(cursor, dict) else {}
    if "next" in known:  # older cursors name the list to start with there
        known["parts"] = {**(known.get("parts") or {}), "turn": known["next"]}
    pauses = Pauses(known.get("pauses"))
    yield from read_lists(sources(config, pauses), known, under="from", beside=pauses.to_json)
    if pauses.waiting:
        raise waiting(min(pauses.rest_s(path) for path in pauses.waiting))


def sources(config: Config, pauses: Pauses | None = None) -> list[ListSource]:
    start, pauses = backfill_start(config), pauses or Pauses()
    return [ListSource(name, partial(_read, config, query, pauses), start) for name, query in _queries(config).items()]


def _queries(config: Config) -> dict[str, Query]:
    """Key in the cursor → request."""
    tags, phrases = config.entries("tags"), config.entries("phrases")
    if not tags and not phrases:
        raise Rejected("This connection has neither tags nor phrases to look for. Enter at least one.")
    found = {}
    if tags:
        joined = ";".join(sorted({tag.lower() for tag in tags}))
        found[f"tags {joined}"] = Query("/search", {"tagged": joined})
    for phrase in phrases:
        wanted = f'"{phrase}"' if " " in phrase else phrase
        found[f"phrase {phrase.lower()}"] = Query("/search/advanced", {"q": wanted})
    return found


def _read(config: Config, query: Query, pauses: Pauses, mark: Json) -> Iterator[Read]:
    if pauses.rest_s(query.path) > 0:
        pauses.waiting.append(query.path)
        return
    for wrapper, reached, is_last in _pages(config, query, _mark(mark, backfill_start(config))):
        if wrapper.pause_s:
            pauses.until[query.path] = desk_now().timestamp() + wrapper.pause_s
        yield Read(_items(wrapper), reached, (wrapper.quota_left, wrapper.quota_resets_at))
        if wrapper.pause_s and not is_last:
            pauses.waiting.append(query.path)
            return


def _pages(config: Config, query: Query, mark: int) -> Iterator[tuple[Wrapper, int, bool]]:
    """(answer, start time for the next poll, whether the source is exhausted). A mark never moves back."""
    since, newest = mark, 0
    for number in range(1, PAGES_A_POLL + 1):
        wrapper = _ask(config, query, since, number)
        newest = max(newest, *(_created(entry) for entry in wrapper.items), 0)
        is_last = not wrapper.has_more or not wrapper.items
        overlapped = min(newest or since, int(desk_now().timestamp())) - OVERLAP_S
        yield wrapper, max(since, overlapped if is_last else newest), is_last
        if is_last:
            return


def _ask(config: Config, query: Query, since: int, number: int) -> Wrapper:
    order: dict[str, str | int] = {"sort": "creation", "order": "asc", "fromdate": since, "filter": "withbody"}
    return ask(config, query.path, {**query.params, **order, "page": number, "pagesize": PER_PAGE})


def _created(entry: dict[str, Any]) -> int:
    created = entry.get("creation_date")
    return int(created) if isinstance(created, int | float) else 0


def _mark(stored: Json, start: int) -> int:
    return stored if isinstance(stored, int) and not isinstance(stored, bool) else start


def _items(wrapper: Wrapper) -> list[Item]:
    """Each question once: pages shift while we read them."""
    questions = [entry for entry in wrapper.items if "question_id" in entry and "answer_id" not in entry]
    return unique([item for entry in questions for item in wire.of_question(entry, found=True)])


def check(config: Config) -> str:
    """`/info` costs one request and confirms the site: https://api.stackexchange.com/docs/info."""
    asked = _queries(config)
    wrapper = ask(config, "/info")
    left = "" if wrapper.quota_left is None else f" {wrapper.quota_left} requests left today,"
    summary = f"{'with' if config.secret('key') else 'without'} a key, {len(asked)} for each poll."
    return f"Connected to {wire.site_of(config)}:{left} {summary}"
