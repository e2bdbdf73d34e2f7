"""The adapter against the sandbox's feeds, from end to end."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest
import requests

from channels.adapters.feed import Feed
from channels.contract import Config, Mention
from channels.tests import at_sandbox
from channels.tests.at_sandbox import config_of
from sandbox import launch

ADAPTER = Feed()
poll = partial(at_sandbox.poll, ADAPTER, all_are=True)


@pytest.fixture
def config(sandbox: launch.Running) -> Config:
    return config_of("feed", sandbox)


def test_all_kinds_of_feeds_come_in_as_they_were_written(sandbox: launch.Running, config: Config) -> None:
    for feed in ("alerts.xml", "planet.xml", "notes.json", "list.xml"):
        sandbox.post("feed", to=feed, title=f"Acme's <b> & {feed}", text="It's a < b.\n\nReally?", author="Ann")
    found: dict[str, Mention] = {}
    cursor = poll(config, found)
    expected = {entry["id"]: entry for entry in sandbox.truth("feed")["mentions"]}
    assert set(found) - {entry["id"] for entry in sandbox.truth("feed")["ours"]} == set(expected)
    for number, entry in expected.items():
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
