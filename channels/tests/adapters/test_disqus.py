"""Disqus against a fake server: nothing lost or duplicated, moderation and edits detected, no reply sent twice."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.adapters.disqus import Disqus, fetching
from channels.contract import Config, Json, Outgoing
from channels.errors import AuthFailed, RateLimited, Rejected, Transient, Uncertain
from channels.tests.fake_disqus import NOW, Forum, reading
from channels.tests.loopback import Reply, as_json, serving

ADAPTER = Disqus()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [float(NOW)]
    monkeypatch.setattr("time.time", lambda: clock[0])
    return clock


def _poll(config: Config, cursor: Json, into: list[str]) -> Json:
    for page in ADAPTER.fetch(config, cursor):
        into += [item.external_id for item in page.items]
        cursor = json.loads(json.dumps(page.cursor))
    return cursor


def test_a_poll_reads_to_the_end_and_the_next_one_only_what_is_young(now: list[float]) -> None:
    forum, seen, again = Forum(), list[str](), list[str]()
    for n in range(250):
        forum.add(1000 + n, NOW - 100_000 + n * 300)
    with reading(forum) as (_, config):
        cursor = _poll(config, None, seen)
        assert seen == [str(1000 + n) for n in range(250)]
        forum.add(2000, NOW)
        _poll(config, cursor, again)
    assert again == ["1247", "1248", "1249", "2000"]


def test_a_long_backfill_is_bounded_and_goes_on_where_it_stopped(
    now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 2)
    forum, seen = Forum(), list[str]()
    for n in range(23):  # all in one second: only Disqus' own cursor can tell them apart
        forum.add(100 + n, NOW - 500)
    with reading(forum) as (_, config):
        cursor = None
        for polls in range(1, 4):
            cursor = _poll(config, cursor, seen)
            assert len(seen) == min(23, polls * 10)
    assert seen == [str(100 + n) for n in range(23)]


def test_a_cursor_that_is_refused_is_read_again_by_time(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 2)
    forum, seen = Forum(), list[str]()
    for n in range(15):
        forum.add(100 + n, NOW - 9000 + n * 500)
    with reading(forum) as (_, config):
        cursor = _poll(config, None, seen)
        forum.refuse_cursors = True
        for _ in range(4):
            cursor = _poll(config, cursor, seen)
    assert set(seen) == {str(100 + n) for n in range(15)}


def test_a_crash_between_pages_loses_nothing(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    forum, seen = Forum(), list[str]()
    for n in range(20):
        forum.add(100 + n, NOW - 50_000 + n * 1000)
    with reading(forum) as (_, config):
        forum.broken_after, cursor = 3, None
        pages = ADAPTER.fetch(config, None)
        for page in itertools.islice(pages, 3):
            seen += [item.external_id for item in page.items]
            cursor = json.loads(json.dumps(page.cursor))
        with pytest.raises(Transient):
            next(pages)
        assert len(seen) == 12
        forum.broken_after = None
        _poll(config, cursor, seen)
    assert sorted(set(seen)) == [str(100 + n) for n in range(20)]
    assert len(seen) == 20


def test_edits_and_moderation_of_the_last_days_are_seen_within_hours(
    now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 10)
    monkeypatch.setattr(fetching, "SWEEP_PAGES", 1)
    forum = Forum()
    for n in range(45):
        forum.add(100 + n, NOW - 6 * 86_400 + n * 10_000)
    forum.add(99, NOW - 8 * 86_400)
    with reading(forum) as (server, config):
        cursor = _poll(config, None, [])
        quiet: list[str] = []
        now[0] += 60
        cursor = _poll(config, cursor, quiet)
        assert "100" not in quiet
        now[0] += 3600
        swept: list[str] = []
        requests = len(server.seen)
        for _ in range(5):
            cursor = _poll(config, cursor, swept)
            now[0] += 60
        assert len(server.seen) - requests == 10  # in each poll one for new comments, one of the sweep
        assert {str(100 + n) for n in range(45)} <= set(swept)
        assert "99" not in swept
        rest: list[str] = []
        _poll(config, cursor, rest)
        assert "100" not in rest


def test_every_forum_and_every_kind_is_asked_for(now: list[float]) -> None:
    forum = Forum()
    with reading(forum, forums=["acme-blog", "acme-docs"]) as (server, config):
        page = next(ADAPTER.fetch(config, None))
        assert (page.quota_left, page.quota_resets_at) == (700, datetime.fromtimestamp(NOW + 1800, UTC))
        list(ADAPTER.fetch(config, None))
        assert [s.query["forum"] for s in server.seen] == ["acme-blog", "acme-blog", "acme-docs"]
        assert server.seen[0].query["include"] == "deleted"  # the last of four of that name
        assert server.seen[0].query["access_token"] == "moderator-1"
    with pytest.raises(Rejected, match="no forums"):
        list(ADAPTER.fetch(Config(secrets={"api_key": "public-key-1"}), None))


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [(5, 400, AuthFailed), (12, 403, AuthFailed), (13, 200, RateLimited), (14, 400, RateLimited), (15, 200, Transient),
     (2, 400, Rejected)],
)  # fmt: skip
def test_a_numbered_error_is_explained_in_words(code: int, status: int, error: type[Exception]) -> None:
    body = {"code": code, "response": "No, because of public-key-1"}
    with serving(lambda seen: as_json(body, status)) as server:
        config = Config(
            {"api_base": server.url, "forums": ["a"]}, {"api_key": "public-key-1"}, network=server.network()
        )
        with pytest.raises(error, match=rf"No, because of •••.*code {code}"):
            list(ADAPTER.fetch(config, None))


OUTGOING = Outgoing("k", "It is <here> & there.", "41", "600")


def test_a_reply_goes_out_as_the_person_and_is_found_again() -> None:
    forum = Forum()
    with reading(forum) as (_, config):
        since = datetime.fromtimestamp(NOW - 60, UTC)
        assert ADAPTER.find_own(config, OUTGOING, since) is None
        receipt = ADAPTER.send(config, OUTGOING)
        assert forum.written[0]["access_token"] == "personal-1"
        assert (forum.written[0]["thread"], forum.written[0]["parent"]) == ("41", "600")
        found = ADAPTER.find_own(config, OUTGOING, since)
        assert found is not None
        assert found.external_id == receipt.external_id == "900"
        assert found.url == "https://acme.example/a#comment-900"
        assert ADAPTER.find_own(config, Outgoing("k", "It is <here> & there.", "41", "601"), since) is None
        assert ADAPTER.current_account(config).id == "31900"
        ADAPTER.delete(config, "900")
        assert forum.written[-1]["post"] == "900"


def test_what_cannot_be_seen_is_not_absent() -> None:
    with reading(Forum(), with_moderated=False) as (_, config), pytest.raises(Uncertain, match="approval"):
        ADAPTER.find_own(config, OUTGOING, datetime.now(UTC) - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (as_json({"code": 2, "response": "You cannot reply to a deleted comment"}, 400), Rejected),
        (as_json({"code": 12, "response": "Banned here"}, 403), AuthFailed),
        (as_json({"code": 15, "response": "Internal server error"}), Uncertain),
        (as_json({"code": 0, "response": {}}), Uncertain),
        (Reply(drop=True), Uncertain),
    ],
)
def test_a_reply_that_fails_says_how(reply: Reply, error: type[Exception]) -> None:
    forum = Forum()
    forum.answer_to_write = reply
    with reading(forum) as (_, config), pytest.raises(error):
        ADAPTER.send(config, OUTGOING)


def test_without_a_token_of_the_person_nothing_is_sent() -> None:
    forum = Forum()
    with reading(forum) as (server, config):
        bare = Config(config.settings, config.secrets, config.addresses, network=config.network)
        with pytest.raises(AuthFailed, match="own account"):
            ADAPTER.send(bare, OUTGOING)
        assert server.seen == []


def test_lookup_reports_a_post_that_is_gone() -> None:
    forum = Forum()
    forum.add(601, NOW, isDeleted=True)
    with reading(forum) as (_, config):
        items = ADAPTER.lookup(config, "41", ["601", "602", "junk"])
        found = [ADAPTER.parse(item, config) for item in items]
    assert [(m.external_id, m.is_deleted) for m in found if m] == [("601", True), ("602", True)]


def test_moderation_changes_the_fingerprint_and_likes_do_not() -> None:
    post = {"id": "1", "thread": "2", "message": "<p>a</p>", "isApproved": False, "likes": 1}
    config = Config()

    def mark(**changes: Any) -> bytes:
        return ADAPTER.fingerprint(ADAPTER.split({**post, **changes}, config)[0], config)

    assert mark() == mark(likes=9)
    assert len({mark(), mark(isApproved=True), mark(isSpam=True), mark(isDeleted=True), mark(message="b")}) == 5


def test_who_comments_is_kept_without_addresses_of_theirs() -> None:
    author = {"id": "5", "username": "x", "email": "x@customer.example"}
    document = {"id": "1", "thread": "2", "message": "a", "ipAddress": "198.51.100.7", "author": author}
    payload = json.dumps(ADAPTER.split(document, Config())[0].payload)
    assert "198.51.100.7" not in payload
    assert "customer.example" not in payload
