"""YouTube against a fake API: walks and their resumption, replies, quota units, threads, sending."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.adapters.youtube import YouTube, client, fetching
from channels.contract import Config, Item, Json, Outgoing
from channels.errors import AuthFailed, RateLimited, Rejected, Transient, Uncertain
from channels.http import oauth
from channels.tests.fake_youtube import OURS, Tube, failing, serving_tube
from channels.tests.loopback import Reply, Seen, as_json, serving

ADAPTER = YouTube()
NOW = int(time.time())


@pytest.fixture(autouse=True)
def fresh_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "_cache", {})


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


def _of(item: Item, config: Config) -> Any:
    mention = ADAPTER.parse(item, config)
    assert mention is not None
    return mention


def _threads_asked(server: Any) -> int:
    return sum(seen.path == "/commentThreads" for seen in server.seen)


def test_all_pages_are_read_once_and_later_only_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    tube, seen, again = Tube(), list[str](), list[str]()
    for n in range(1, 12):
        tube.add(f"t{n}", NOW - n * 7200)
    tube.add("old", NOW - 40 * 86_400)
    with serving_tube(tube) as (server, config):
        cursor = _poll(config, None, seen)
        before = _threads_asked(server)
        tube.add("new", NOW - 5)
        _poll(config, cursor, again)
        assert _threads_asked(server) == before + 1
        assert all("AIza" not in str(s.query) for s in server.seen)
    assert {f"t{n}" for n in range(1, 12)} <= set(seen)
    assert again == ["new", "t1", "t2", "t3"]


def test_a_token_that_leads_to_nothing_ends_the_walk() -> None:
    tube, seen = Tube(), list[str]()
    tube.token_ends_in_nothing = True
    tube.add("t1", NOW - 60)
    with serving_tube(tube) as (server, config):
        cursor = _poll(config, None, seen)
        assert _threads_asked(server) == 2
        assert cursor["marks"][f"channel {OURS}"] == {"high": NOW - 60}
    assert seen == ["t1"]


def test_a_crash_in_the_middle_goes_on_at_the_stored_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    tube, seen = Tube(), list[str]()
    for n in range(1, 31):
        tube.add(f"t{n}", NOW - n * 7200)
    with serving_tube(tube) as (server, config):
        tube.breaks_after = 4  # one of them asks for the title
        cursor = _until_it_breaks(config, None, seen)
        assert len(seen) == 15
        tube.breaks_after = None
        requests = len(server.seen)
        _poll(config, cursor, seen)
        assert server.seen[requests].query["pageToken"] == "15"
    assert set(seen) == {f"t{n}" for n in range(1, 31)}


def test_a_long_walk_is_bounded_and_what_is_new_meanwhile_is_read_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 2)
    tube, seen = Tube(), list[str]()
    for n in range(1, 31):
        tube.add(f"t{n}", NOW - n * 7200)
    with serving_tube(tube) as (server, config):
        cursor = _poll(config, None, seen)
        assert len(seen) == 10
        tube.add("new", NOW - 5)
        for _ in range(4):
            before = _threads_asked(server)
            cursor = _poll(config, cursor, seen)
            assert _threads_asked(server) - before <= 2
    assert set(seen) == {"new", *(f"t{n}" for n in range(1, 31))}


def test_a_token_that_ran_out_begins_the_walk_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    tube, seen = Tube(), list[str]()
    for n in range(1, 21):
        tube.add(f"t{n}", NOW - n * 7200)
    with serving_tube(tube) as (_, config):
        tube.breaks_after = 3
        cursor = _until_it_breaks(config, None, seen)
        token = cursor["marks"][f"channel {OURS}"]["walk"]["token"]
        tube.breaks_after, tube.refused_tokens = None, {token}
        pages = ADAPTER.fetch(config, cursor)
        first = next(pages)
        assert [item.external_id for item in first.items] == ["t1", "t2", "t3", "t4", "t5"]
        tube.refused_tokens = set()
        seen += [item.external_id for page in pages for item in page.items]
    assert set(seen) == {f"t{n}" for n in range(1, 21)}


def test_replies_beyond_the_included_ones_are_read_when_their_number_changes() -> None:
    tube, seen = Tube(), list[str]()
    tube.add("t1", NOW - 60, replies=5)
    with serving_tube(tube) as (server, config):
        cursor = _poll(config, None, seen)
        assert set(seen) == {"t1", *(f"t1.r{n}" for n in range(5))}
        _poll(config, cursor, seen)
        assert sum(s.path == "/comments" for s in server.seen) == 1
        tube.add("t1", NOW - 60, replies=6)
        _poll(config, cursor, seen)
        assert sum(s.path == "/comments" for s in server.seen) == 2
    assert "t1.r5" in seen


def test_a_video_without_comments_does_not_stop_the_others() -> None:
    tube, seen = Tube(), list[str]()
    tube.disabled = {"shut"}
    tube.add("t1", NOW - 60, video="open")
    with serving_tube(tube, channel_ids=[], video_ids=["shut", "open"]) as (_, config):
        *_, last = pages = list(ADAPTER.fetch(config, None))
        assert [item.external_id for page in pages for item in page.items] == ["t1"]
        assert "commentsDisabled" in last.trouble
        assert last.trouble.startswith("video shut: ")
        assert last.quota_left == client.DAILY_UNITS - last.cursor["units"]["used"]
        tube.disabled = set()
        tube.add("t2", NOW - 120, video="shut")
        _poll(config, last.cursor, seen)
        assert "t2" in seen
        tube.disabled = {"shut"}
    with (
        serving_tube(tube, channel_ids=[], video_ids=["shut"]) as (_, config),
        pytest.raises(Rejected, match=r"video shut: .*commentsDisabled"),
    ):
        _poll(config, None, seen)


def test_units_are_counted_in_the_cursor_and_never_overrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 1)
    tube, seen = Tube(), list[str]()
    for n in range(1, 9):
        tube.add(f"t{n}", NOW - n * 7200)
    with serving_tube(tube, daily_units=4) as (server, config):
        first = next(iter(ADAPTER.fetch(config, None)))
        assert (first.cursor["units"]["used"], first.quota_left) == (2, 2)
        assert first.quota_resets_at == client.midnight_after(datetime.now(UTC))
        cursor = _until_it_breaks(config, first.cursor, seen)
        assert len(server.seen) == 4
        assert cursor["units"]["used"] == 4
        with pytest.raises(RateLimited) as caught:
            list(ADAPTER.fetch(config, cursor))
        assert len(server.seen) == 4
        assert caught.value.until == client.midnight_after(datetime.now(UTC))
        yesterday = {**cursor, "units": {"day": "2020-01-01", "used": 4}}
        assert next(iter(ADAPTER.fetch(config, yesterday))).items


def test_units_of_a_failed_request_are_kept() -> None:
    tube = Tube()
    tube.add("t1", NOW - 60)
    with serving_tube(tube) as (_, config):
        tube.breaks_after = 1
        cursor = _until_it_breaks(config, None, [])
    assert cursor["units"]["used"] == 2
    assert cursor["replies"] == cursor["titles"] == {}


def test_what_a_broken_source_has_begun_is_forgotten_until_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    tube, seen = Tube(), list[str]()
    tube.add("t1", NOW - 60, replies=5, video="one")
    tube.add("t2", NOW - 30, replies=5, video="one")
    tube.add("t3", NOW - 90, video="two")
    known, broken = tube._comments, [True]

    def comments(request: Seen) -> Reply:
        return Reply(503) if broken[0] and request.query.get("parentId") == "t1" else known(request)

    monkeypatch.setattr(tube, "_comments", comments)
    with serving_tube(tube, channel_ids=[], video_ids=["one", "two"]) as (_, config):
        *_, last = pages = list(ADAPTER.fetch(config, None))
        assert [item.external_id for page in pages for item in page.items] == ["t3"]
        assert last.again_soon
        broken[0] = False
        _poll(config, json.loads(json.dumps(last.cursor)), seen)
    assert {f"{thread}.r{n}" for thread in ("t1", "t2") for n in range(5)} <= set(seen)


def test_a_private_video_is_reported_and_a_refused_key_ends_the_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    tube = Tube()
    tube.add("t1", NOW - 60, video="open")
    known, refusals = tube._threads, {"private": failing(403, "forbidden")}
    monkeypatch.setattr(tube, "_threads", lambda seen: refusals.get(seen.query["videoId"]) or known(seen))
    with serving_tube(tube, channel_ids=[], video_ids=["private", "open"]) as (server, config):
        *_, last = list(ADAPTER.fetch(config, None))
        assert last.trouble.startswith("video private: ")
        bad_key = Reply(400, b'{"error": {"message": "API key not valid", "errors": [{"reason": "badRequest"}]}}')
        refusals |= {"private": bad_key, "open": bad_key}
        asked = len(server.seen)
        with pytest.raises(AuthFailed):
            list(ADAPTER.fetch(config, None))
        assert len(server.seen) == asked + 1


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-11-21T11:00:00+00:00", "2026-11-22T08:00:00+00:00"),
        ("2026-07-01T06:59:00+00:00", "2026-07-01T07:00:00+00:00"),
        ("2026-11-01T07:30:00+00:00", "2026-11-02T08:00:00+00:00"),  # the clocks go back: a day of 25 hours
        ("2027-03-14T09:00:00+00:00", "2027-03-15T07:00:00+00:00"),
    ],
)
def test_the_quota_begins_anew_at_midnight_in_california(now: str, midnight: str) -> None:
    assert client.midnight_after(datetime.fromisoformat(now)) == datetime.fromisoformat(midnight)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (403, "quotaExceeded", RateLimited),
        (403, "rateLimitExceeded", RateLimited),
        (400, "keyInvalid", AuthFailed),
        (403, "forbidden", AuthFailed),
        (404, "channelNotFound", Rejected),
        (503, "backendError", Transient),
    ],
)
def test_errors_mean_what_their_reason_says(status: int, reason: str, kind: type[Exception]) -> None:
    with serving(lambda seen: failing(status, reason)) as server:
        config = Config({"api_base": server.url, "channel_ids": [OURS]}, {"api_key": "AIza-made-up-key"},
                        network=server.network())  # fmt: skip
        with pytest.raises(kind) as caught:
            list(ADAPTER.fetch(config, None))
    if reason == "quotaExceeded":
        assert isinstance(caught.value, RateLimited)
        assert caught.value.until == client.midnight_after(datetime.now(UTC))


def test_a_thread_has_all_replies_the_title_and_ours_marked() -> None:
    tube = Tube()
    tube.add("t1", NOW - 60, replies=4)
    with serving_tube(tube) as (_, config):
        ADAPTER.send(config, Outgoing("k", "Thanks!", in_reply_to="t1"))
        mentions = [_of(item, config) for item in ADAPTER.fetch_thread(config, "t1")]
    assert {m.external_id for m in mentions} == {"t1", "t1.own4", *(f"t1.r{n}" for n in range(4))}
    assert {m.external_id for m in mentions if m.is_own} == {"t1.own4"}
    assert {m.thread_title for m in mentions} == {"All about v1 & Acme"}
    assert {m.about_url for m in mentions} == {"https://www.youtube.com/watch?v=v1"}


def test_poll_and_thread_have_one_fingerprint_and_likes_are_no_edit() -> None:
    tube = Tube()
    tube.add("t1", NOW - 60, replies=1)
    with serving_tube(tube) as (_, config):
        polled = {i.external_id: ADAPTER.fingerprint(i, config) for i in next(iter(ADAPTER.fetch(config, None))).items}
        tube.threads["t1"]["top"]["snippet"]["likeCount"] = 99
        thread = {i.external_id: ADAPTER.fingerprint(i, config) for i in ADAPTER.fetch_thread(config, "t1")}
        assert polled == thread
        tube.threads["t1"]["top"]["snippet"]["textDisplay"] = "edited"
        assert ADAPTER.fingerprint(ADAPTER.fetch_thread(config, "t1")[0], config) != polled["t1"]


def test_only_what_youtube_shows_no_more_is_gone() -> None:
    tube = Tube()
    tube.add("t1", NOW - 60, replies=1)
    with serving_tube(tube) as (_, config):
        gone = [_of(item, config) for item in ADAPTER.lookup(config, "t1", ["t1", "t1.r0", "t1.r7"])]
        assert ADAPTER.fetch_thread(config, "nothing") == []
    assert [(m.external_id, m.is_deleted, m.thread_id) for m in gone] == [("t1.r7", True, "t1")]


def test_a_reply_goes_under_the_first_comment_with_a_bearer_token() -> None:
    tube = Tube()
    tube.add("t1", NOW - 60, replies=2)
    with serving_tube(tube) as (server, config):
        receipt = ADAPTER.send(config, Outgoing("k", "Thanks!", thread_id="t1", in_reply_to="t1.r1"))
        posted = server.seen[-1]
    assert json.loads(posted.body) == {"snippet": {"parentId": "t1", "textOriginal": "Thanks!"}}
    assert posted.query == {"part": "snippet"}
    assert posted.headers["Authorization"] == "Bearer ya29.token-1"
    assert receipt.external_id == "t1.own2"


def test_a_refused_token_is_renewed_once() -> None:
    tube = Tube()
    tube.add("t1", NOW - 60)
    with serving_tube(tube) as (_, config):
        ADAPTER.send(config, Outgoing("a", "One", in_reply_to="t1"))
        tube.expired = {"ya29.token-1"}
        ADAPTER.send(config, Outgoing("b", "Two", in_reply_to="t1"))
        assert tube.tokens_made == 2
        tube.expired = {"ya29.token-2", "ya29.token-3"}
        with pytest.raises(AuthFailed):
            ADAPTER.send(config, Outgoing("c", "Three", in_reply_to="t1"))
    assert len(tube.threads["t1"]["replies"]) == 2


def test_an_uncertain_reply_is_found_and_an_absent_one_is_proved_absent() -> None:
    tube = Tube()
    tube.add("t1", NOW - 60)
    since = datetime.now(UTC) - timedelta(seconds=5)
    with serving_tube(tube) as (_, config):
        tube.drops_insert = True
        with pytest.raises(Uncertain):
            ADAPTER.send(config, Outgoing("k", "Thanks!", in_reply_to="t1"))
        found = ADAPTER.find_own(config, Outgoing("k", "Thanks!", in_reply_to="t1"), since)
        assert found is not None
        assert found.external_id == "t1.own0"
        assert ADAPTER.find_own(config, Outgoing("l", "Something else", in_reply_to="t1"), since) is None
        later = datetime.now(UTC) + timedelta(hours=1)
        assert ADAPTER.find_own(config, Outgoing("k", "Thanks!", in_reply_to="t1"), later) is None


def test_what_somebody_else_said_in_the_same_words_is_not_ours() -> None:
    tube = Tube()
    tube.add("t1", time.time(), replies=1)
    since = datetime.now(UTC) - timedelta(minutes=1)
    with serving_tube(tube) as (_, config):
        assert ADAPTER.find_own(config, Outgoing("k", "Acme 0", in_reply_to="t1"), since) is None


def test_a_reply_to_what_is_gone_is_refused() -> None:
    with serving_tube(Tube()) as (_, config), pytest.raises(Rejected, match="parentCommentNotFound"):
        ADAPTER.send(config, Outgoing("k", "Thanks!", in_reply_to="t1"))


def test_without_a_login_replies_say_what_is_missing() -> None:
    with pytest.raises(AuthFailed, match="refresh token"):
        ADAPTER.send(Config({"channel_ids": [OURS]}), Outgoing("k", "Thanks!", in_reply_to="t1"))


def test_a_revoked_refresh_token_is_reported_without_a_secret() -> None:
    def refused(seen: Seen) -> Reply:
        return as_json({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)

    with serving(refused) as server:
        config = Config({"api_base": server.url, "token_base": server.url, "client_id": "c"},
                        {"client_secret": "made-up-secret", "refresh_token": "1//made-up"},
                        network=server.network())  # fmt: skip
        with pytest.raises(AuthFailed, match="invalid_grant") as caught:
            ADAPTER.send(config, Outgoing("k", "Thanks!", in_reply_to="t1"))
    assert "made-up" not in str(caught.value)


def test_a_comment_is_deleted_by_its_id() -> None:
    with serving_tube(Tube()) as (server, config):
        ADAPTER.delete(config, "t1.own0")
        assert (server.seen[-1].method, server.seen[-1].query) == ("DELETE", {"id": "t1.own0"})
