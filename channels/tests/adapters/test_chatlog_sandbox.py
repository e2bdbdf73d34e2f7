"""The chat adapter against the sandbox's room, over Matrix and as IRC logs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from channels.adapters.chatlog import ChatLog
from channels.contract import Config, Mention
from channels.tests import at_sandbox
from channels.tests.at_sandbox import config_of
from sandbox import launch

ADAPTER = ChatLog()
fetched = partial(at_sandbox.fetched, ADAPTER)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    path: Path = tmp_path_factory.mktemp("chat")
    with launch.start(path) as sandbox:
        sandbox.control("bulk", count=60, platforms=["chatlog"])
        yield sandbox


def config(running: launch.Running, **values: Any) -> Config:
    return config_of("chatlog", running, own=running.access()["chatlog"]["settings"]["own_nicks"], **values)


def theirs(found: dict[str, Mention]) -> dict[str, tuple[str, str]]:
    return {m.external_id: (m.author.id, m.text) for m in found.values() if not m.is_own and not m.is_deleted}


def expected(running: launch.Running) -> dict[str, tuple[str, str]]:
    return {entry["id"]: (entry["author"], entry["text"]) for entry in running.truth("chatlog")["mentions"]}


def test_what_comes_in_is_the_truth_and_goes_on(running: launch.Running) -> None:
    settings = config(running)
    found, cursor = fetched(settings)
    assert theirs(found) == expected(running)
    for text in ("Acme hangs", "since this morning"):
        made = running.post("chatlog", text=text, author="ada")
    running.post("chatlog", text="no idea", author="ben")
    more, cursor = fetched(settings, cursor)
    assert theirs({**found, **more}) == expected(running)
    assert [m.text for m in more.values()][-1] == "Acme hangs\nsince this morning"
    assert fetched(settings, cursor)[0] == {}
    first = next(iter(more))
    running.control("answer", platform="chatlog", id=made["id"], text="We are on it!", **{"as": "sam"})
    thread = [ADAPTER.parse(item, settings) for item in ADAPTER.fetch_thread(settings, more[first].thread_id)]
    assert ("We are on it!", True) in [(m.text, m.is_own) for m in thread if m]
    running.control("edit", platform="chatlog", id=first, text="Acme hangs again")
    edited, _ = fetched(settings, cursor)
    assert edited[first].text == "Acme hangs again\nsince this morning"
    assert edited[first].url == running.truth("chatlog")["mentions"][-1].get("url", edited[first].url)


def test_the_same_room_is_read_as_logs(running: launch.Running) -> None:
    made = running.post("chatlog", text="Is Acme known on IRC, too?", author="grace")
    address = f"{running.http_url}/chatlog/logs/{{channel}}/{{date}}.txt"
    settings = config(running, format="irc", rooms=["#acme"], log_address=address, network="irc.acme.example")
    found, _ = fetched(settings)
    assert ("grace", made["text"]) in [(m.author.id, m.text) for m in found.values()]
    assert ADAPTER.check(settings).startswith("Connected: ")
    assert ADAPTER.namespace(settings) == "chatlog:irc.acme.example"
