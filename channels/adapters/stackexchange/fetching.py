"""Reads Stack Exchange: new questions by tag and phrase, oldest first, and whole threads.

`/search` matches any of several tags, `/search/advanced` free text: https://api.stackexchange.com/docs/search,
https://api.stackexchange.com/docs/advanced-search. Both sort by creation date, so activity on an old question isn't a
new mention. Paging is by number, so a poll keeps its `fromdate` while paging, and the cursor holds the second up to
which everything is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from channels.adapters.stackexchange import parsing, wire
from channels.adapters.stackexchange.client import Wrapper, ask, pause
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import Rejected
from channels.toolkit.partial_failures import Parts

PER_PAGE = 100
PAGES_A_POLL = 25
OVERLAP_S = 2 * 3600
"""The search index lags, and recent questions are edited most, so they are reread."""
DEFAULT_DAYS = 14


@dataclass(frozen=True, slots=True)
class Source:
    """One recurring query. `key` is its key in the cursor."""

    key: str
    path: str
    params: dict[str, str | int]


def sources(config: Config) -> list[Source]:
    tags, phrases = wire.words(config, "tags"), wire.words(config, "phrases")
    if not tags and not phrases:
        raise Rejected("This connection has neither tags nor phrases to look for. Enter at least one.")
    found = []
    if tags:
        joined = ";".join(sorted({tag.lower() for tag in tags}))
        found.append(Source(f"tags {joined}", "/search", {"tagged": joined}))
    for phrase in phrases:
        wanted = f'"{phrase}"' if " " in phrase else phrase
        found.append(Source(f"phrase {phrase.lower()}", "/search/advanced", {"q": wanted}))
    return found


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """The sources in turn, starting with the one where the last poll was interrupted. A failing source or a paused
    method doesn't block the others. `pauses` (method → epoch seconds) are kept in the cursor, since another process may
    run the next poll."""
    state = _State(config, cursor)
    parts, wanted, left = state.parts, state.sources, PAGES_A_POLL
    resting: list[str] = []
    for key in parts:
        if state.rest_s(wanted[key]) > 0:
            resting.append(key)
            continue
        with parts.reading(key):
            for wrapper, mark, is_last in _pages(config, wanted[key], state.mark(key), left):
                left -= 1
                state.note(wanted[key], wrapper, mark, is_last, resting)
                yield Page(_items(config, wrapper), state.to_json(), wrapper.quota_left, wrapper.quota_resets_at)
                if wrapper.pause_s and not is_last:
                    resting.append(key)
                    break
        if left <= 0:
            return
    if parts.read or not resting:
        yield from parts.end(state.to_json())
    if resting:
        raise pause(min(state.rest_s(wanted[key]) for key in resting))


class _State:
    """The cursor's contents. `from`: source → epoch seconds up to which it is read; `next`: the source to start
    with."""

    def __init__(self, config: Config, cursor: Json) -> None:
        known = cursor if isinstance(cursor, dict) else {}
        self.sources = {source.key: source for source in sources(config)}
        self.marks: dict[str, Any] = dict(known.get("from") or {})
        self.start = int(desk_now().timestamp()) - 86_400 * _days(config)
        now = desk_now().timestamp()
        self.pauses: dict[str, float] = {p: at for p, at in (known.get("pauses") or {}).items() if at > now}
        self.turn = str(known.get("next") or "")
        self.parts = Parts(self.sources, {**(known.get("parts") or {}), "turn": self.turn})

    def mark(self, key: str) -> int:
        return _mark(self.marks.get(key), self.start)

    def rest_s(self, source: Source) -> float:
        return self.pauses.get(source.path, 0.0) - desk_now().timestamp()

    def note(self, source: Source, wrapper: Wrapper, mark: int, is_last: bool, resting: list[str]) -> None:
        self.marks[source.key] = mark
        if wrapper.pause_s:
            self.pauses[source.path] = desk_now().timestamp() + wrapper.pause_s
        keys = list(self.sources)
        following = keys[(keys.index(source.key) + 1) % len(keys)] if is_last else source.key
        self.turn = resting[0] if resting else following

    def to_json(self) -> dict[str, Json]:
        kept = {"from": dict(self.marks), "next": self.turn, "pauses": dict(self.pauses)}
        return {**kept, "parts": self.parts.to_json()}


def _pages(config: Config, source: Source, mark: int, bound: int) -> Iterator[tuple[Wrapper, int, bool]]:
    """(answer, start time for the next poll, whether the source is exhausted). A mark never moves back."""
    since, newest = mark, 0
    for number in range(1, bound + 1):
        wrapper = _ask(config, source, since, number)
        newest = max(newest, *(_created(entry) for entry in wrapper.items), 0)
        is_last = not wrapper.has_more or not wrapper.items
        overlapped = min(newest or since, int(desk_now().timestamp())) - OVERLAP_S
        yield wrapper, max(since, overlapped if is_last else newest), is_last
        if is_last:
            return


def _ask(config: Config, source: Source, since: int, number: int) -> Wrapper:
    order: dict[str, str | int] = {"sort": "creation", "order": "asc", "fromdate": since, "filter": "withbody"}
    return ask(config, source.path, {**source.params, **order, "page": number, "pagesize": PER_PAGE})


def _created(entry: dict[str, Any]) -> int:
    created = entry.get("creation_date")
    return int(created) if isinstance(created, int | float) else 0


def _mark(stored: Json, start: int) -> int:
    return stored if isinstance(stored, int) and not isinstance(stored, bool) else start


def _items(config: Config, wrapper: Wrapper) -> list[Item]:
    """Drops near-matches of a phrase and duplicates: pages shift while we read them."""
    questions = [entry for entry in wrapper.items if "question_id" in entry and "answer_id" not in entry]
    items = {item.external_id: item for entry in questions for item in wire.of_question(entry, found=True)}
    return [item for item in items.values() if parsing.parse(item, config) is not None]


def check(config: Config) -> str:
    """`/info` costs one request and confirms the site: https://api.stackexchange.com/docs/info."""
    asked = sources(config)
    wrapper = ask(config, "/info")
    left = "" if wrapper.quota_left is None else f" {wrapper.quota_left} requests left today,"
    told = f"{'with' if config.secret('key') else 'without'} a key, {len(asked)} for each poll."
    return f"Connected to {wire.site_of(config)}:{left} {told}"


def _days(config: Config) -> int:
    try:
        return max(1, min(3650, int(config.setting("backfill_days", DEFAULT_DAYS))))
    except (TypeError, ValueError):
        return DEFAULT_DAYS
