"""Slack: rereading threads, and replies in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from channels.adapters.slack import Slack
from channels.contract import Config, Json, Outgoing
from channels.errors import Rejected, Uncertain
from channels.tests.fake_slack_rooms import ROOM, START, Workspace, as_json, ts, working
from channels.tests.loopback import Reply

ADAPTER = Slack()
NOW = START + 100_000
SINCE = datetime.fromtimestamp(START, UTC)


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


def calls_of(workspace: Workspace, method: str) -> list[dict[str, Any]]:
    return [body for name, body in workspace.calls if name == method]


# --- threads -----------------------------------------------------------------------------------------------------


def test_a_thread_is_read_whole_and_its_asker_stays_the_requester() -> None:
    workspace = Workspace()
    workspace.page = 2
    workspace.say(1, "Who orders stickers?")
    workspace.say(2, "I do.", user="U0OWEN01", thread_ts=ts(1))
    workspace.say(3, "Twenty please.", thread_ts=ts(1))
    workspace.say(4, "Ping!", bot_id="B1", thread_ts=ts(1))
    with working(workspace) as (_, config):
        found = [ADAPTER.parse(item, config) for item in ADAPTER.fetch_thread(config, f"{ROOM}:{ts(1)}")]
    said = [(m.text, m.requester is not None, m.parent_id) for m in found if m]
    root = f"{ROOM}:{ts(1)}"
    assert said == [("Who orders stickers?", True, None), ("I do.", False, root), ("Twenty please.", True, root)]


def test_what_a_thread_shows_no_more_is_deleted() -> None:
    workspace = Workspace()
    workspace.say(1, "Who orders stickers?")
    workspace.say(2, "I do.", thread_ts=ts(1))
    with working(workspace) as (_, config):
        thread, ids = f"{ROOM}:{ts(1)}", [f"{ROOM}:{ts(n)}" for n in (2, 3)]
        (gone,) = ADAPTER.lookup(config, thread, ids)
        mention = ADAPTER.parse(gone, config)
        assert mention
        assert (mention.external_id, mention.is_deleted, mention.thread_id) == (ids[1], True, thread)
        workspace.rooms[ROOM].clear()
        assert ADAPTER.fetch_thread(config, thread) == []
        assert [item.external_id for item in ADAPTER.lookup(config, thread, [thread])] == [thread]


# --- answers -----------------------------------------------------------------------------------------------------

ANSWER = Outgoing("key-1", "Yes, <both> & all *of* it.", thread_id=f"{ROOM}:{ts(1)}", in_reply_to=f"{ROOM}:{ts(2)}")


def test_an_answer_goes_to_the_thread_and_comes_back_as_ours() -> None:
    workspace = Workspace()
    workspace.say(1, "Who orders stickers?")
    workspace.say(2, "And socks?", thread_ts=ts(1))
    with working(workspace) as (_, config):
        receipt = ADAPTER.send(config, ANSWER)
        sent = calls_of(workspace, "chat.postMessage")[0]
        assert (sent["thread_ts"], sent["text"]) == (ts(1), "Yes, &lt;both&gt; &amp; all *of* it.")
        assert receipt.url
        assert receipt.url.startswith("https://acme.slack.example/")
        own = [ADAPTER.parse(i, config) for i in ADAPTER.fetch_thread(config, ANSWER.thread_id or "")][-1]
        assert own
        assert (own.external_id, own.is_own, own.parent_id) == (receipt.external_id, True, ANSWER.in_reply_to)
        assert own.requester is None
        assert read(config)[0] == [f"{ROOM}:{ts(1)}"]  # what we say is no mention


def test_a_refused_answer_is_rejected_and_nothing_is_posted() -> None:
    workspace = Workspace()
    workspace.fault = lambda method: as_json({"ok": False, "error": "is_archived"})
    with working(workspace) as (_, config), pytest.raises(Rejected, match="archived"):
        ADAPTER.send(config, ANSWER)
    assert workspace.rooms[ROOM] == []


def test_a_broken_connection_is_uncertain_and_the_answer_is_found_by_its_key() -> None:
    workspace = Workspace()
    workspace.page = 1
    workspace.say(1, "Who orders stickers?")
    workspace.fault = lambda method: Reply(drop=True) if method == "chat.postMessage" else None
    with working(workspace) as (_, config):
        with pytest.raises(Uncertain):
            ADAPTER.send(config, ANSWER)
        found = ADAPTER.find_own(config, ANSWER, SINCE)
        assert found
        assert found.external_id == f"{ROOM}:{workspace.rooms[ROOM][-1]['ts']}"
        assert ADAPTER.find_own(config, Outgoing("other", "x", thread_id=ANSWER.thread_id), SINCE) is None


def test_a_thread_too_long_to_read_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.adapters.slack.posting.THREAD_PAGES", 2)
    workspace = Workspace()
    workspace.page = 1
    for number in range(1, 6):
        workspace.say(number, "x", thread_ts=ts(1))
    with working(workspace) as (_, config), pytest.raises(Uncertain):
        ADAPTER.find_own(config, ANSWER, SINCE)


def test_own_answers_can_be_deleted_and_others_liked_twice_over() -> None:
    workspace = Workspace()
    workspace.say(1, "Who orders stickers?")
    with working(workspace) as (_, config):
        receipt = ADAPTER.send(config, ANSWER)
        ADAPTER.delete(config, receipt.external_id)
        ADAPTER.delete(config, receipt.external_id)
        assert len(workspace.rooms[ROOM]) == 1
        ADAPTER.like(config, f"{ROOM}:{ts(1)}")
        ADAPTER.like(config, f"{ROOM}:{ts(1)}")
    assert workspace.rooms[ROOM][0]["reactions"] == [{"name": "thumbsup", "count": 1}]
