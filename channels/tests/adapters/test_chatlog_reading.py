"""Chats: resuming Matrix rooms and IRC logs, rereading conversations, errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.adapters.chatlog import ChatLog, bursts, fetching, irc
from channels.contract import Config, Item, Json
from channels.errors import AuthFailed, RateLimited, Rejected
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

ADAPTER = ChatLog()
NOON = 1_763_715_600


def made(items: list[Item]) -> dict[str, tuple[str, list[str]]]:
    """Id → (conversation, texts): the latest version of each."""
    return {i.external_id: (i.payload["anchor"], [entry["text"] for entry in i.payload["lines"]]) for i in items}


# --- Matrix ------------------------------------------------------------------------------------------------------


class Homeserver:
    """One room; tokens are places in its timeline."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.page = 3

    def say(self, sender: str, at: float, body: str, **content: Any) -> str:
        event_id = f"$e{len(self.events)}"
        said = {"msgtype": "m.text", "body": body, **content}
        about = {"type": "m.room.message", "event_id": event_id, "sender": f"@{sender}:x"}
        self.events.append({**about, "origin_server_ts": int((NOON + at) * 1000), "content": said, "unsigned": {}})
        return event_id

    def answer(self, seen: Seen) -> Reply:
        path = seen.path.removeprefix("/_matrix/client/v3/")
        self.asked.append((path, seen.query))
        if seen.headers.get("Authorization") != "Bearer tok":
            return as_json({"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown token"}, 401)
        if path.startswith("directory/room/"):
            return as_json({"room_id": "!r:x", "servers": ["x"]})
        if "/context/" in path:
            at = next(
                n for n, e in enumerate(self.events) if e["event_id"] == path.rpartition("/")[2].replace("%24", "$")
            )
            before, after = self.events[:at][::-1], self.events[at + 1 :]
            return as_json({"event": self.events[at], "events_before": before, "events_after": after, "state": []})
        given = seen.query.get("from", f"t{len(self.events)}")
        if not given.startswith("t"):
            return as_json({"errcode": "M_UNKNOWN", "error": "Invalid stream token"}, 400)
        at = int(given[1:])
        if seen.query["dir"] == "b":
            low = max(0, at - self.page)
            page = {"chunk": self.events[low:at][::-1], "start": f"t{at}"}
            return as_json(page | ({"end": f"t{low}"} if low else {}))
        high = min(len(self.events), at + self.page)
        page = {"chunk": self.events[at:high], "start": f"t{at}"}
        return as_json(page | ({"end": f"t{high}"} if high > at else {}))


@contextmanager
def homeserver(home: Homeserver, **values: Any) -> Iterator[tuple[Server, Config]]:
    with serving(home.answer) as server:
        options = {"api_base": server.url, "rooms": ["#acme:x"], "phrases": ["Acme"], **values}
        yield server, Config(options, {"access_token": "tok"}, network=server.network())


def read(config: Config, cursor: Json = None) -> tuple[dict[str, tuple[str, list[str]]], Json]:
    items: list[Item] = []
    for page in ADAPTER.fetch(config, cursor):
        items += page.items
        cursor = json.loads(json.dumps(page.cursor))
    return made(items), cursor


def test_a_room_is_read_back_at_first_and_on_from_there() -> None:
    home = Homeserver()
    for number in range(8):
        home.say(f"u{number}", number * 400, f"Acme {number}")
    with homeserver(home) as (_, config):
        found, cursor = read(config)
        assert list(found) == [f"!r:x/$e{n}" for n in range(8)]
        assert read(config, cursor)[0] == {}
        home.say("u7", 7 * 400 + 60, "and more of it")
        for number in range(9, 14):
            home.say(f"u{number}", number * 400, f"Acme {number}")
        home.asked.clear()
        found, cursor = read(config, cursor)
    assert found["!r:x/$e7"] == ("$e7", ["Acme 7", "and more of it"])
    assert list(found) == [f"!r:x/$e{n}" for n in (7, *range(9, 14))]
    assert {query["dir"] for _, query in home.asked} == {"f"}


def test_reading_that_is_killed_between_pages_goes_on() -> None:
    home = Homeserver()
    with homeserver(home) as (_, config):
        _, cursor = read(config)
        for number in range(9):
            home.say("ada", number * 100, f"Acme {number}")
        pages = ADAPTER.fetch(config, cursor)
        first = next(pages)
        pages.close()
        rest, _ = read(config, json.loads(json.dumps(first.cursor)))
    assert rest == {"!r:x/$e0": ("$e0", [f"Acme {n}" for n in range(9)])}


def test_a_token_that_is_forgotten_leads_to_the_latest_messages_and_makes_nothing_twice() -> None:
    home = Homeserver()
    home.say("ada", 0, "Acme 0")
    with homeserver(home) as (_, config):
        _, cursor = read(config)
        home.say("ada", 10, "Acme 1")
        cursor["rooms"]["#acme:x"]["token"] = "gone"
        assert read(config, cursor)[0] == {"!r:x/$e0": ("$e0", ["Acme 0", "Acme 1"])}


def test_a_poll_of_a_flood_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_ROOM", 2)
    home = Homeserver()
    with homeserver(home) as (_, config):
        _, cursor = read(config)
        for number in range(10):
            home.say(f"u{number}", number, f"Acme {number}")
        found: dict[str, Any] = {}
        for polls in (6, 10, 10):
            more, cursor = read(config, cursor)
            found |= more
            assert len(found) == polls


def test_a_conversation_is_read_with_what_stands_around_it() -> None:
    home = Homeserver()
    home.say("ben", 0, "morning")
    anchor = home.say("ada", 400, "Acme hangs")
    home.say("ben", 500, "which version?")
    home.say("mo", 600, "Acme is fine here")
    home.say("ada", 700, "the newest")
    home.say("sam", 800, "Fixed tomorrow, sorry.")
    with homeserver(home, own_nicks=["@sam:x"]) as (_, config):
        found, _ = read(config)
        mentions = [ADAPTER.parse(item, config) for item in ADAPTER.fetch_thread(config, f"!r:x/{anchor}")]
    lines = [(m.text, m.thread_id, m.is_own) for m in mentions if m]
    thread = f"!r:x/{anchor}"
    # The very first burst may have begun earlier; mo's line is a separate conversation.
    assert lines == [
        ("Acme hangs", thread, False),
        ("which version?", thread, False),
        ("the newest", thread, False),
        ("Fixed tomorrow, sorry.", thread, True),
    ]
    assert found.keys() == {thread, "!r:x/$e3"}


def test_a_burst_has_one_fingerprint_read_either_way() -> None:
    home = Homeserver()
    home.say("ben", 0, "morning")
    anchor = home.say("ada", 400, "Acme hangs")
    home.say("ben", 500, "hm")
    home.say("ada", 700, "Acme still hangs")
    with homeserver(home) as (_, config):
        marks = [
            {item.external_id: ADAPTER.fingerprint(item, config) for item in items}
            for items in (
                [item for page in ADAPTER.fetch(config, None) for item in page.items],
                ADAPTER.fetch_thread(config, f"!r:x/{anchor}"),
            )
        ]
    assert marks[0].keys() == {f"!r:x/{anchor}", "!r:x/$e3"}
    assert marks[0].items() <= marks[1].items()


def test_errors_are_typed() -> None:
    home = Homeserver()
    with homeserver(home) as (server, config):
        with pytest.raises(AuthFailed):
            read(Config(config.settings, network=server.network()))
        home.answer = lambda seen: as_json({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}, 429)  # type: ignore[method-assign]
        server.answer = home.answer
        with pytest.raises(RateLimited) as caught:
            read(config)
        assert caught.value.retry_after_s == 2.5
    for missing in ("rooms", "phrases"):
        with pytest.raises(Rejected, match=r"No rooms|no phrases"):
            read(Config({**config.settings, missing: []}, config.secrets))


# --- IRC ---------------------------------------------------------------------------------------------------------


class Logs:
    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def answer(self, seen: Seen) -> Reply:
        text = self.files.get(seen.path)
        return Reply(404, b"not here") if text is None else Reply(200, text.encode(), {"Content-Type": "text/plain"})


@contextmanager
def logging_of(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    monkeypatch.setattr("time.time", now.timestamp)
    with serving(logs.answer) as server:
        values = {"format": "irc", "rooms": ["#acme"], "phrases": ["Acme"], "time_zone": "Europe/Berlin"}
        values["log_address"] = server.url + "/{channel}/{date}.txt"
        yield Config(values, network=server.network())


def test_logs_are_read_day_by_day_and_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs()
    logs.files["/acme/2026-11-20.txt"] = "[23:58:00] <ada> Acme hangs\n"
    logs.files["/acme/2026-11-21.txt"] = "[00:01:00] <ada> since yesterday\n[00:02:00] <ben> Acm"
    with logging_of(logs, monkeypatch) as config:
        found, cursor = read(config)
        # A burst continues past midnight; a line still being written waits.
        assert found == {"#acme/2026-11-20/1": ("2026-11-20/1", ["Acme hangs", "since yesterday"])}
        logs.files["/acme/2026-11-21.txt"] += "e, too\n[00:30:00] <ada> Acme, solved!\n"
        found, cursor = read(config, cursor)
        assert found == {
            "#acme/2026-11-21/2": ("2026-11-21/2", ["Acme, too"]),
            "#acme/2026-11-21/3": ("2026-11-20/1", ["Acme, solved!"]),
        }
        assert read(config, cursor)[0] == {}
        mentions = [ADAPTER.parse(i, config) for i in ADAPTER.fetch_thread(config, "#acme/2026-11-20/1")]
    texts = [(m.external_id, m.text) for m in mentions if m]
    assert texts == [
        ("#acme/2026-11-20/1", "Acme hangs\nsince yesterday"),
        ("#acme/2026-11-21/3", "Acme, solved!"),
    ]


def test_no_file_at_all_is_an_error_and_a_silent_day_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs()
    with logging_of(logs, monkeypatch) as config:
        with pytest.raises(Rejected, match="404"):
            read(config)
        logs.files["/acme/2026-11-19.txt"] = "[12:00:00] <ada> Acme?\n"
        found, cursor = read(config)
        assert list(found) == ["#acme/2026-11-19/1"]
        assert read(config, cursor)[0] == {}
        assert ADAPTER.namespace(config) == "chatlog:127.0.0.1"


def test_times_are_those_of_the_logs_zone() -> None:
    (winter,) = irc.lines_of("[12:00:00] <a> x", datetime(2026, 1, 5, tzinfo=UTC).date(), irc.zone_of("Europe/Berlin"))
    (summer,) = irc.lines_of("[12:00:00] <a> x", datetime(2026, 7, 5, tzinfo=UTC).date(), irc.zone_of("Europe/Berlin"))
    hours = [datetime.fromtimestamp(found.at, UTC).hour for found in (winter, summer)]
    assert hours == [11, 10]
    with pytest.raises(Rejected, match="time zone"):
        irc.zone_of("Mars/Olympus")


def test_the_bounds_of_a_burst_are_those_of_the_handbook() -> None:
    assert (bursts.BURST_S, bursts.SILENCE_S, bursts.CONTEXT_LINES) == (300, 3600, 10)


def test_a_log_that_is_closed_is_reported_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs()
    logs.files["/acme/2026-11-21.txt"] = "[12:00:00] <ada> Acme?\n"
    known = logs.answer
    monkeypatch.setattr(logs, "answer", lambda seen: Reply(403) if "/staff/" in seen.path else known(seen))
    with logging_of(logs, monkeypatch) as config:
        config.settings["rooms"].insert(0, "#staff")  # type: ignore[union-attr,call-arg]
        *_, last = pages = list(ADAPTER.fetch(config, None))
    assert len([item for page in pages for item in page.items]) == 1
    assert last.trouble.startswith("#staff: ")


def test_half_a_surrogate_pair_in_names_is_replaced_in_links() -> None:
    config = Config({"phrases": ["Acme"], "rooms": ["#acme:x"]})
    event = {"type": "m.room.message", "room_id": "!\ud83d:x", "sender": "\ud83d", "event_id": "$\ud83d",
             "origin_server_ts": 1_763_716_400_000, "content": {"msgtype": "m.text", "body": "Acme"}}  # fmt: skip
    (item,) = ADAPTER.split({"chunk": [event]}, config)
    mention = ADAPTER.parse(item, config)
    assert mention is not None
    assert mention.author is not None
    assert (mention.url, mention.author.url) == ("https://matrix.to/#/!%3F:x/$%3F", "https://matrix.to/#/%3F")
