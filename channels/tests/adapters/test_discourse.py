"""The forum adapter against a fake server: nothing is lost, and nothing private comes in."""

from __future__ import annotations

import json

import pytest

from channels.adapters.discourse import Discourse, fetching, knowledge
from channels.contract import Config, Json
from channels.errors import RateLimited, Transient
from channels.tests.fake_discourse import Forum, reading
from channels.tests.loopback import Reply, as_json, serving

ADAPTER = Discourse()


def _poll(config: Config, cursor: Json, into: list[str]) -> Json:
    for page in ADAPTER.fetch(config, cursor):
        into += [item.external_id for item in page.items]
        cursor = json.loads(json.dumps(page.cursor))
    return cursor


@pytest.mark.parametrize("windowed", [False, True])
def test_a_poll_reads_back_two_weeks_and_the_next_one_little(windowed: bool) -> None:
    forum, seen, again = Forum(windowed), list[str](), list[str]()
    for n in range(1, 400):
        if not 200 < n < 330:  # private messages have numbers, too
            forum.add(n, days_ago=(400 - n) / 20, place=n)
    with reading(forum) as (server, config):
        cursor = _poll(config, None, seen)
        wanted = {str(n) for n in forum.posts if (400 - n) / 20 < 14}
        assert set(seen) == wanted
        assert len(seen) == len(wanted)
        forum.add(400, days_ago=0, place=400)
        requests = len(server.seen)
        cursor = _poll(config, cursor, again)
        assert len(server.seen) - requests <= 3
        assert "400" in again
        assert _poll(config, cursor, []) == cursor


def test_a_long_backfill_is_bounded_and_filled_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 4)
    monkeypatch.setattr(fetching, "OVERLAP", 5)
    forum, seen = Forum(), list[str]()
    forum.size = 10
    for n in range(1, 151):
        forum.add(n, place=n)
    with reading(forum) as (_, config):
        cursor = _poll(config, None, seen)
        assert len(set(seen)) == 40
        forum.add(151, place=151)
        for _ in range(8):
            cursor = _poll(config, cursor, seen)
    assert set(seen) == {str(n) for n in range(1, 152)}
    assert cursor["posts"] == {"high": 151, "islands": []}


def test_a_crash_between_pages_loses_nothing() -> None:
    forum, seen = Forum(), list[str]()
    forum.size = 10
    for n in range(1, 61):
        forum.add(n, place=n)
    with reading(forum) as (_, config):
        forum.broken_after, cursor = 5, None
        pages = ADAPTER.fetch(config, None)
        for _ in range(3):
            page = next(pages)
            seen += [item.external_id for item in page.items]
            cursor = json.loads(json.dumps(page.cursor))
        with pytest.raises(Transient):
            list(pages)
        forum.broken_after = None
        _poll(config, cursor, seen)
    assert set(seen) == {str(n) for n in range(1, 61)}


def test_lookups_are_bounded_and_the_next_poll_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge, "LOOKUPS_A_POLL", 8)
    forum, seen = Forum(), list[str]()
    for n in range(1, 31):
        forum.add(n, topic=n, place=2)
        forum.topics[str(n)] = {"archetype": "regular", "category_id": 5, "tags": ["runner"] if n % 2 else []}
    with reading(forum, tags=["runner"]) as (server, config):
        cursor = None
        for polls in range(1, 12):
            cursor = _poll(config, cursor, seen)
            assert len(server.seen) <= polls * 9
        assert {s.path for s in server.seen} >= {f"/t/{n}.json" for n in range(1, 31)}
        assert len([s for s in server.seen if s.path == "/t/3.json"]) == 1
    assert set(seen) == {str(n) for n in range(1, 31, 2)}


def test_parents_are_found_by_their_number() -> None:
    forum = Forum()
    forum.add(10, days_ago=40, place=1)
    forum.add(80, place=2)
    forum.add(81, place=3, reply_to_post_number=2)
    forum.add(82, place=4, reply_to_post_number=99)
    with reading(forum) as (server, config):
        items = {i.external_id: i for page in ADAPTER.fetch(config, None) for i in page.items}
        mentions = {n: ADAPTER.parse(i, config) for n, i in items.items()}
        assert {n: m.parent_id for n, m in mentions.items() if m} == {"80": "10", "81": "80", "82": None}
        assert {m.addressed for m in mentions.values() if m} == {(("ci",),)}
        assert ADAPTER.namespace(config) == f"discourse:{server.address}"


@pytest.mark.parametrize(
    "topic",
    [
        as_json({"id": 8, "archetype": "private_message", "category_id": None}),
        as_json({"errors": ["You are not permitted"], "error_type": "invalid_access"}, 403),
        as_json({"errors": ["gone"]}, 404),
        as_json({"id": 8}),
        as_json([]),
    ],
)
def test_what_is_not_proved_to_be_public_does_not_come_in(topic: Reply) -> None:
    forum, seen = Forum(), list[str]()
    forum.add(1, topic=8, category_id=None)
    forum.add(2)
    forum.broken_paths["/t/8.json"] = topic
    with reading(forum) as (_, config):
        _poll(config, None, seen)
    assert seen == ["2"]


def test_a_topic_that_cannot_be_asked_for_stops_the_poll_and_loses_nothing() -> None:
    forum, seen = Forum(), list[str]()
    forum.add(1, topic=8, category_id=None)
    forum.topics["8"] = {"archetype": "regular", "category_id": 5}
    forum.broken_paths["/t/8.json"] = Reply(503, b"")
    with reading(forum) as (_, config):
        with pytest.raises(Transient):
            _poll(config, None, seen)
        assert seen == []
        forum.broken_paths.clear()
        _poll(config, None, seen)
    assert seen == ["1"]


def test_a_topic_is_read_to_its_end_and_a_private_one_not_at_all() -> None:
    forum = Forum()
    for n in range(1, 66):
        forum.add(n, place=n, post_type=3 if n == 30 else 1)
    forum.topics["7"] = {"archetype": "regular", "category_id": 6, "title": "T", "tags": ["a"], "views": 5}
    with reading(forum) as (_, config):
        items = ADAPTER.fetch_thread(config, "7")
        assert [i.external_id for i in items] == [str(n) for n in range(1, 66) if n != 30]
        mention = ADAPTER.parse(items[-1], config)
        assert mention is not None
        assert (mention.parent_id, mention.extra["views"], mention.extra["tags"]) == ("1", 5, ["a"])
        forum.topics["7"]["archetype"] = "private_message"
        assert ADAPTER.fetch_thread(config, "7") == []
        gone = [ADAPTER.parse(i, config) for i in ADAPTER.lookup(config, "7", ["3"])]
        assert [(m.text, m.is_deleted) for m in gone if m] == [("", True)]
        assert ADAPTER.fetch_thread(config, "404") == []


def test_waiting_is_as_long_as_the_forum_says() -> None:
    body = {"errors": ["Slow down"], "error_type": "rate_limit", "extras": {"wait_seconds": 17}}
    with serving(lambda seen: as_json(body, 429)) as server:
        config = Config({"api_base": server.url}, network=server.network())
        with pytest.raises(RateLimited, match="Slow down") as caught:
            list(ADAPTER.fetch(config, None))
    assert caught.value.retry_after_s == 17


def test_staff_speaks_for_us_unless_the_forum_is_somebody_elses() -> None:
    post = {"id": 1, "topic_id": 2, "post_number": 3, "username": "Mod", "user_id": 4, "staff": True}
    ours = ADAPTER.parse(ADAPTER.split(post, Config())[0], Config())
    theirs = ADAPTER.parse(ADAPTER.split(post, Config())[0], Config({"staff_is_own": False}))
    named = ADAPTER.parse(ADAPTER.split(post, Config())[0], Config({"staff_is_own": False}, own=frozenset({"mod"})))
    assert [m.is_own for m in (ours, theirs, named) if m] == [True, False, True]
