"""The adapter against the sandbox's Bluesky, from end to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import requests

from channels.adapters.bluesky import Bluesky
from channels.contract import Config, Mention, Outgoing
from channels.errors import AuthFailed, Rejected, Uncertain
from channels.http import oauth
from channels.tests import at_sandbox
from channels.tests.at_sandbox import config_of
from sandbox import launch

ADAPTER = Bluesky()
connection = partial(config_of, "bluesky", addresses=("acme.example",))
poll, thread = partial(at_sandbox.poll, ADAPTER), partial(at_sandbox.thread, ADAPTER)


def test_what_is_said_comes_in_as_it_was_said(sandbox: launch.Running) -> None:
    sandbox.post("bluesky", text="Größer als 🦀? Acme: a < b & c https://acme.example/docs?x=1&y=2", author="ann")
    sandbox.post("bluesky", text="@acme.example help, please", author="bob")
    sandbox.post("bluesky", text="The acmeist poets", author="cy")
    sandbox.post("bluesky", text="Look", author="dee", alt="A crash of Acme")
    sandbox.post("bluesky", text="New", author="dee", url="https://news.example/5", title="Acme 5 is out")
    other = sandbox.post("bluesky", text="Which CI?", author="fay")
    said = sandbox.post("bluesky", reply_to=other["id"], text="Ask @acme.example", author="gil")
    ours = sandbox.post("bluesky", text="We are here", author="acme.example")
    answer = sandbox.post("bluesky", reply_to=ours["id"], text="Hello!", author="hal")
    config, found = connection(sandbox), {}
    cursor = poll(config, found)
    expected = {entry["id"]: entry for entry in sandbox.truth("bluesky")["mentions"]}
    assert set(found) == set(expected) >= {said["id"], answer["id"]}
    for number, entry in expected.items():
        mention = found[number]
        assert (mention.text, mention.author.handle) == (entry["text"], entry["author"])
        assert (mention.thread_id, mention.parent_id) == (entry["thread_id"], entry["in_reply_to"])
        assert mention.posted_at is not None
        assert abs(mention.posted_at.timestamp() - entry["at"]) < 0.01
        assert requests.get(mention.url or "", timeout=20).status_code == 200
    assert [m.links for m in found.values() if m.author.handle == "ann.bsky.example"] == [
        ("https://acme.example/docs?x=1&y=2",)
    ]
    assert [m.about_url for m in found.values() if m.about_url] == ["https://news.example/5"]
    again: dict[str, Mention] = {}
    assert poll(config, again, cursor) == cursor
    assert again == found


def test_an_answer_is_posted_found_liked_and_deleted(sandbox: launch.Running) -> None:
    root = sandbox.post("bluesky", text="Acme and caches?", author="fay")
    asked = sandbox.post("bluesky", reply_to=root["id"], text="Acme, anybody?", author="gus")
    config, since = connection(sandbox), datetime.now(UTC) - timedelta(minutes=1)
    text = "Größe 🦀: see https://acme.example/caches, @gus.bsky.example and @nobody.nowhere.example #caches"
    outgoing = Outgoing("k1", text, root["id"], asked["id"])
    assert ADAPTER.find_own(config, outgoing, since) is None
    receipt = ADAPTER.send(config, outgoing)
    (posted,) = [entry for entry in sandbox.truth("bluesky")["desk"] if entry["id"] == receipt.external_id]
    assert (posted["text"], posted["thread_id"], posted["in_reply_to"]) == (text, root["id"], asked["id"])
    found = ADAPTER.find_own(config, outgoing, since)
    assert found is not None
    assert (found.external_id, found.url) == (receipt.external_id, receipt.url)
    shown = requests.get(receipt.url or "", timeout=20).text
    assert '<a href="https://acme.example/caches" rel="nofollow noreferrer">https://acme.example/caches</a>,' in shown
    assert ">@gus.bsky.example</a> and @nobody" in shown
    own = thread(config, root["id"])[receipt.external_id]
    assert (own.is_own, own.thread_id, own.parent_id) == (True, root["id"], asked["id"])
    assert "gus.bsky.example" in own.addressed[0]
    ADAPTER.like(config, asked["id"])
    assert [e["liked"] for e in sandbox.truth("bluesky")["mentions"] if e["id"] == asked["id"]] == [True]
    ADAPTER.delete(config, receipt.external_id)
    ADAPTER.delete(config, receipt.external_id)
    (gone,) = ADAPTER.lookup(config, root["id"], [receipt.external_id])
    mention = ADAPTER.parse(gone, config)
    assert mention is not None
    assert mention.is_deleted
    with pytest.raises(Rejected, match="Only its author"):
        ADAPTER.delete(config, asked["id"])


def test_a_post_of_our_own_needs_no_parent(sandbox: launch.Running) -> None:
    receipt = ADAPTER.send(connection(sandbox), Outgoing("k0", "Version 5 is out."))
    (posted,) = [entry for entry in sandbox.truth("bluesky")["desk"] if entry["id"] == receipt.external_id]
    assert (posted["text"], posted["in_reply_to"]) == ("Version 5 is out.", None)


def test_a_reply_of_which_the_answer_was_lost_is_found(sandbox: launch.Running) -> None:
    asked = sandbox.post("bluesky", text="Acme on ARM?", author="gil")
    outgoing, config = Outgoing("k2", "It runs.", asked["id"], asked["id"]), connection(sandbox)
    sandbox.control("faults", platform="bluesky", kind="drop_after_accept", count=1)
    with pytest.raises(Uncertain):
        ADAPTER.send(config, outgoing)
    assert ADAPTER.find_own(config, outgoing, datetime.now(UTC) - timedelta(minutes=1)) is not None


def test_an_answer_of_the_team_comes_back_with_the_thread_and_deletions_are_seen(sandbox: launch.Running) -> None:
    asked = sandbox.post("bluesky", text="Acme runners: why so slow?", author="hal")
    answer = sandbox.control("answer", platform="bluesky", id=asked["id"], **{"as": "lee"}, text="Caches.")
    config = connection(sandbox)
    before = {item.external_id: item for page in ADAPTER.fetch(config, None) for item in page.items}
    items = {item.external_id: item for item in ADAPTER.fetch_thread(config, asked["id"])}
    assert ADAPTER.fingerprint(items[asked["id"]], config) == ADAPTER.fingerprint(before[asked["id"]], config)
    found = thread(config, asked["id"])
    assert (found[answer["id"]].author.handle, found[answer["id"]].parent_id) == ("lee.bsky.example", asked["id"])
    sandbox.control("delete", platform="bluesky", id=asked["id"])
    assert thread(config, asked["id"]) == {}
    gone, there = (ADAPTER.parse(i, config) for i in ADAPTER.lookup(config, asked["id"], [asked["id"], answer["id"]]))
    assert gone is not None
    assert there is not None
    assert (gone.is_deleted, there.is_deleted, there.thread_id) == (True, False, asked["id"])
    with pytest.raises(Rejected, match="no longer exists"):
        ADAPTER.send(config, Outgoing("k3", "Hello?", asked["id"], asked["id"]))


def test_a_session_that_has_ended_is_prolonged_once(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    assert "@acme.example" in ADAPTER.check(config)
    sandbox.control("faults", platform="bluesky", kind="expired", count=1)
    assert "Connected" in ADAPTER.check(config)
    with pytest.raises(AuthFailed, match="app password"):
        ADAPTER.check(Config(config.settings, {"app_password": "wrong"}, network=config.network))


def test_the_quota_is_reported(sandbox: launch.Running) -> None:
    (first, *_) = ADAPTER.fetch(connection(sandbox), None)
    assert first.quota_left is not None
    assert 0 < first.quota_left < 3000
    assert first.quota_resets_at is not None
    assert timedelta(0) < first.quota_resets_at - datetime.now(UTC) <= timedelta(seconds=300)


@pytest.fixture(autouse=True)
def _no_sessions_of_other_tests() -> None:
    oauth._cache.clear()
