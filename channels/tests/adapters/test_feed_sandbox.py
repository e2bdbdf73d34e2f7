"""The adapter against the sandbox's feeds, from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from channels.adapters.feed import Feed
from channels.contract import Config, Json, Mention, Network
from sandbox import launch

ADAPTER = Feed()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    with launch.start(tmp_path_factory.mktemp("feed")) as running:
        yield running


@pytest.fixture
def config(sandbox: launch.Running) -> Config:
    access: dict[str, Any] = sandbox._call("/control/access", None)["feed"]
    return Config(access["settings"], network=Network(allowed_private=(f"127.0.0.1:{sandbox.http_port}",)))


def poll(config: Config, into: dict[str, Mention], cursor: Json = None) -> Json:
    for page in ADAPTER.fetch(config, cursor):
        cursor = page.cursor
        for item in page.items:
            mention = ADAPTER.parse(item, config)
            assert mention is not None
            into[mention.external_id] = mention
    return cursor


def test_all_kinds_of_feeds_come_in_as_they_were_written(sandbox: launch.Running, config: Config) -> None:
    for feed in ("alerts.xml", "planet.xml", "notes.json", "list.xml"):
        sandbox.post("feed", to=feed, title=f"Acme's <b> & {feed}", text="It's a < b.\n\nReally?", author="Ann")
    found: dict[str, Mention] = {}
    cursor = poll(config, found)
    told = {entry["id"]: entry for entry in sandbox.truth("feed")["mentions"]}
    assert set(found) - {entry["id"] for entry in sandbox.truth("feed")["ours"]} == set(told)
    for number, entry in told.items():
        mention = found[number]
        assert (mention.text.split(), mention.subject) == (entry["text"].split(), entry["title"])
        assert mention.posted_at == datetime.fromtimestamp(entry["at"], UTC)
        assert requests.get(mention.url or "", timeout=20).status_code == 200
    again: dict[str, Mention] = {}
    poll(config, again, cursor)
    assert again == {}, "304 for all of them"


def test_an_answer_on_the_list_comes_back_and_an_edit_is_seen(sandbox: launch.Running, config: Config) -> None:
    asked = sandbox.post("feed", to="list.xml", title="Acme hangs", text="Why?", author="Bob")["id"]
    before: dict[str, Mention] = {}
    cursor = poll(config, before)
    answered = sandbox.control("answer", platform="feed", id=asked, **{"as": "nadia"}, text="Like so.")["id"]
    sandbox.control("edit", platform="feed", id=asked, text="Why, please?")
    after: dict[str, Mention] = {}
    poll(config, after, cursor)
    assert after[answered].author.id == "nadia@acme.example"
    assert (before[asked].text, after[asked].text) == ("Why?", "Why, please?")


def test_one_fault_does_not_stop_the_other_feeds(sandbox: launch.Running, config: Config) -> None:
    sandbox.control("faults", platform="feed", kind="500", count=1)
    found: dict[str, Mention] = {}
    cursor = poll(config, found)
    assert len(cursor["parts"]["down"]) == 1
    assert {"planet.xml", "notes.json", "list.xml"} >= {
        str(m.extra["feed_address"]).rsplit("/", 1)[1] for m in found.values()
    }
