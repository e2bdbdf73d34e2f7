"""Hacker News against a search of our own: nothing is lost, nothing that only resembles the phrase is kept."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.adapters.hackernews import HackerNews, fetching
from channels.contract import Config, Item, Json, Outgoing
from channels.errors import Malformed, Rejected, Transient
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

ADAPTER = HackerNews()
NOW = int(time.time())
PAYLOADS = Path(__file__).parent / "payloads" / "hackernews"


class Search:
    """Algolia's search as the adapter uses it, over hits that tests add and spoil."""

    def __init__(self) -> None:
        self.hits: dict[int, dict[str, Any]] = {}
        self.pages: dict[str, Json] = {}
        self.broken_after: int | None = None

    def add(self, number: int, at: int, text: str = "I like Acme", **more: Any) -> None:
        story = {"story_id": 1, "parent_id": 1, "_tags": ["comment", f"author_u{number}", "story_1"]}
        self.hits[number] = {
            "objectID": str(number), "author": f"u{number}", "comment_text": text, "created_at_i": at, **story, **more,
        }  # fmt: skip

    def answer(self, seen: Seen) -> Reply:
        if self.broken_after is not None:
            self.broken_after -= 1
            if self.broken_after < 0:
                return Reply(503, b"")
        if seen.path in self.pages:
            return as_json(self.pages[seen.path])
        if seen.path != "/search_by_date":
            return as_json({"status": 404, "error": "Not Found"}, 404)
        low, high = 0, 1 << 60
        for name, number in re.findall(r"created_at_i(>|<=)(\d+)", seen.query["numericFilters"]):
            low, high = (int(number), high) if name == ">" else (low, int(number))
        found = sorted(
            (h for h in self.hits.values() if low < h["created_at_i"] <= high and self._resembles(h, seen)),
            key=lambda h: (-h["created_at_i"], h["objectID"]),
        )
        size = min(int(seen.query["hitsPerPage"]), 1000)
        return as_json({"hits": found[:size], "nbHits": len(found), "nbPages": -(-len(found) // size), "page": 0})

    @staticmethod
    def _resembles(hit: dict[str, Any], seen: Seen) -> bool:
        return seen.query["query"][:3].lower() in hit["comment_text"].lower()


@contextmanager
def searching(search: Search) -> Iterator[tuple[Server, Config]]:
    with serving(search.answer) as server:
        yield server, _config(server)


def _config(server: Server, **settings: Any) -> Config:
    bases = {"algolia_base": server.url, "firebase_base": server.url + "/v0"}
    return Config({**bases, "phrases": ["Acme"], **settings}, network=server.network())


def _poll(config: Config, cursor: Json, into: set[str]) -> Json:
    for page in ADAPTER.fetch(config, cursor):
        into |= {item.external_id for item in page.items}
        cursor = json.loads(json.dumps(page.cursor))
    return cursor


def _poll_until_it_breaks(config: Config, cursor: Json, into: set[str]) -> Json:
    pages = ADAPTER.fetch(config, cursor)
    while True:
        try:
            page = next(pages)
        except Transient:
            return cursor
        into |= {item.external_id for item in page.items}
        cursor = page.cursor


def test_a_first_poll_looks_back_and_a_second_reads_only_what_is_young() -> None:
    search = Search()
    for n in range(1, 31):
        search.add(n, NOW - n * 3600)
    search.add(99, NOW - 40 * 86_400)
    seen: set[str] = set()
    again: set[str] = set()
    with searching(search) as (server, config):
        cursor = _poll(config, None, seen)
        assert seen == {str(n) for n in range(1, 31)}
        requests = len(server.seen)
        _poll(config, cursor, again)
        assert len(server.seen) == requests + 1
    assert again == {"1", "2"}


def test_what_is_indexed_late_is_still_found() -> None:
    search, seen = Search(), set[str]()
    search.add(1, NOW - 60)
    with searching(search) as (_, config):
        cursor = _poll(config, None, seen)
        search.add(2, NOW - 600)
        cursor = _poll(config, cursor, seen)
        assert _poll(config, cursor, seen) == cursor
    assert seen == {"1", "2"}


def test_a_quiet_phrase_does_not_creep_back() -> None:
    with searching(Search()) as (_, config):
        first = _poll(config, None, set())
        assert _poll(config, _poll(config, first, set()), set()) == first


def test_a_long_backfill_is_bounded_and_filled_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 3)
    search, seen = Search(), set[str]()
    for n in range(1, 61):
        search.add(n, NOW - 10_000 - n * 300)
    with searching(search) as (_, config):
        cursor = _poll(config, None, seen)
        assert 10 < len(seen) < 20
        high = cursor["phrases"]["acme"]["high"]
        search.add(100, NOW - 5)
        for _ in range(12):
            cursor = _poll(config, cursor, seen)
            assert "100" in seen
            if cursor["phrases"]["acme"]["islands"]:
                assert cursor["phrases"]["acme"]["high"] == high
    assert seen == {str(n) for n in (*range(1, 61), 100)}
    assert cursor["phrases"]["acme"] == {"high": NOW - 5, "islands": []}


def test_a_break_in_the_middle_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    search, seen = Search(), set[str]()
    for n in range(1, 31):
        search.add(n, NOW - 10_000 - n * 300)
    cursor: Json = None
    with searching(search) as (_, config):
        for good in (2, 0, 1, 3):
            search.broken_after = good
            cursor = _poll_until_it_breaks(config, cursor, seen)
        search.broken_after = None
        _poll(config, cursor, seen)
    assert seen == {str(n) for n in range(1, 31)}


def test_a_second_with_more_than_a_page_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    search, seen = Search(), set[str]()
    for n in range(1, 5):
        search.add(n, NOW - 20_000 - n)
    for n in range(100, 130):
        search.add(n, NOW - 20_000)
    for n in range(200, 204):
        search.add(n, NOW - 19_000)
    with searching(search) as (_, config):
        _poll(config, None, seen)
    assert seen == {str(n) for n in (*range(1, 5), *range(100, 130), *range(200, 204))}


def test_more_in_one_second_than_the_search_ever_shows_does_not_stop_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    monkeypatch.setattr(fetching, "MOST_PER_QUERY", 10)
    search, seen = Search(), set[str]()
    search.add(1, NOW - 30_000)
    for n in range(100, 120):
        search.add(n, NOW - 20_000)
    with searching(search) as (_, config):
        cursor = _poll(config, None, seen)
    assert "1" in seen
    assert cursor["phrases"]["acme"]["islands"] == []


def test_only_whole_words_are_kept() -> None:
    search, seen = Search(), set[str]()
    search.add(1, NOW - 60, "the acmeist poets")
    search.add(2, NOW - 61, "ACME&#x27;s docs")
    search.add(3, NOW - 62, "acme_test", story_title="Acme")
    with searching(search) as (_, config):
        cursor = _poll(config, None, seen)
    assert seen == {"2"}
    assert cursor["phrases"]["acme"]["high"] == NOW - 60


def test_every_phrase_has_a_cursor_of_its_own() -> None:
    search, seen = Search(), set[str]()
    search.add(1, NOW - 60, "Acme")
    with searching(search) as (server, config):
        cursor = _poll(config, None, seen)
        search.add(2, NOW - 90_000, "move to bcme", objectID="2")
        _poll(_config(server, phrases=["Acme", "bcme"]), cursor, seen)
    assert seen == {"1", "2"}


def test_a_connection_without_phrases_says_so() -> None:
    with pytest.raises(Rejected, match="no phrases"):
        list(ADAPTER.fetch(Config({"phrases": [" "]}), None))


def test_the_front_page_is_kept_whatever_it_names() -> None:
    search = Search()
    hit = {"objectID": "5", "title": "A compiler", "author": "x", "created_at_i": NOW, "_tags": ["story", "front_page"]}
    search.pages["/search"] = {"hits": [hit], "nbPages": 1}
    with searching(search) as (server, _):
        config = _config(server, feed="front_page")
        (page,) = ADAPTER.fetch(config, None)
        mention = ADAPTER.parse(page.items[0], config)
        assert server.seen[0].query["tags"] == "front_page"
        assert "1 stories" in ADAPTER.check(config)
    assert mention is not None
    assert mention.extra["place"] == 1


# --- threads -----------------------------------------------------------------------------------------------------

TREE = json.loads((PAYLOADS / "item_tree.json").read_text())


def _as_firebase(node: dict[str, Any]) -> dict[str, Json]:
    """The pages that Firebase would serve for a tree."""
    kids = [child["id"] for child in node["children"]]
    page: dict[str, Json] = {"id": node["id"], "time": node["created_at_i"], "type": node["type"], "kids": kids}
    if node["author"] is None and node["type"] == "comment":
        page["deleted"] = True
    for ours, theirs in (
        ("author", "by"),
        ("text", "text"),
        ("title", "title"),
        ("url", "url"),
        ("parent_id", "parent"),
    ):
        if node.get(ours):
            page[theirs] = node[ours]
    pages: dict[str, Json] = {f"/v0/item/{node['id']}.json": page}
    for child in node["children"]:
        pages |= _as_firebase(child)
    return pages


def test_a_thread_is_read_in_one_request() -> None:
    search = Search()
    search.pages["/items/48100001"] = TREE
    with searching(search) as (server, config):
        items = ADAPTER.fetch_thread(config, "48100001")
        assert len(server.seen) == 1
    mentions = [ADAPTER.parse(item, config) for item in items]
    assert [m.external_id for m in mentions if m] == ["48100001", "48100003", "48100004", "48100005", "48100006"]
    assert {m.thread_id for m in mentions if m} == {"48100001"}
    assert {m.thread_title for m in mentions if m} == {"Acme 9.0 and the price of CI"}


def test_a_thread_that_is_not_indexed_is_read_item_by_item_and_is_the_same() -> None:
    search = Search()
    search.pages = _as_firebase(TREE)
    with searching(search) as (_, config):
        items = ADAPTER.fetch_thread(config, "48100001")
    tree = {item.external_id: item for item in ADAPTER.split(TREE, config)}
    assert [item.external_id for item in items] == list(tree)
    for item in items:
        assert ADAPTER.fingerprint(item, config) == ADAPTER.fingerprint(tree[item.external_id], config)


def test_a_huge_thread_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "THREAD_REQUESTS", 2)
    search = Search()
    search.pages = _as_firebase(TREE)
    with searching(search) as (_, config):
        items = ADAPTER.fetch_thread(config, "48100001")
    assert [item.external_id for item in items] == ["48100001", "48100003", "48100004"]


def test_a_thread_that_does_not_exist_is_empty() -> None:
    search = Search()
    search.pages["/v0/item/7.json"] = None
    with searching(search) as (_, config):
        assert ADAPTER.fetch_thread(config, "7") == []
        with pytest.raises(Rejected):
            ADAPTER.fetch_thread(config, "../../secrets")


# --- reading -----------------------------------------------------------------------------------------------------

COMMENT = {
    "objectID": "9",
    "author": "u",
    "comment_text": "Acme &#x2F; x",
    "created_at_i": 1,
    "parent_id": 1,
    "story_id": 1,
}


def test_points_and_highlights_are_no_edit_but_a_new_text_is() -> None:
    def mark(**changes: Any) -> bytes:
        (item,) = ADAPTER.split({**COMMENT, **changes}, Config())
        return ADAPTER.fingerprint(item, Config())

    assert mark(points=5, _highlightResult={"x": 1}, updated_at="2026", num_comments=3) == mark()
    assert mark(comment_text="Acme / x") == mark()
    assert mark(comment_text="Acme / y") != mark()


def test_a_comment_of_ours_is_known_by_its_author() -> None:
    (item,) = ADAPTER.split({**COMMENT, "author": "Sam_Acme"}, Config())
    mention = ADAPTER.parse(item, Config(own=frozenset({"sam_acme"})))
    assert mention is not None
    assert mention.is_own


def test_a_reply_is_written_on_the_items_page() -> None:
    assert ADAPTER.reply_url(None, "9", Config()) == "https://news.ycombinator.com/item?id=9"
    assert ADAPTER.reply_url("x", "9", Config({"web_base": "http://h/web/"})) == "http://h/web/item?id=9"


def test_there_is_no_way_to_post() -> None:
    with pytest.raises(Rejected, match="answer there"):
        ADAPTER.send(Config(), Outgoing("k", "text"))


@pytest.mark.parametrize(
    "document", [True, "text", 1.5, {}, {"a": 1}, [[1]], {"hits": [1]}, {"hits": [{}]}, {"error": "x"}]
)
def test_another_shape_is_malformed(document: Json) -> None:
    with pytest.raises(Malformed):
        ADAPTER.split(document, Config())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
SAMPLES = [
    json.loads(p.read_text()) for p in sorted(PAYLOADS.glob("*.json")) if p.name.count(".") == 1 and p.stem != "config"
]


def _spots(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _spots(inner, (*path, key))


def _put(value: Json, path: tuple[Any, ...], new: Json) -> Json:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(copy[path[0]], path[1:], new)
    return copy


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_mutated_payload_is_read_or_malformed(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(SAMPLES))
    for _ in range(data.draw(st.integers(1, 3))):
        spot = data.draw(st.sampled_from(list(_spots(document))))
        document = _put(document, spot, data.draw(json_values))
    config = Config({"phrases": ["Acme"]})
    try:
        items = ADAPTER.split(document, config)
        for item in items:
            ADAPTER.fingerprint(item, config)
            ADAPTER.parse(Item(item.external_id, json.loads(json.dumps(item.payload))), config)
    except Malformed:
        pass
