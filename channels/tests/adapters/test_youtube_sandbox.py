"""The adapter against the sandbox's YouTube, from end to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import requests
from django.core.cache import cache

from channels.adapters.youtube import YouTube
from channels.contract import Config, Mention, Outgoing
from channels.errors import AuthFailed, RateLimited, Uncertain
from channels.http import oauth
from channels.tests import at_sandbox
from channels.tests.at_sandbox import config_of
from sandbox import launch

ADAPTER = YouTube()
poll = partial(at_sandbox.poll, ADAPTER, all_are=True)


@pytest.fixture
def config(sandbox: launch.Running, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(oauth, "_cache", {})
    channels = sandbox.access()["youtube"]["channels"]
    own = [settings["user_id"] for settings, _ in channels.values()]
    return config_of("youtube", sandbox, addresses=("acme",), own=own)


def test_what_is_said_comes_in_as_it_was_said(sandbox: launch.Running, config: Config) -> None:
    top = sandbox.post("youtube", to="AcmeRunners", text="Is Acme <fast>\n& cheap?", author="ann")["id"]
    for number in range(4):
        sandbox.post("youtube", reply_to=top, text=f"Yes {number}", author="bob")
    found: dict[str, Mention] = {}
    cursor = poll(config, found)
    expected = {entry["id"]: entry for entry in sandbox.truth("youtube")["mentions"]}
    assert set(found) - {entry["id"] for entry in sandbox.truth("youtube")["ours"]} == set(expected)
    for number, entry in expected.items():
        mention = found[number]
        assert (mention.text, mention.author.handle, mention.thread_title) == (
            entry["text"],
            entry["author"],
            entry["title"],
        )
        assert (mention.thread_id, mention.parent_id) == (entry["thread_id"], entry["in_reply_to"])
        assert mention.posted_at == datetime.fromtimestamp(entry["at"], UTC)
        assert requests.get(mention.url or "", timeout=20).status_code == 200
    used = cursor["units"]["used"]
    assert poll(config, {}, cursor)["units"]["used"] == used + 1, "a quiet poll costs one unit"


def test_a_reply_is_posted_once_seen_found_and_deleted(sandbox: launch.Running, config: Config) -> None:
    top = sandbox.post("youtube", text="Does Acme run on ARM?", author="cy")["id"]
    since = datetime.now(UTC) - timedelta(seconds=30)
    receipt = ADAPTER.send(config, Outgoing("k", "It does.", in_reply_to=top))
    desk = {entry["id"]: entry for entry in sandbox.truth("youtube")["desk"]}
    assert desk[receipt.external_id]["text"] == "It does."
    sandbox.control("answer", platform="youtube", id=top, **{"as": "nadia"}, text="Since 19.")
    thread = [m for item in ADAPTER.fetch_thread(config, top) if (m := ADAPTER.parse(item, config))]
    assert {(m.author.handle, m.is_own) for m in thread} == {("cy", False), ("acme", True), ("nadia", False)}
    sandbox.control("faults", platform="youtube", kind="drop_after_accept", count=1)
    # The first write that a fault hits is the reply: the token was kept.
    outgoing = Outgoing("l", "Once more.", in_reply_to=top)
    with pytest.raises(Uncertain):
        ADAPTER.send(config, outgoing)
    found = ADAPTER.find_own(config, outgoing, since)
    assert found is not None
    assert ADAPTER.find_own(config, Outgoing("m", "Never said.", in_reply_to=top), since) is None
    ADAPTER.delete(config, found.external_id)
    assert ADAPTER.find_own(config, outgoing, since) is None
    gone = ADAPTER.lookup(config, top, [top, found.external_id])
    assert [item.external_id for item in gone] == [found.external_id]


def test_each_fault_raises_its_error(sandbox: launch.Running, config: Config) -> None:
    for kind, error in (("429", RateLimited), ("expired", AuthFailed)):
        sandbox.control("faults", platform="youtube", kind=kind, count=1)
        with pytest.raises(error):
            ADAPTER.check(config)
        cache.clear()  # the limit is over
    assert "replies are set up" in ADAPTER.check(config)
