"""The adapter against the sandbox's Lobsters, from end to end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from channels.adapters.lobsters import Lobsters, fetching
from channels.contract import Capability, Config, Mention, Outgoing
from channels.errors import Rejected
from channels.tests.at_sandbox import config_of
from sandbox import launch

ADAPTER = Lobsters()


@pytest.fixture
def config(sandbox: launch.Running, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(fetching, "PAUSE_S", 0.0)
    return config_of("lobsters", sandbox)


def test_what_is_said_comes_in_and_an_answer_by_hand_comes_back(sandbox: launch.Running, config: Config) -> None:
    named = sandbox.post("lobsters", title="Acme goes open core", text="", url="https://x.example/1", author="ann")
    other = sandbox.post("lobsters", title="A faster linker", text="Not about it.", author="bob")
    comment = sandbox.post("lobsters", reply_to=other["id"], text="As Acme does & more.", author="cy")
    sandbox.post("lobsters", reply_to=other["id"], text="The acmeists did it first.", author="dee")
    found: dict[str, Mention] = {}
    cursor = None
    for page in ADAPTER.fetch(config, cursor):
        cursor = page.cursor
        found |= {m.external_id: m for item in page.items if (m := ADAPTER.parse(item, config))}
    expected = {entry["id"]: entry for entry in sandbox.truth("lobsters")["mentions"]}
    assert set(found) == set(expected) >= {named["id"], comment["id"]}
    for number, entry in expected.items():
        mention = found[number]
        assert (mention.text, mention.subject) == (entry["text"], entry["title"])
        assert (mention.thread_id, mention.parent_id) == (entry["thread_id"], entry["in_reply_to"])
        assert mention.author.handle == entry["author"]
        assert mention.posted_at == datetime.fromtimestamp(entry["at"], UTC)
        assert requests.get(mention.url or "", timeout=20).status_code == 200
    assert not [item for page in ADAPTER.fetch(config, cursor) for item in page.items if item.external_id not in found]
    answer = sandbox.control("answer", platform="lobsters", id=comment["id"], **{"as": "sam"}, text="We do!")
    thread = {i.external_id: ADAPTER.parse(i, config) for i in ADAPTER.fetch_thread(config, other["id"])}
    mine = thread[answer["id"]]
    assert mine is not None
    assert (mine.author.handle, mine.parent_id) == ("sam", comment["id"])


def test_a_deleted_comment_is_seen(sandbox: launch.Running, config: Config) -> None:
    story = sandbox.post("lobsters", title="Acme?", text="", author="ann")["id"]
    gone = sandbox.post("lobsters", reply_to=story, text="never mind", author="eve")["id"]
    sandbox.control("delete", platform="lobsters", id=gone)
    assert gone not in [item.external_id for item in ADAPTER.fetch_thread(config, story)]
    (item,) = ADAPTER.lookup(config, story, [gone])
    mention = ADAPTER.parse(item, config)
    assert mention is not None
    assert (mention.is_deleted, mention.thread_id) == (True, story)


def test_nobody_can_post_from_the_desk(sandbox: launch.Running, config: Config) -> None:
    sandbox.post("lobsters", title="A story at least", text="", author="ann")
    assert not ADAPTER.can(Capability.SEND)
    with pytest.raises(Rejected, match="reply on the platform"):
        ADAPTER.send(config, Outgoing("k", "Hello", in_reply_to="abc"))
    assert "Connected without a login" in ADAPTER.check(config)
