"""Reddit's listings: nothing lost or duplicated, closed subreddits reported, tokens and quota respected."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from channels.adapters.reddit import Reddit, client, fetching
from channels.contract import Config, Json, Page
from channels.errors import AuthFailed, Rejected, Transient
from channels.http import oauth
from channels.tests.fake_reddit import TOKEN, Listings, connection, listing
from channels.tests.loopback import Reply, as_json

ADAPTER = Reddit()
NOW = int(time.time())
NEW = "r/acme/new"
SEARCH = "r/all/search"


@pytest.fixture(autouse=True)
def _no_tokens_of_other_tests() -> None:
    oauth._cache.clear()


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


def _filled(count: int, step_s: int = 600) -> Listings:
    fake = Listings()
    for n in range(1, count + 1):
        fake.add(NEW, f"p{n}", NOW - 10_000 - n * step_s)
    return fake


def _names(fake: Listings) -> set[str]:
    return {thing["data"]["name"] for thing in fake.things[NEW]}


def _own(source: str, cursor: Json) -> Json:
    return cursor["sources"][source]


def test_a_first_poll_reads_to_the_end_and_a_second_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    monkeypatch.setattr(fetching, "OVERLAP_S", 300)
    fake, seen = _filled(23), set[str]()
    with listing(fake, subreddits=["acme"]) as (server, config):
        cursor = _poll(config, None, seen)
        assert seen == _names(fake)
        before = len(server.seen)
        fake.add(NEW, "p99", NOW - 5)
        again: set[str] = set()
        cursor = _poll(config, cursor, again)
        assert len(server.seen) == before + 2  # new posts, new comments
    assert "t3_p99" in again
    assert len(again) == 5
    assert _own(NEW, cursor)["high"] == NOW - 5


def test_what_is_older_than_the_connection_looks_back_is_left_out() -> None:
    fake, seen = _filled(3), set[str]()
    fake.add(NEW, "old", NOW - 40 * 86_400)
    with listing(fake, subreddits=["acme"]) as (_, config):
        cursor = _poll(config, None, seen)
        _poll(config, cursor, seen)
    assert "t3_old" not in seen


def test_a_break_in_the_middle_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    monkeypatch.setattr(fetching, "OVERLAP_S", 300)
    fake, seen = _filled(30), set[str]()
    cursor: Json = None
    with listing(fake, subreddits=["acme"]) as (server, config):
        fake.broken_after = 3
        cursor = _poll_until_it_breaks(config, cursor, seen)
        assert len(seen) == 12
        assert _own(NEW, cursor)["islands"]
        fake.broken_after = None
        fake.add(NEW, "fresh", NOW - 60)
        before = len(server.seen)
        cursor = _poll(config, cursor, seen)
        # Down to known items, then straight to the interruption: 5 pages for the 18 missing ones.
        asked = [s.query.get("after") for s in server.seen[before:] if s.path.endswith(NEW)]
        assert asked == [None, "t3_p3", "t3_p12", "t3_p16", "t3_p20", "t3_p24", "t3_p28"]
    assert seen == _names(fake)
    assert _own(NEW, cursor)["islands"] == []


def test_many_breaks_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    fake, seen = _filled(30), set[str]()
    cursor: Json = None
    with listing(fake, subreddits=["acme"]) as (_, config):
        for number, good in enumerate((2, 0, 1, 2, 3)):
            fake.add(NEW, f"late{number}", NOW - 5000 + number * 900)
            fake.broken_after = good
            cursor = _poll_until_it_breaks(config, cursor, seen)
        fake.broken_after = None
        for _ in range(3):
            cursor = _poll(config, cursor, seen)
    assert seen == _names(fake)
    assert _own(NEW, cursor)["islands"] == []


def test_a_place_that_is_gone_from_the_list_is_walked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    fake, seen = _filled(20), set[str]()
    with listing(fake, subreddits=["acme"]) as (_, config):
        fake.broken_after = 2
        cursor = _poll_until_it_breaks(config, None, seen)
        (place,) = _own(NEW, cursor)["places"].values()
        fake.things[NEW] = [t for t in fake.things[NEW] if t["data"]["name"] != place]
        fake.broken_after = None
        for _ in range(2):
            cursor = _poll(config, cursor, seen)
    assert seen >= _names(fake)
    assert _own(NEW, cursor)["islands"] == []


def test_a_long_listing_is_bounded_and_filled_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 3)
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 4)
    fake, seen = _filled(40), set[str]()
    cursor: Json = None
    with listing(fake, subreddits=["acme"]) as (_, config):
        cursor = _poll(config, cursor, seen)
        assert len(seen) == 12
        for _ in range(12):
            cursor = _poll(config, cursor, seen)
    assert seen == _names(fake)
    assert _own(NEW, cursor)["islands"] == []


def test_one_out_of_order_does_not_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    fake, seen = _filled(15), set[str]()
    with listing(fake, subreddits=["acme"]) as (_, config):
        cursor = _poll(config, None, seen)
        for n in range(12):
            fake.add(NEW, f"n{n}", NOW - 100 + n)
        things = fake.things[NEW]
        things.insert(4, things.pop())  # the oldest of all, shown among the newest
        _poll(config, cursor, seen)
    assert {f"t3_n{n}" for n in range(12)} <= seen


def test_only_whole_words_of_a_search_are_mentions_and_it_is_asked_for_the_phrase() -> None:
    fake = Listings()
    fake.add(SEARCH, "1", NOW - 60, "the acmeist poets")
    fake.add(SEARCH, "2", NOW - 61, "ACME's docs")
    fake.add(SEARCH, "3", NOW - 62, "A link", url="https://about.acme.example/19", is_self=False)
    with listing(fake, phrases=['Acme "CI"', "Acme"]) as (server, config):
        items = [item for page in ADAPTER.fetch(config, None) for item in page.items]
        asked = [s.query for s in server.seen if s.path.endswith(SEARCH)]
    assert {item.external_id for item in items} == {"t3_1", "t3_2", "t3_3"}
    assert {item.external_id for item in items if ADAPTER.parse(item, config)} == {"t3_2", "t3_3"}
    assert [query["q"] for query in asked] == ['"Acme  CI"', '"Acme"']
    assert {(query["sort"], query["raw_json"], query["limit"]) for query in asked} == {("new", "1", "100")}


def test_a_post_of_ours_and_a_call_come_in_whatever_they_say() -> None:
    fake, seen = Listings(), set[str]()
    fake.add(NEW, "1", NOW - 60, "No name here", subreddit="Acme")
    fake.add("message/mentions", "2", NOW - 60, "u/acme_desk hi", type="username_mention", was_comment=True)
    with listing(fake, subreddits=["r/acme", "Acme"], phrases=["Acme"], mentions=True) as (server, config):
        _poll(config, None, seen)
        assert len([s for s in server.seen if s.path.endswith(NEW)]) == 1
    assert seen == {"t3_1", "t1_2"}


def test_private_messages_never_come_in() -> None:
    fake, seen = Listings(), set[str]()
    message = {"kind": "t4", "data": {"name": "t4_1", "id": "1", "author": "x", "body": "Acme", "created_utc": NOW}}
    fake.pages["message/mentions"] = as_json({"kind": "Listing", "data": {"after": None, "children": [message]}})
    with listing(fake, mentions=True) as (_, config):
        _poll(config, None, seen)
    assert seen == set()


def test_the_user_agent_and_the_token_are_sent() -> None:
    fake = _filled(1)
    with listing(fake, subreddits=["acme"]) as (server, config):
        _poll(config, None, set())
        _poll(config, None, set())
    asked = [s for s in server.seen if s.path == TOKEN]
    assert len(asked) == 1
    assert b"grant_type=refresh_token" in asked[0].body
    assert asked[0].headers["Authorization"].startswith("Basic ")
    assert {s.headers["User-Agent"] for s in server.seen} == {"web:desk:v1 (by /u/acme_desk)"}
    assert {s.headers["Authorization"] for s in server.seen if s.path != TOKEN} == {"bearer token-0001"}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("linux:desk:v2.1 (by u/sam)", "linux:desk:v2.1 (by u/sam)"),
        ("u/acme_desk", "web:mention-desk:v1.0 (by /u/acme_desk)"),
        ("acme_desk", "web:mention-desk:v1.0 (by /u/acme_desk)"),
    ],
)
def test_a_user_agent_has_the_form_that_reddit_demands(given: str, sent: str) -> None:
    assert client.user_agent(Config({"user_agent": given})) == sent


@pytest.mark.parametrize("given", ["", "Mozilla/5.0 (X11)", "two words"])
def test_another_user_agent_is_refused_in_words(given: str) -> None:
    with pytest.raises(Rejected, match="requires a User-Agent"):
        client.user_agent(Config({"user_agent": given}))


def test_a_refused_token_is_fetched_anew_once() -> None:
    fake, seen = _filled(1), set[str]()
    fake.refused_tokens = {"token-0001"}
    with listing(fake, subreddits=["acme"]) as (_, config):
        _poll(config, None, seen)
        assert (seen, fake.tokens) == ({"t3_p1"}, 2)
        fake.refused_tokens = {f"token-{n:04d}" for n in range(9)}
        with pytest.raises(AuthFailed, match="new refresh token"):
            _poll(config, None, seen)
        assert fake.tokens == 3


def test_missing_credentials_are_named() -> None:
    with listing(_filled(1), subreddits=["acme"], client_id="") as (server, config):
        with pytest.raises(AuthFailed, match="client id"):
            _poll(config, None, set())
        bare = Config(connection(server, subreddits=["acme"]).settings, {}, network=server.network())
        with pytest.raises(AuthFailed, match="no refresh token"):
            _poll(bare, None, set())


def test_a_spent_quota_ends_the_poll_and_tells_until_when() -> None:
    fake, pages = _filled(3), list[Page]()
    fake.left = 1.0
    with listing(fake, subreddits=["acme"], phrases=["Acme"]) as (server, config):
        pages = list(ADAPTER.fetch(config, None))
        assert len([s for s in server.seen if s.path != TOKEN]) == 1
    (page,) = pages
    assert page.quota_left == 0
    assert page.quota_resets_at is not None
    assert timedelta(seconds=40) < page.quota_resets_at - datetime.now(UTC) <= timedelta(seconds=53)


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (403, "quarantined", "is quarantined. Open it once in a browser"),
        (403, "private", "is private"),
        (404, "banned", "was banned by Reddit"),
        (403, "something_new", "something_new"),
    ],
)
def test_a_closed_subreddit_does_not_keep_the_others_from_being_read(status: int, reason: str, words: str) -> None:
    fake, seen = _filled(1), set[str]()
    closed = as_json({"message": "Forbidden", "error": status, "reason": reason}, status)
    fake.pages |= {"r/odd/new": closed, "r/odd/comments": closed}
    with listing(fake, subreddits=["odd", "acme"]) as (server, config):
        *_, last = pages = list(ADAPTER.fetch(config, None))
        assert {item.external_id for page in pages for item in page.items} == {"t3_p1"}
        assert words in last.trouble
        assert last.trouble.count("r/odd") == 1
        assert (last.items, last.cursor) == ((), pages[-2].cursor)
        with pytest.raises(Rejected, match="r/odd"):
            _poll(connection(server, subreddits=["odd"]), None, seen)


def test_a_403_without_a_reason_is_about_our_credentials() -> None:
    fake = _filled(1)
    fake.pages[NEW] = as_json({"message": "Forbidden", "error": 403}, 403)
    with listing(fake, subreddits=["acme"]) as (_, config), pytest.raises(AuthFailed):
        _poll(config, None, set())


def test_an_answer_that_is_no_listing_is_reported() -> None:
    fake = _filled(1)
    fake.pages[NEW] = as_json({"fields": ["page"], "explanation": "bad value"})
    with listing(fake, subreddits=["acme"]) as (_, config):
        assert "r/acme: " in _last_page(config).trouble
        assert "bad value" in _last_page(config).trouble


def _last_page(config: Config) -> Page:
    """The last page of a poll, with its trouble."""
    *_, last = ADAPTER.fetch(config, None)
    assert last.items == ()
    return last


def test_nothing_to_read_says_so() -> None:
    with pytest.raises(Rejected, match="nothing to read"):
        list(ADAPTER.fetch(Config({"mentions": False}), None))


def test_html_instead_of_an_answer_is_tried_again() -> None:
    fake = _filled(1)
    fake.pages[NEW] = Reply(200, b"<html>too busy</html>", {"Content-Type": "text/html"})
    with listing(fake, subreddits=["acme"]) as (_, config):
        page = _last_page(config)
    assert page.again_soon
    assert "r/acme: " in page.trouble


def test_a_poll_that_is_cut_short_goes_on_with_the_next_source() -> None:
    fake = Listings()
    with listing(fake, subreddits=["a", "b", "c"]) as (server, config):
        cursor: Json = None
        for _ in range(5):
            pages = ADAPTER.fetch(config, cursor)
            cursor = [next(pages), next(pages)][-1].cursor
        asked = [s.path.removeprefix("/api/") for s in server.seen if s.path != TOKEN]
    assert {"r/a/new", "r/a/comments", "r/b/new", "r/b/comments", "r/c/new", "r/c/comments"} <= set(asked)
