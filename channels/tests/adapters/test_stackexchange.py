"""Stack Exchange against a fake site: paging, resuming, pauses, quota, threads, deleted posts."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache

from channels.adapters.stackexchange import StackExchange, fetching
from channels.contract import NO_MENTION, Config, Item, Json
from channels.errors import AuthFailed, RateLimited, Rejected, Transient
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

ADAPTER = StackExchange()
NOW = int(time.time())


class Site:
    """Questions by creation, `/search` and friends; `extra` goes into each wrapper."""

    def __init__(self) -> None:
        self.questions: dict[int, dict[str, Any]] = {}
        self.extra: dict[str, Any] = {}
        self.breaks_after: int | None = None
        self.quota = 300
        self.hidden: set[str] = set()

    def add(self, number: int, at: int, title: str = "Acme &amp; I", **more: Any) -> None:
        self.questions[number] = {
            "question_id": number, "title": title, "body": "<p>b</p>", "creation_date": at, "tags": ["acme"],
            "link": f"https://stackoverflow.com/questions/{number}/x", "owner": {"user_id": 5, "display_name": "Ann"},
            **more,
        }  # fmt: skip

    def answer(self, seen: Seen) -> Reply:
        if self.breaks_after is not None:
            self.breaks_after -= 1
            if self.breaks_after < 0:
                return Reply(503, b"")
        self.quota -= 1
        if seen.path == "/filters/create":
            return self._wrapped([{"filter": "!abc", "included_fields": [], "filter_type": "safe"}])
        if seen.path.startswith("/questions/"):
            number = int(seen.path.rsplit("/", 1)[1])
            return self._wrapped([self.questions[number]] if number in self.questions else [])
        if seen.path.startswith(("/posts/", "/comments/")):
            kind, _, ids = seen.path.strip("/").partition("/")
            return self._wrapped([{f"{kind[:-1]}_id": int(i)} for i in ids.split(";") if i not in self.hidden])
        if seen.path == "/info":
            return self._wrapped([{"total_questions": 1}])
        return self._searched(seen)

    def _searched(self, seen: Seen) -> Reply:
        assert seen.query["sort"] == "creation"
        assert seen.query["order"] == "asc"
        since, page, size = (int(seen.query[name]) for name in ("fromdate", "page", "pagesize"))
        found = sorted((q for q in self.questions.values() if q["creation_date"] >= since),
                       key=lambda q: q["creation_date"])  # fmt: skip
        shown = found[(page - 1) * size : page * size]
        return self._wrapped(shown, has_more=page * size < len(found))

    def _wrapped(self, items: list[dict[str, Any]], *, has_more: bool = False) -> Reply:
        body = {"items": items, "has_more": has_more, "quota_max": 300, "quota_remaining": self.quota, **self.extra}
        return Reply(200, gzip.compress(json.dumps(body).encode()),
                     {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"})  # fmt: skip


@contextmanager
def serving_site(site: Site, **settings: Any) -> Iterator[tuple[Server, Config]]:
    with serving(site.answer) as server:
        values = {"api_base": server.url, "tags": ["acme"], **settings}
        yield server, Config(values, {"key": "k3y-of-the-app"}, network=server.network())


def _poll(config: Config, cursor: Json, into: list[str]) -> Json:
    for page in ADAPTER.fetch(config, cursor):
        into += [item.external_id for item in page.items]
        cursor = json.loads(json.dumps(page.cursor))
    return cursor


def _until_it_breaks(config: Config, cursor: Json, into: list[str]) -> Json:
    try:
        for page in ADAPTER.fetch(config, cursor):
            into += [item.external_id for item in page.items]
            cursor = json.loads(json.dumps(page.cursor))
    except Transient:
        return cursor
    raise AssertionError("it did not break")


def test_all_pages_are_read_and_a_second_poll_reads_only_the_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    site, seen, again = Site(), list[str](), list[str]()
    for n in range(1, 12):
        site.add(n, NOW - 20_000 + n * 1800)
    site.add(99, NOW - 40 * 86_400)
    with serving_site(site) as (server, config):
        cursor = _poll(config, None, seen)
        assert sorted(map(int, seen)) == list(range(1, 12))
        assert server.seen[0].query["tagged"] == "acme"
        assert server.seen[0].query["site"] == "stackoverflow"
        assert _poll(config, cursor, again) == cursor
    assert sorted(map(int, again)) == [n for n in range(1, 12) if n * 1800 >= 11 * 1800 - fetching.OVERLAP_S]


def test_a_crash_between_pages_goes_on_at_the_stored_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    site, seen = Site(), list[str]()
    for n in range(1, 31):
        site.add(n, NOW - 200_000 + n * 60)
    with serving_site(site) as (server, config):
        site.breaks_after = 3
        cursor = _until_it_breaks(config, None, seen)
        assert len(seen) == 15
        site.breaks_after = None
        requests = len(server.seen)
        _poll(config, cursor, seen)
        assert int(server.seen[requests].query["fromdate"]) == NOW - 200_000 + 15 * 60
    assert {int(i) for i in seen} == set(range(1, 31))


def test_a_poll_is_bounded_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 2)
    site, seen = Site(), list[str]()
    for n in range(1, 41):
        site.add(n, NOW - 300_000 + n * 60)
    with serving_site(site) as (server, config):
        cursor: Json = None
        for _ in range(6):
            before = len(server.seen)
            cursor = _poll(config, cursor, seen)
            assert len(server.seen) - before <= 2
    assert {int(i) for i in seen} == set(range(1, 41))


def test_a_bound_used_up_by_one_source_does_not_starve_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 1)
    site, seen = Site(), list[str]()
    for number in range(1, 4):
        site.add(number, NOW - 60 * number)
    monkeypatch.setattr(fetching, "PER_PAGE", 1)
    with serving_site(site, phrases=["Acme", "Acme runner"]) as (server, config):
        _poll(config, None, seen)
        asked = [(s.path, s.query.get("tagged"), s.query.get("q")) for s in server.seen]
    assert asked == [
        ("/search", "acme", None),
        ("/search/advanced", None, "Acme"),
        ("/search/advanced", None, '"Acme runner"'),
    ]


def test_what_only_resembles_a_phrase_is_kept_and_no_mention() -> None:
    site = Site()
    site.add(1, NOW - 60, "Acmeism in poetry", tags=["poetry"])
    site.add(2, NOW - 50, "Is ACME&#39;s runner slow?", tags=["ci"])
    with serving_site(site, tags=[], phrases=["acme"]) as (_, config):
        items = [item for page in ADAPTER.fetch(config, None) for item in page.items]
        assert [item.external_id for item in items] == ["1", "2"]
        assert [ADAPTER.parse(item, config) is None for item in items] == [True, False]
        assert [ADAPTER.fingerprint(item, config) == NO_MENTION for item in items] == [True, False]


def test_an_old_question_that_is_active_again_is_no_new_mention() -> None:
    site, seen = Site(), list[str]()
    site.add(1, NOW - 90 * 86_400, last_activity_date=NOW)
    with serving_site(site) as (_, config):
        _poll(config, None, seen)
    assert seen == []


@pytest.mark.parametrize("backoff", [10, 2.5])
def test_backoff_between_pages_stops_the_poll_and_it_resumes(backoff: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 2)
    site, seen = Site(), list[str]()
    for n in range(1, 5):
        site.add(n, NOW - 90_000 + n * 3600)
    site.extra = {"backoff": backoff}
    with serving_site(site) as (server, config):
        pages = ADAPTER.fetch(config, None)
        page = next(pages)
        with pytest.raises(RateLimited) as caught:
            next(pages)
        assert backoff <= (caught.value.retry_after_s or 0) <= backoff + 1
        with pytest.raises(RateLimited):
            list(ADAPTER.fetch(config, page.cursor))
        assert len(server.seen) == 1, "nothing is asked while the pause lasts"
        cache.clear()
        cursor = json.loads(json.dumps(page.cursor))
        with pytest.raises(RateLimited):
            list(ADAPTER.fetch(config, cursor))
        assert len(server.seen) == 1, "another worker knows of it as well"
        site.extra = {}
        seen += [item.external_id for item in page.items]
        cursor["pauses"] = {path: until - backoff - 1 for path, until in cursor["pauses"].items()}
        assert _poll(config, cursor, seen)["pauses"] == {}
    assert set(seen) == {"1", "2", "3", "4"}


def test_a_pause_of_one_method_leaves_the_others_free() -> None:
    site = Site()
    site.add(1, NOW - 60)
    site.extra = {"backoff": 30}
    with serving_site(site) as (_, config):
        _poll(config, None, [])
        with pytest.raises(RateLimited):
            _poll(config, None, [])
        assert ADAPTER.check(config)


def test_the_quota_is_reported_with_the_midnight_at_which_it_ends() -> None:
    site = Site()
    site.add(1, NOW - 60)
    with serving_site(site) as (_, config):
        page = next(iter(ADAPTER.fetch(config, None)))
    assert page.quota_left == 299
    assert page.quota_resets_at is not None
    assert page.quota_resets_at > datetime.now(UTC)
    assert (page.quota_resets_at.hour, page.quota_resets_at.minute) == (0, 0)


def _failing(body: dict[str, Any], status: int = 400) -> Callable[[Seen], Reply]:
    return lambda seen: as_json(body, status)


@pytest.mark.parametrize("status", [400, 200])
def test_throttling_waits_as_long_as_the_message_says(status: int) -> None:
    message = "too many requests from this IP, more requests available in 73 seconds"
    body = {"error_id": 502, "error_name": "throttle_violation", "error_message": message}
    with serving(_failing(body, status)) as server:
        config = Config({"api_base": server.url, "tags": ["acme"]}, network=server.network())
        with pytest.raises(RateLimited) as caught:
            list(ADAPTER.fetch(config, None))
    assert 73 <= (caught.value.retry_after_s or 0) <= 75
    assert caught.value.until is not None


@pytest.mark.parametrize(
    ("number", "message", "kind"),
    [
        (400, "`key` doesn't match a known application", AuthFailed),
        (400, "No site found for name `nowhere`", Rejected),
        (403, "access denied", AuthFailed),
        (500, "internal error", Transient),
        (503, "temporarily unavailable", Transient),
    ],
)
def test_errors_mean_what_their_number_says(number: int, message: str, kind: type[Exception]) -> None:
    with serving(_failing({"error_id": number, "error_name": "x", "error_message": message})) as server:
        config = Config({"api_base": server.url, "tags": ["acme"]}, {"key": "k3y-of-the-app"}, network=server.network())
        with pytest.raises(kind) as caught:
            ADAPTER.check(config)
    assert type(caught.value) is kind
    assert "k3y-of-the-app" not in str(caught.value)


def test_a_thread_comes_in_one_request_with_one_filter() -> None:
    site = Site()
    comment = {"comment_id": 7, "post_id": 1, "body": "Try Acme", "creation_date": NOW, "owner": {"user_id": 8}}
    answer = {"answer_id": 7, "body": "<p>So</p>", "creation_date": NOW, "owner": {"user_id": 700}, "is_accepted": True}
    site.add(1, NOW - 60, comments=[comment], answers=[answer | {"comments": [comment | {"comment_id": 9}]}])
    with serving_site(site) as (server, config):
        items = ADAPTER.fetch_thread(config, "1")
        ADAPTER.fetch_thread(config, "1")
        assert [s.path for s in server.seen] == ["/filters/create", "/questions/1", "/questions/1"]
        assert server.seen[1].query["filter"] == "!abc"
        own = Config(config.settings, own=frozenset({"700"}))
        mentions = [ADAPTER.parse(item, own) for item in items]
    assert [m.external_id for m in mentions if m] == ["1", "comment-7", "7", "comment-9"]
    assert [m.parent_id for m in mentions if m] == [None, "1", "1", "1"]
    assert [m.is_own for m in mentions if m] == [False, False, True, False]


def test_search_and_thread_have_one_fingerprint_and_score_is_no_edit() -> None:
    site = Site()
    site.add(1, NOW - 60, score=1)
    with serving_site(site) as (_, config):
        found = next(iter(ADAPTER.fetch(config, None))).items[0]
        site.questions[1]["score"] = 40
        in_thread = ADAPTER.fetch_thread(config, "1")[0]
        assert ADAPTER.fingerprint(found, config) == ADAPTER.fingerprint(in_thread, config)
        site.questions[1]["body"] = "<p>edited</p>"
        edited = ADAPTER.fetch_thread(config, "1")[0]
    assert ADAPTER.fingerprint(edited, config) != ADAPTER.fingerprint(found, config)


def test_only_what_is_no_longer_shown_is_reported_as_gone() -> None:
    site = Site()
    site.hidden = {"12", "5"}
    with serving_site(site) as (_, config):
        gone = ADAPTER.lookup(config, "11", ["11", "12", "comment-5", "comment-6", "nonsense"])
        mentions = [ADAPTER.parse(item, config) for item in gone]
    assert {m.external_id for m in mentions if m} == {"12", "comment-5"}
    assert all(m and m.is_deleted and m.thread_id == "11" for m in mentions)


@pytest.mark.parametrize(
    ("site", "namespace", "page"),
    [
        ("stackoverflow", "stackexchange:stackoverflow", "https://stackoverflow.com/questions/5"),
        ("https://StackOverflow.com/", "stackexchange:stackoverflow", "https://stackoverflow.com/questions/5"),
        ("unix.stackexchange.com", "stackexchange:unix", "https://unix.stackexchange.com/questions/5"),
        ("es.stackoverflow", "stackexchange:es.stackoverflow", "https://es.stackoverflow.com/questions/5"),
        ("mathoverflow.net", "stackexchange:mathoverflow.net", "https://mathoverflow.net/questions/5"),
    ],
)
def test_each_site_is_a_space_of_its_own(site: str, namespace: str, page: str) -> None:
    config = Config({"site": site})
    assert ADAPTER.namespace(config) == namespace
    item = Item("5", {"kind": "question", "post": {"question_id": 5}, "question": {"question_id": 5}})
    mention = ADAPTER.parse(item, config)
    assert mention is not None
    assert mention.url == page


def test_a_connection_without_tags_and_phrases_says_so() -> None:
    with pytest.raises(Rejected, match="neither tags nor phrases"):
        list(ADAPTER.fetch(Config({}), None))
