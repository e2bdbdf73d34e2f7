"""Slack channels: reading, resuming after an interruption, threads, and replies in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.adapters.slack import Slack, fetching
from channels.contract import Config, Json, Mention, Page
from channels.errors import AuthFailed, RateLimited, Rejected, Transient
from channels.tests.fake_slack_rooms import OTHER, ROOM, START, Workspace, as_json, ts, working
from channels.tests.loopback import Reply

ADAPTER = Slack()
NOW = START + 100_000


@pytest.fixture(autouse=True)
def at_a_time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the reads; its one entry may be changed."""
    clock = [float(NOW)]
    monkeypatch.setattr("time.time", lambda: clock[0])
    return clock


def read(config: Config, cursor: Json = None) -> tuple[list[str], Json]:
    """Ids of the items, without repeats from overlapping polls, and the next cursor."""
    found: dict[str, None] = {}
    for page in ADAPTER.fetch(config, cursor):
        found |= {item.external_id: None for item in page.items}
        cursor = page.cursor
    return list(found), cursor


def mentions(pages: list[Page], config: Config) -> list[Mention]:
    found = [ADAPTER.parse(item, config) for page in pages for item in page.items]
    return [mention for mention in found if mention]


def calls_of(workspace: Workspace, method: str) -> list[dict[str, Any]]:
    return [body for name, body in workspace.calls if name == method]


def test_only_questions_of_people_come_in() -> None:
    workspace = Workspace()
    workspace.say(1, "Who orders stickers?")
    workspace.say(2, "Thanks everybody")
    workspace.say(3, "Is the build red?", bot_id="B1")
    workspace.say(4, "joined?", subtype="channel_join")
    workspace.say(5, "An answer?", thread_ts=ts(1))
    workspace.say(6, "I forgot the socks", reactions=[{"name": "ticket", "count": 1}])
    workspace.say(7, "Please review this draft")
    with working(workspace) as (_, config):
        found = mentions(list(ADAPTER.fetch(config, None)), config)
    assert [m.external_id for m in found] == [f"{ROOM}:{ts(n)}" for n in (7, 6, 1)]
    assert {m.author.name for m in found} == {"Ines Almeida"}
    assert {m.addressed for m in found} == {(("swag", ROOM.lower()),)}
    assert found[2].url == f"https://acme.slack.example/archives/{ROOM}/p{ts(1).replace('.', '')}"
    assert len(calls_of(workspace, "users.info")) == 1


@pytest.mark.parametrize(("what", "expected"), [("questions", [1]), ("emoji", [2]), ("both", [2, 1])])
def test_what_is_work_is_a_choice(what: str, expected: list[int]) -> None:
    workspace = Workspace()
    workspace.say(1, "A question?")
    workspace.say(2, "No question", reactions=[{"name": "ticket", "count": 1}])
    with working(workspace, what=what) as (_, config):
        assert read(config)[0] == [f"{ROOM}:{ts(n)}" for n in expected]


def test_who_asks_is_the_requester_although_one_of_us() -> None:
    workspace = Workspace()
    workspace.say(1, "A question?")
    with working(workspace) as (_, config):
        (mention,) = mentions(list(ADAPTER.fetch(config, None)), config)
    assert mention.requester == mention.author
    assert not mention.is_own


def test_rooms_are_found_by_name_over_pages_and_only_once() -> None:
    workspace = Workspace()
    workspace.say(1, "A question?", OTHER)
    with working(workspace, rooms=["#Community-Advocates"]) as (_, config):
        found, cursor = read(config)
        assert found == [f"{OTHER}:{ts(1)}"]
        assert len(calls_of(workspace, "conversations.list")) == 2
        read(config, cursor)
    assert len(calls_of(workspace, "conversations.list")) == 2


def test_many_messages_are_read_to_the_end_in_pages() -> None:
    workspace = Workspace()
    workspace.page = 3
    for number in range(10):
        workspace.say(number, f"Question {number}?")
    with working(workspace) as (_, config):
        found, cursor = read(config)
        assert found == [f"{ROOM}:{ts(n)}" for n in reversed(range(10))]
        # A second read requests new messages, and rereads the last hour.
        workspace.calls.clear()
        workspace.say(5000, "A new one?")
        assert f"{ROOM}:{ts(5000)}" in read(config, cursor)[0]
    oldest = {body["oldest"] for body in calls_of(workspace, "conversations.history")}
    assert oldest == {f"{START + 9 - 3600}.000100"}


def test_a_reading_that_is_cut_off_goes_on_without_a_gap() -> None:
    workspace = Workspace()
    workspace.page = 2
    for number in range(0, 60_000, 10_000):
        workspace.say(number, f"Question {number}?")
    with working(workspace) as (_, config):
        pages = ADAPTER.fetch(config, None)
        first = next(pages)
        pages.close()  # killed after the first page was stored
        workspace.say(70_000, "Meanwhile?")
        found, cursor = read(config, first.cursor)
        seen = {item.external_id for item in first.items} | set(found)
    assert seen == {f"{ROOM}:{ts(n)}" for n in (*range(0, 60_000, 10_000), 70_000)}
    assert [mark["islands"] for mark in cursor["marks"].values()] == [[]]


def test_a_reading_is_bounded_and_the_rest_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_ROOM", 2)
    workspace = Workspace()
    workspace.page = 1
    for number in range(0, 80_000, 10_000):
        workspace.say(number, f"Question {number}?")
    seen: set[str] = set()
    cursor: Json = None
    polls = 0
    with working(workspace) as (_, config):
        while len(seen) < 8:
            polls += 1
            assert polls < 30
            workspace.calls.clear()
            found, cursor = read(config, cursor)
            assert len(calls_of(workspace, "conversations.history")) <= 2
            seen |= set(found)
    assert polls > 2


def test_an_emoji_that_comes_late_is_seen_when_the_last_days_are_read_again(at_a_time: list[float]) -> None:
    workspace = Workspace()
    message = workspace.say(1, "No question, but important")
    workspace.say(50_000, "A later question?")
    with working(workspace) as (_, config):
        _, cursor = read(config)
        message["reactions"] = [{"name": "ticket", "count": 1}]
        at_a_time[0] += 60
        assert f"{ROOM}:{ts(1)}" not in read(config, cursor)[0]
        at_a_time[0] += 600
        assert f"{ROOM}:{ts(1)}" in read(config, cursor)[0]


def test_an_edit_is_another_version_and_a_new_name_is_none() -> None:
    workspace = Workspace()
    message = workspace.say(1, "Who orders stickers, <@U0INES01>?")
    with working(workspace) as (_, config):
        (first,) = [item for page in ADAPTER.fetch(config, None) for item in page.items]
        (in_thread,) = ADAPTER.fetch_thread(config, first.external_id)
        message["reply_count"], message["reactions"] = 3, [{"name": "eyes", "count": 1}]
        renamed = {**first.payload, "users": {"U0INES01": {"name": "x", "real_name": "Ines Almeida-Costa"}}}
        (again,) = [item for page in ADAPTER.fetch(config, None) for item in page.items]
        message |= {"text": "Who orders socks?", "edited": {"user": "U0INES01", "ts": ts(9)}}
        (edited,) = [item for page in ADAPTER.fetch(config, None) for item in page.items]
        mark = ADAPTER.fingerprint(first, config)
        assert mark == ADAPTER.fingerprint(in_thread, config) == ADAPTER.fingerprint(again, config)
        assert mark == ADAPTER.fingerprint(type(first)(first.external_id, renamed), config)
        assert mark != ADAPTER.fingerprint(edited, config)
        mention = ADAPTER.parse(edited, config)
    assert mention
    assert mention.edited_at == datetime.fromtimestamp(START + 9, UTC).replace(microsecond=100)


def test_a_room_that_cannot_be_read_is_reported_and_the_others_are_read() -> None:
    workspace = Workspace()
    workspace.say(1, "A question?")
    with working(workspace, rooms=["C0GONE0001", "nowhere", f"{ROOM} swag"]) as (_, config):
        *_, last = pages = list(ADAPTER.fetch(config, None))
        assert ids(pages) == [f"{ROOM}:{ts(1)}"]
        assert "C0GONE0001: Slack cannot find that channel" in last.trouble
        assert "nowhere: There is no public Slack channel #nowhere." in last.trouble
        lists = workspace.methods().count("conversations.list")
        workspace.names |= {"C0GONE0001": "gone", "C0NOWHERE1": "nowhere"}
        workspace.rooms |= {"C0GONE0001": [], "C0NOWHERE1": []}
        workspace.say(2, "And here?", "C0GONE0001")
        workspace.say(3, "And there?", "C0NOWHERE1")
        *_, last = pages = list(ADAPTER.fetch(config, json.loads(json.dumps(last.cursor))))
        assert f"C0GONE0001:{ts(2)}" in ids(pages)
        assert "#nowhere" in last.trouble
        assert workspace.methods().count("conversations.list") == lists, "the long list is not read at every poll"
        pages = list(ADAPTER.fetch(config, {**last.cursor, "sought": {"nowhere": 1}}))
        assert f"C0NOWHERE1:{ts(3)}" in ids(pages)
        assert {page.trouble for page in pages} == {""}


def ids(pages: list[Page]) -> list[str]:
    return [item.external_id for page in pages for item in page.items]


def test_a_room_without_the_scope_is_reported_and_a_refused_token_ends_the_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace = Workspace()
    workspace.say(1, "A question?")
    known = workspace.do_conversations_history

    def history(body: dict[str, str]) -> dict[str, Any]:
        lacking = {"ok": False, "error": "missing_scope", "needed": "groups:history"}
        return known(body) if body["channel"] == ROOM else lacking

    monkeypatch.setattr(workspace, "do_conversations_history", history)
    with working(workspace, rooms=[OTHER, ROOM]) as (_, config):
        *_, last = pages = list(ADAPTER.fetch(config, None))
        assert ids(pages) == [f"{ROOM}:{ts(1)}"]
        assert "It needs groups:history." in last.trouble
        workspace.fault = lambda method: as_json({"ok": False, "error": "token_revoked"})
        calls_of = len(workspace.calls)
        with pytest.raises(AuthFailed, match="revoked"):
            list(ADAPTER.fetch(config, last.cursor))
        assert len(workspace.calls) == calls_of + 1


def test_people_who_cannot_be_looked_up_now_cost_no_message() -> None:
    workspace = Workspace()
    workspace.say(1, "A question?")
    with working(workspace, rooms=[ROOM, OTHER]) as (_, config):
        workspace.fault = lambda method: Reply(503) if method == "users.info" else None
        *_, last = pages = list(ADAPTER.fetch(config, None))
        assert ids(pages) == []
        assert last.again_soon
        workspace.fault = lambda method: None
        assert ids(list(ADAPTER.fetch(config, json.loads(json.dumps(last.cursor))))) == [f"{ROOM}:{ts(1)}"]


def test_no_rooms_and_no_token_are_errors() -> None:
    with working(Workspace(), rooms=[]) as (_, config), pytest.raises(Rejected, match="No channels"):
        read(config)
    with pytest.raises(AuthFailed, match="xoxb-"):
        read(Config({"rooms": ["swag"]}))


def test_the_check_says_who_reads_what() -> None:
    with working(Workspace()) as (_, config):
        assert ADAPTER.check(config) == "Connected: desk of Acme reads #swag."


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        ("invalid_auth", AuthFailed, "valid one"),
        ("missing_scope", AuthFailed, "channels:history"),
        ("ratelimited", RateLimited, "limit reached"),
        ("internal_error", Transient, "internal_error"),
        ("not_in_channel", Rejected, "/invite"),
    ],
)
def test_errors_of_slack_are_typed_and_in_words(error: str, expected: type[Exception], words: str) -> None:
    workspace = Workspace()
    workspace.fault = lambda method: as_json({"ok": False, "error": error, "needed": "channels:history"})
    with working(workspace) as (_, config), pytest.raises(expected, match=words):
        ADAPTER.fetch_thread(config, f"{ROOM}:{ts(1)}")


def test_the_api_is_not_asked_inside_the_own_network() -> None:
    with working(Workspace()) as (server, config):
        guarded = Config(config.settings, config.secrets)
        with pytest.raises(Rejected, match="not on the public internet"):
            read(guarded)
        assert server.seen == []
