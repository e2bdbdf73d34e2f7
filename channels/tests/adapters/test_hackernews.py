"""Hacker News against a fake search: nothing is lost, and near matches of a phrase aren't mentions."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from channels.adapters.hackernews import HackerNews, fetching
from channels.contract import Config, Json
from channels.errors import Rejected, Transient
from channels.tests.fake_hackernews import Search, connection, searching

ADAPTER = HackerNews()
NOW = int(time.time())
PAYLOADS = Path(__file__).parents[1] / "payloads" / "hackernews"


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


def test_a_crowded_overlap_does_not_keep_a_gap_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 4)
    search, seen = Search(), set[str]()
    for n in range(1, 41):
        search.add(n, NOW - n)
    for n in range(100, 130):
        search.add(n, NOW - 20_000 - n * 300)
    cursor: Json = None
    with searching(search) as (_, config):
        for _ in range(12):
            cursor = _poll(config, cursor, seen)
    assert seen == {str(n) for n in search.hits}
    assert cursor["phrases"]["acme"]["islands"] == []


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
    monkeypatch.setattr(fetching, "MAX_PER_QUERY", 10)
    search, seen = Search(), set[str]()
    search.add(1, NOW - 30_000)
    for n in range(100, 120):
        search.add(n, NOW - 20_000)
    with searching(search) as (_, config):
        cursor = _poll(config, None, seen)
    assert "1" in seen
    assert cursor["phrases"]["acme"]["islands"] == []


def test_everything_found_is_kept_and_only_whole_words_are_a_mention() -> None:
    search = Search()
    search.add(1, NOW - 60, "the acmeist poets")
    search.add(2, NOW - 61, "ACME&#x27;s docs")
    search.add(3, NOW - 62, "acme_test", story_title="Acme")
    with searching(search) as (_, config):
        pages = list(ADAPTER.fetch(config, None))
        found = {item.external_id: ADAPTER.parse(item, config) for page in pages for item in page.items}
    assert {number: mention is not None for number, mention in found.items()} == {"1": False, "2": True, "3": False}
    assert pages[-1].cursor["phrases"]["acme"]["high"] == NOW - 60


def test_every_phrase_has_a_cursor_of_its_own() -> None:
    search, seen = Search(), set[str]()
    search.add(1, NOW - 60, "Acme")
    with searching(search) as (server, config):
        cursor = _poll(config, None, seen)
        search.add(2, NOW - 90_000, "move to bcme", objectID="2")
        _poll(connection(server, phrases=["Acme", "bcme"]), cursor, seen)
    assert seen == {"1", "2"}


def test_a_connection_without_phrases_says_so() -> None:
    with pytest.raises(Rejected, match="no phrases"):
        list(ADAPTER.fetch(Config({"phrases": [" "]}), None))


def test_the_front_page_is_kept_whatever_it_names() -> None:
    search = Search()
    hit = {"objectID": "5", "title": "A compiler", "author": "x", "created_at_i": NOW, "_tags": ["story", "front_page"]}
    search.pages["/search"] = {"hits": [hit], "nbPages": 1}
    with searching(search) as (server, _):
        config = connection(server, feed="front_page")
        (page,) = ADAPTER.fetch(config, None)
        mention = ADAPTER.parse(page.items[0], config)
        assert server.seen[0].query["tags"] == "front_page"
        assert "1 stories" in ADAPTER.check(config)
    assert mention is not None
    assert mention.extra["place"] == 1
