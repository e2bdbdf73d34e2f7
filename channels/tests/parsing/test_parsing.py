"""Parsing in a child process gives the same result as in this one, for every adapter, and reports how an item crashed
it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest
from django.conf import settings

from channels.contract import Config, Item
from channels.db.payloads import to_json
from channels.parsing import frames, plain, pool, reader, work
from channels.registry.finding_adapters import adapter_for, all_adapters
from channels.tests.adapters.test_contract import READABLE

BUDGET = reader.Budget(5.0, 128)


@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_a_child_reads_what_the_adapter_reads(platform: str) -> None:
    adapter, asks, expected = adapter_for(platform), [], []
    for sample in (s for s in READABLE if s.platform == platform):
        config = sample.config()
        for item in sample.items():
            payload = None if item.payload is None else to_json(item.payload)
            asks.append(reader.Ask(adapter, config, item.external_id, payload, item.raw, ("acme",)))
            expected.append(work.read_item(adapter, config, item.external_id, payload, item.raw, ("acme",)))
    assert asks, "a platform without a payload"
    assert list(reader.read(asks, BUDGET)) == expected


LOADED = """
from django.conf import settings
settings.configure(USE_I18N=False, USE_TZ=True)
import sys
from channels.registry.finding_adapters import all_adapters
all_adapters()
print(*sys.modules)
"""


def test_what_only_sending_needs_is_not_loaded_to_parse() -> None:
    """It would be compiled by each of the desk's processes and each fork server."""
    command = [sys.executable, "-c", LOADED]
    loaded = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True, timeout=60)
    assert "channels.adapters.twitter.posting" in loaded.stdout.split()
    assert not {"twitter_text", "pkg_resources"} & set(loaded.stdout.split())


def test_frames_carry_any_text_and_bytes() -> None:
    value = ["\ud800", "a\0b", {"😀": [1, None, True]}]
    unpacker = frames.Unpacker()
    packed = frames.packed(value, [b"", b"\0" * 1000])
    for at in range(0, len(packed), 7):
        assert unpacker.next() is None
        unpacker.feed(packed[at : at + 7])
    assert unpacker.next() == (value, [b"", b"\0" * 1000])
    assert unpacker.next() is None


@pytest.mark.parametrize("head", [b"\xff" * 8, b"\0\0\0\2\0\0\0\0{]"])
def test_what_is_no_frame_is_refused(head: bytes) -> None:
    unpacker = frames.Unpacker()
    unpacker.feed(head)
    with pytest.raises(frames.BadFrame):
        unpacker.next()


def hits(count: int) -> list[reader.Ask]:
    adapter = adapter_for("hackernews")
    config = Config({"feed": "mentions", "phrases": ["Acme"]})
    return [
        reader.Ask(adapter, config, str(n), json.dumps({"objectID": str(n), "author": "ann", "comment_text": "Acme"}))
        for n in range(count)
    ]


def test_the_culprit_is_known_wherever_it_stands_and_all_others_are_read() -> None:
    bomb = "[" + ",".join(["[]"] * 3_000_000) + "]"
    asks = hits(150)
    spoiled = (0, 1, 70, 149)
    for n in spoiled:
        asks[n] = reader.Ask(asks[n].adapter, asks[n].config, str(n), bomb)
    answers = list(reader.read(asks, BUDGET))
    assert len(answers) == 150
    assert tuple(n for n, answer in enumerate(answers) if answer.is_lost) == spoiled
    assert {answers[n].error for n in spoiled} == {"Reading it took more than 128 MB of memory."}


def test_a_parser_that_is_killed_between_two_batches_blames_nobody() -> None:
    assert not any(answer.is_lost for answer in reader.read(hits(3), BUDGET))
    for pid in pool.idle_pids():
        os.kill(pid, signal.SIGKILL)
    assert not any(answer.is_lost for answer in reader.read(hits(3), BUDGET))


def test_a_fork_server_that_is_killed_is_started_again() -> None:
    list(reader.read(hits(1), BUDGET))
    process = pool._state["server"].process
    process.kill()
    process.wait()
    assert not any(answer.is_lost for answer in reader.read(hits(3), BUDGET))


def test_a_reader_that_is_left_early_leaves_no_answers_for_the_next() -> None:
    readings = reader.read(hits(50), BUDGET)
    next(readings)
    readings.close()
    asks = list(reversed(hits(2)))
    assert list(reader.read(asks, BUDGET)) == [
        work.read_item(ask.adapter, ask.config, ask.external_id, ask.payload, None, ()) for ask in asks
    ]


def test_a_reader_left_after_its_last_answer_keeps_the_parser_for_the_next_batch() -> None:
    list(reader.read(hits(1), BUDGET))
    before = pool.idle_pids()
    with closing(reader.read(hits(50), BUDGET)) as readings:
        assert len([reading for _n, reading in zip(range(50), readings, strict=False)]) == 50
    assert pool.idle_pids() == before


def test_when_no_process_can_be_started_no_item_is_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    pool.forget()
    monkeypatch.setattr(pool, "PASSED_ON", ())
    monkeypatch.setattr(pool.sys, "executable", "/nonexistent/python")
    with pytest.raises(pool.ParserUnavailable):
        list(reader.read(hits(1), BUDGET))


def test_a_hook_is_read_in_a_process_of_its_own_that_ends_with_it() -> None:
    from datetime import UTC, datetime

    from channels.contract import Hook
    from channels.errors import Refused

    hook = Hook("POST", {}, {}, b"{}", "127.0.0.1")
    with pytest.raises(Refused):
        reader.receive(adapter_for("gitlab"), Config(), hook, datetime(2026, 1, 1, tzinfo=UTC))


def test_a_config_comes_over_whole_and_without_secrets() -> None:
    config = Config(
        {"phrases": ["Acme"]},
        {"token": "x"},
        ("acme",),
        frozenset({"acme", "us"}),
        channel_secrets={"acme": {"t": "y"}},
    )
    dumped = json.dumps(plain.config_to_plain(config))
    assert '"x"' not in dumped
    assert '"y"' not in dumped
    back = plain.config_from_plain(json.loads(dumped))
    assert (back.settings, back.addresses, back.own, back.network) == (
        config.settings,
        config.addresses,
        config.own,
        config.network,
    )
    whole = plain.config_from_plain(json.loads(json.dumps(plain.config_to_plain(config, with_secrets=True))))
    assert (whole.secret("token"), whole.channel_secrets["acme"]["t"]) == ("x", "y")


def test_items_are_read_ahead_but_never_more_than_a_window() -> None:
    began = time.monotonic()
    assert len(list(reader.read(hits(1000), BUDGET))) == 1000
    assert time.monotonic() - began < 60
    assert Item("1").payload is None
