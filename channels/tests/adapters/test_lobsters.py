"""Lobsters: the desk's own matching, reading all pages, comments of stories with new ones, at a polite pace."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.adapters.lobsters import Lobsters, fetching
from channels.contract import Config, Json
from channels.errors import Malformed, RateLimited, Rejected, Transient
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

ADAPTER = Lobsters()
NOW = int(time.time())
PAYLOADS = Path(__file__).parents[1] / "payloads" / "lobsters"


class Site:
    """Stories newest first, `size` a page, and their comments."""

    def __init__(self, size: int = 4) -> None:
        self.size = size
        self.stories: dict[str, dict[str, Any]] = {}
        self.comments: dict[str, list[dict[str, Any]]] = {}
        self.spoiled: dict[str, Reply] = {}
        self.broken_after: int | None = None

    def add(self, number: str, at: int, title: str = "About Acme", **more: Any) -> None:
        story = {"short_id": number, "title": title, "created_at": _stamp(at), "url": "", "comment_count": 0}
        self.stories[number] = {**story, "description": "", "submitter_user": "ann", **more}

    def say(self, story: str, number: str, html: str, **more: Any) -> None:
        said = {"short_id": number, "comment": html, "created_at": _stamp(NOW), "commenting_user": "bob",
                "parent_comment": None, "is_deleted": False, "is_moderated": False, **more}  # fmt: skip
        self.comments.setdefault(story, []).append(said)
        self.stories[story]["comment_count"] = len(self.comments[story])

    def answer(self, seen: Seen) -> Reply:
        if self.broken_after is not None:
            self.broken_after -= 1
            if self.broken_after < 0:
                return Reply(502, b"bad gateway")
        if seen.path in self.spoiled:
            return self.spoiled[seen.path]
        name = seen.path.removesuffix(".json").strip("/")
        if name.startswith("newest"):
            number = int(name.rpartition("/")[2]) if "/" in name else 1
            listed = sorted(self.stories.values(), key=lambda s: s["created_at"], reverse=True)
            return as_json(listed[(number - 1) * self.size : number * self.size])
        story = self.stories.get(name.removeprefix("s/"))
        if story is not None:
            return as_json({**story, "comments": self.comments.get(story["short_id"], [])})
        return as_json({"status": 404, "error": "Not Found"}, 404)

    def asked(self, server: Server) -> list[str]:
        return [seen.path for seen in server.seen]


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


@contextmanager
def reading(site: Site, **settings: Any) -> Iterator[tuple[Server, Config]]:
    with serving(site.answer) as server:
        bases = {"api_base": server.url, "web_base": "https://lobste.rs"}
        yield server, Config({**bases, "phrases": ["Acme"], **settings}, network=server.network())


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


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
        cursor = json.loads(json.dumps(page.cursor))


def test_a_first_poll_reads_two_weeks_and_a_second_what_is_young(pauses: list[float]) -> None:
    site, seen = Site(), set[str]()
    for n in range(1, 31):
        site.add(f"s{n}", NOW - n * 12 * 3600 + 1800)
    with reading(site) as (server, config):
        cursor = _poll(config, None, seen)
        assert seen == {f"s{n}" for n in range(1, 29)}
        requests = len(server.seen)
        again: set[str] = set()
        _poll(config, cursor, again)
        assert site.asked(server)[requests:] == ["/newest.json", "/newest/page/2.json"]
    assert again <= seen
    assert len(pauses) == len(server.seen) - 2
    assert set(pauses) == {fetching.PAUSE_S}


def test_only_stories_that_name_us_come_in() -> None:
    site, seen = Site(), set[str]()
    site.add("aaa", NOW - 60, "the acmeist poets")
    site.add("bbb", NOW - 70, "ACME's docs")
    site.add("ccc", NOW - 80, "A release", url="https://about.acme.example/19")
    site.add("ddd", NOW - 90, "A release", description="<p>of <em>Acme</em></p>")
    site.add("eee", NOW - 91, "Nothing")
    with reading(site) as (_, config):
        _poll(config, None, seen)
    assert seen == {"bbb", "ccc", "ddd"}


def test_a_break_in_the_middle_loses_nothing() -> None:
    site, seen = Site(), set[str]()
    for n in range(1, 28):
        site.add(f"s{n}", NOW - n * 12 * 3600)
    cursor: Json = None
    with reading(site) as (_, config):
        for number, good in enumerate((3, 0, 2)):
            site.broken_after = good
            cursor = _poll_until_it_breaks(config, cursor, seen)
            site.add(f"new{number}", NOW - 600 + number)
        site.broken_after = None
        for _ in range(2):
            cursor = _poll(config, cursor, seen)
    assert seen == set(site.stories)
    assert cursor["islands"] == []


def test_a_long_backfill_is_bounded_and_filled_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 4)
    site, seen = Site(3), set[str]()
    for n in range(1, 40):
        site.add(f"s{n}", NOW - n * 8 * 3600)
    cursor: Json = None
    with reading(site) as (_, config):
        cursor = _poll(config, cursor, seen)
        assert len(seen) == 12
        for _ in range(10):
            cursor = _poll(config, cursor, seen)
    assert seen == set(site.stories)


def test_comments_that_name_us_are_found_under_any_story_once_it_has_new_ones() -> None:
    site, seen = Site(), set[str]()
    site.add("aaa", NOW - 3600, "A faster linker")
    site.say("aaa", "c1", "<p>As in Acme.</p>")
    site.say("aaa", "c2", "<p>The acmeists?</p>")
    with reading(site) as (server, config):
        cursor = _poll(config, None, seen)
        assert seen == {"c_c1"}
        requests = len(server.seen)
        cursor = _poll(config, cursor, seen)
        assert "/s/aaa.json" not in site.asked(server)[requests:]
        site.say("aaa", "c3", '<p>See <a href="https://acme.example/docs">here</a></p>')
        _poll(config, cursor, seen)
    assert seen == {"c_c1", "c_c3"}


def test_comments_can_be_left_alone() -> None:
    site, seen = Site(), set[str]()
    site.add("aaa", NOW - 3600, "A faster linker")
    site.say("aaa", "c1", "<p>As in Acme.</p>")
    with reading(site, comments=False) as (server, config):
        _poll(config, None, seen)
        assert "/s/aaa.json" not in site.asked(server)
    assert seen == set()


def test_few_stories_a_poll_are_read_and_those_talked_about_now_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "STORIES_A_POLL", 2)
    site, seen = Site(20), set[str]()
    for n in range(1, 6):
        site.add(f"s{n}", NOW - n * 3600, "Something")
        site.say(f"s{n}", f"c{n}", "<p>Acme</p>")
    with reading(site) as (server, config):
        cursor = _poll(config, None, seen)
        assert len(seen) == 2
        site.add("new", NOW, "Fresh")
        site.say("new", "cnew", "<p>Acme</p>")
        for _ in range(4):
            cursor = _poll(config, cursor, seen)
        read = [path for path in site.asked(server) if path.startswith("/s/")]
        assert len(read) == len(set(read)) == 6
    assert seen == {"c_cnew", *(f"c_c{n}" for n in range(1, 6))}
    assert cursor["waiting"] == {}


def test_a_story_that_cannot_be_read_does_not_keep_the_others_waiting() -> None:
    site, seen = Site(), set[str]()
    for number in ("aaa", "bbb", "ccc"):
        site.add(number, NOW - 3600, "Something")
        site.say(number, f"c{number}", "<p>Acme</p>")
    site.spoiled["/s/bbb.json"] = Reply(500, b"oops")
    with reading(site) as (_, config):
        pages = list(ADAPTER.fetch(config, None))
        assert {item.external_id for page in pages for item in page.items} == {"c_caaa", "c_cccc"}
        assert pages[-1].trouble
        assert pages[-1].again_soon
        assert list(pages[-1].cursor["waiting"]) == ["bbb"]
        site.spoiled["/s/bbb.json"] = Reply(429, b"Throttled", {"Retry-After": "9"})
        with pytest.raises(RateLimited):
            _poll(config, None, seen)


def test_a_story_that_vanished_meanwhile_has_no_comments() -> None:
    site, seen = Site(), set[str]()
    site.add("aaa", NOW - 3600, "Something", comment_count=3)
    site.spoiled["/s/aaa.json"] = as_json({"status": 404}, 404)
    with reading(site) as (_, config):
        assert _poll(config, None, seen)["waiting"] == {}


def test_an_answer_without_stories_is_an_error() -> None:
    site = Site()
    site.spoiled["/newest.json"] = as_json({"error": "maintenance"})
    with reading(site) as (_, config):
        with pytest.raises(Malformed, match="maintenance"):
            _poll(config, None, set())
        site.spoiled["/newest.json"] = as_json([])
        with pytest.raises(Malformed, match="no stories"):
            ADAPTER.check(config)


def test_a_connection_without_phrases_says_so() -> None:
    with pytest.raises(Rejected, match="no phrases"):
        list(ADAPTER.fetch(Config({"phrases": [" "]}), None))


# --- threads and reading ---------------------------------------------------------------------------------------------


def test_a_thread_brings_what_names_nothing_and_story_and_list_agree() -> None:
    site = Site()
    site.add("aaa", NOW - 3600, "A linker", description="<p>text</p>")
    site.say("aaa", "c1", "<p>hm</p>")
    with reading(site) as (_, config):
        story, comment = ADAPTER.fetch_thread(config, "aaa")
        mentions = [ADAPTER.parse(item, config) for item in (story, comment)]
        assert [m.external_id for m in mentions if m] == ["aaa", "c_c1"]
        assert mentions[1] is not None
        assert (mentions[1].thread_title, mentions[1].parent_id) == ("A linker", "aaa")
        (listed,) = ADAPTER.split([site.stories["aaa"]], config)
        anything = Config()
        assert ADAPTER.fingerprint(listed, anything) == ADAPTER.fingerprint(story, anything)
        edited = ADAPTER.split([{**site.stories["aaa"], "title": "A linker (2026)", "score": 99}], config)[0]
        assert ADAPTER.fingerprint(edited, anything) != ADAPTER.fingerprint(story, anything)


def test_what_is_gone_is_reported() -> None:
    site = Site()
    site.spoiled["/c/c9.json"] = Reply(400, b"can't find comment")
    site.spoiled["/c/c8.json"] = as_json(
        {"short_id": "c8", "comment": "<em>Comment removed by author</em>", "is_deleted": True, "is_moderated": False,
         "created_at": _stamp(NOW), "commenting_user": "bob", "url": "https://lobste.rs/s/aaa/x#c_c8"}
    )  # fmt: skip
    with reading(site) as (_, config):
        found = [ADAPTER.parse(i, config) for i in ADAPTER.lookup(config, "aaa", ["c_c9", "c_c8", "aaa", "../x"])]
        (thread,) = ADAPTER.fetch_thread(config, "aaa")
    assert [(m.external_id, m.thread_id, m.is_deleted) for m in found if m] == [
        ("c_c9", "aaa", True),
        ("c_c8", "aaa", True),
        ("aaa", "aaa", True),
    ]
    mention = ADAPTER.parse(thread, Config())
    assert mention is not None
    assert mention.is_deleted


@pytest.mark.parametrize("thread", ["c_abc", "", "../newest", "A"])
def test_only_a_story_has_a_thread(thread: str) -> None:
    with pytest.raises(Rejected, match="not a Lobsters story"):
        ADAPTER.fetch_thread(Config(), thread)


def test_offsets_become_utc_and_both_submitter_shapes_the_same_author() -> None:
    document = json.loads((PAYLOADS / "newest_object_submitter.json").read_text())
    mention = ADAPTER.parse(ADAPTER.split(document, Config())[0], Config())
    assert mention is not None
    assert mention.posted_at == datetime(2026, 1, 4, 10, tzinfo=UTC)
    document[0]["submitter_user"] = "objecty"
    again = ADAPTER.parse(ADAPTER.split(document, Config())[0], Config())
    assert again is not None
    assert (again.author, again.posted_at) == (mention.author, mention.posted_at)


def test_a_story_and_a_comment_may_share_their_short_id() -> None:
    story = {"short_id": "abc123", "title": "T", "comments": [{"short_id": "abc123", "comment": "<p>x</p>"}]}
    assert [item.external_id for item in ADAPTER.split(story, Config())] == ["abc123", "c_abc123"]


def test_edits_count_after_a_minute() -> None:
    document = json.loads((PAYLOADS / "story_new.json").read_text())
    found = {i.external_id: ADAPTER.parse(i, Config()) for i in ADAPTER.split(document, Config())}
    edited, untouched = found["c_c1bbbb"], found["c_c1eeee"]
    assert edited is not None
    assert edited.edited_at is not None
    assert edited.posted_at is not None
    assert edited.edited_at - edited.posted_at == timedelta(minutes=15)
    assert untouched is not None
    assert untouched.edited_at is None
    assert found["c_c1dddd"] is not None
    assert found["c_c1dddd"].extra["gone"] == "removed"
