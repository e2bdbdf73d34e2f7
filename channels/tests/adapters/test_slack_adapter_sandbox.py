"""The Slack adapter against the sandbox's workspace: incoming messages, replies, and events."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from channels.adapters.slack import Slack
from channels.contract import Config, Hook, HookAnswer, Outgoing
from channels.tests import at_sandbox
from channels.tests.at_sandbox import config_of
from channels.tests.loopback import Reply, Seen, serving
from sandbox import launch

ADAPTER = Slack()
fetched = partial(at_sandbox.fetched, ADAPTER)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    path: Path = tmp_path_factory.mktemp("slack")
    with launch.start(path) as sandbox:
        sandbox.control("bulk", count=60, platforms=["slack"])
        yield sandbox


@pytest.fixture(scope="module")
def config(running: launch.Running) -> Config:
    return config_of("slack", running, addresses=None)


def test_what_comes_in_is_the_truth(running: launch.Running, config: Config) -> None:
    for kind in ("question", "review", "aside", "emoji"):
        running.post("slack", kind=kind, to="swag")
    found, _ = fetched(config)
    truth = {entry["id"]: entry["author"] for entry in running.truth("slack")["mentions"]}
    assert {m.external_id: m.author.id for m in found.values()} == truth
    assert len(truth) > 2
    assert all(m.author.name and m.requester for m in found.values())
    assert {name for m in found.values() for name in m.addressed[0]} & set(config.addresses)
    assert ADAPTER.check(config).startswith("Connected: mention_desk of Acme reads #community-advocates")


def test_an_answer_is_seen_there_and_a_colleagues_comes_back(running: launch.Running, config: Config) -> None:
    made = running.post("slack", text="Who orders <stickers>?", author="ines", to="swag")
    outgoing = Outgoing("key-9", "We do & gladly.", thread_id=made["id"], in_reply_to=made["id"])
    receipt = ADAPTER.send(config, outgoing)
    desk = running.truth("slack")["desk"][-1]
    assert (desk["id"], desk["thread_ts"]) == (receipt.external_id, made["id"].partition(":")[2])
    found = ADAPTER.find_own(config, outgoing, datetime.now(UTC))
    assert found
    assert found.external_id == receipt.external_id
    running.control("answer", platform="slack", id=made["id"], text="I have some left", **{"as": "maria"})
    running.control("answer", platform="slack", id=made["id"], text="Thank you!", **{"as": "ines"})
    thread = [m for i in ADAPTER.fetch_thread(config, made["id"]) if (m := ADAPTER.parse(i, config))]
    assert [(m.author.name, m.is_own, m.requester is not None) for m in thread] == [
        ("Ines Almeida", False, True),
        (None, True, False),
        ("Maria Lindqvist", False, False),
        ("Ines Almeida", False, True),
    ]
    assert (thread[1].text, thread[1].parent_id) == ("We do & gladly.", made["id"])
    assert thread[0].url == made["url"]
    ADAPTER.like(config, thread[0].external_id)
    ADAPTER.delete(config, receipt.external_id)
    assert receipt.external_id not in {entry["id"] for entry in running.truth("slack")["desk"]}
    (gone,) = ADAPTER.lookup(config, made["id"], [receipt.external_id])
    assert gone.external_id == receipt.external_id


def test_its_events_prove_themselves_and_lead_to_polls(running: launch.Running, config: Config) -> None:
    answers: list[HookAnswer] = []
    came = threading.Event()

    def taken(seen: Seen) -> Reply:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        answers.append(ADAPTER.receive(config, Hook("POST", headers, body=seen.body), datetime.now(UTC)))
        came.set()
        return Reply()

    def next_answer() -> HookAnswer:
        assert came.wait(10)
        came.clear()
        return answers[-1]

    with serving(taken) as server:
        secret = config.secret("signing_secret")
        running.control("webhook", platform="slack", url=f"{server.url}/hooks/x/", secret=secret)
        made = running.post("slack", text="Is this seen at once?", author="owen", to="swag")
        assert next_answer().poll
        running.control("edit", platform="slack", id=made["id"], text="Is this seen at once, too?")
        assert next_answer().poll
        running.control("delete", platform="slack", id=made["id"])
        assert [item.external_id for item in next_answer().items] == [made["id"]]
        running.control("webhook", platform="slack", url="")
