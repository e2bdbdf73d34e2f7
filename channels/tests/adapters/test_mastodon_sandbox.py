"""The adapter against the sandbox's Mastodon, from end to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import requests

from channels.adapters.mastodon import Mastodon
from channels.contract import Config, Mention, Outgoing
from channels.errors import AuthFailed, Rejected, Uncertain
from channels.tests import at_sandbox
from channels.tests.at_sandbox import config_of
from sandbox import launch

ADAPTER = Mastodon()
connection = partial(config_of, "mastodon", addresses=("acme",))
poll, thread = partial(at_sandbox.poll, ADAPTER), partial(at_sandbox.thread, ADAPTER)


def test_what_is_said_comes_in_as_it_was_said_and_nothing_private(sandbox: launch.Running) -> None:
    long = "https://acme.example/a/very/long/path/that/is/shown/shortened"
    sandbox.post("mastodon", text=f"Does Acme do a < b & c?\n\nSee {long} and @bob@hachy.example", author="ann")
    sandbox.post("mastodon", text="@acme help #please", author="bob@hachy.example", visibility="unlisted")
    sandbox.post("mastodon", text="The acmeist poets", author="cy")
    sandbox.post("mastodon", text="Look", author="dee", spoiler="Acme rant", alt="A crash of Acme")
    hidden = [
        sandbox.post("mastodon", text="@acme my password is 123", author="eve", visibility="direct")["id"],
        sandbox.post("mastodon", text="Acme, among friends", author="eve", visibility="private")["id"],
    ]
    other = sandbox.post("mastodon", text="Which CI?", author="fay")
    said = sandbox.post("mastodon", reply_to=other["id"], text="Ask @acme", author="gil")
    config, found = connection(sandbox), {}
    cursor = poll(config, found)
    expected = {entry["id"]: entry for entry in sandbox.truth("mastodon")["mentions"]}
    assert set(found) == set(expected)
    kept = {item.external_id for page in ADAPTER.fetch(config, None) for item in page.items}
    assert not set(hidden) & kept
    assert kept > set(found), "also what only resembles the phrase"
    assert found[said["id"]].thread_id == other["id"]
    for number, entry in expected.items():
        mention = found[number]
        assert (mention.text, mention.author.handle) == (entry["text"], entry["author"])
        assert (mention.thread_id, mention.parent_id) == (entry["thread_id"], entry["in_reply_to"])
        assert mention.posted_at is not None
        assert abs(mention.posted_at.timestamp() - entry["at"]) < 0.01
        assert requests.get(mention.url or "", timeout=20).status_code == 200
    assert [m.links for m in found.values() if m.author.handle == "ann"] == [(long,)]
    again: dict[str, Mention] = {}
    assert poll(config, again, cursor) == cursor
    assert again == found


def test_an_answer_is_posted_once_found_liked_and_deleted(sandbox: launch.Running) -> None:
    asked = sandbox.post("mastodon", text="@acme and caches?", author="fay@hachy.example", visibility="unlisted")
    config, since = connection(sandbox), datetime.now(UTC) - timedelta(minutes=1)
    outgoing = Outgoing("k1", "See  https://acme.example/caches & more.", asked["id"], asked["id"])
    assert ADAPTER.find_own(config, outgoing, since) is None
    receipt = ADAPTER.send(config, outgoing)
    assert ADAPTER.send(config, outgoing) == receipt
    (posted,) = [entry for entry in sandbox.truth("mastodon")["desk"] if entry["in_reply_to"] == asked["id"]]
    assert (posted["id"], posted["visibility"]) == (receipt.external_id, "unlisted")
    assert posted["text"] == "@fay See  https://acme.example/caches & more."
    assert ADAPTER.find_own(config, outgoing, since) == receipt
    assert "caches" in requests.get(receipt.url or "", timeout=20).text
    own = thread(config, asked["id"])[receipt.external_id]
    assert (own.is_own, own.thread_id, own.parent_id) == (True, asked["id"], asked["id"])
    ADAPTER.like(config, asked["id"])
    assert [e["liked"] for e in sandbox.truth("mastodon")["mentions"] if e["id"] == asked["id"]] == [True]
    ADAPTER.delete(config, receipt.external_id)
    ADAPTER.delete(config, receipt.external_id)
    (gone,) = ADAPTER.lookup(config, asked["id"], [receipt.external_id])
    mention = ADAPTER.parse(gone, config)
    assert mention is not None
    assert mention.is_deleted


def test_a_post_of_our_own_needs_no_parent(sandbox: launch.Running) -> None:
    receipt = ADAPTER.send(connection(sandbox), Outgoing("k0", "Version 5 is out."))
    (posted,) = [entry for entry in sandbox.truth("mastodon")["desk"] if entry["id"] == receipt.external_id]
    assert (posted["text"], posted["in_reply_to"], posted["visibility"]) == ("Version 5 is out.", None, "public")


def test_a_reply_of_which_the_answer_was_lost_is_found(sandbox: launch.Running) -> None:
    asked = sandbox.post("mastodon", text="Acme on ARM?", author="gil")
    outgoing, config = Outgoing("k2", "It runs.", asked["id"], asked["id"]), connection(sandbox)
    sandbox.control("faults", platform="mastodon", kind="drop_after_accept", count=1)
    with pytest.raises(Uncertain):
        ADAPTER.send(config, outgoing)
    assert ADAPTER.find_own(config, outgoing, datetime.now(UTC) - timedelta(minutes=1)) is not None


def test_an_answer_of_the_team_comes_back_with_the_thread_and_edits_are_seen(sandbox: launch.Running) -> None:
    asked = sandbox.post("mastodon", text="Acme runners: why so slow?", author="hal")
    answer = sandbox.control("answer", platform="mastodon", id=asked["id"], **{"as": "lee"}, text="Caches.")
    config = connection(sandbox)
    before = {item.external_id: item for page in ADAPTER.fetch(config, None) for item in page.items}
    items = {item.external_id: item for item in ADAPTER.fetch_thread(config, asked["id"])}
    assert ADAPTER.fingerprint(items[asked["id"]], config) == ADAPTER.fingerprint(before[asked["id"]], config)
    sandbox.control("edit", platform="mastodon", id=asked["id"], text="Acme runners: why so fast?")
    found = thread(config, asked["id"])
    assert (found[answer["id"]].author.handle, found[answer["id"]].parent_id) == ("lee", asked["id"])
    assert found[asked["id"]].text == "Acme runners: why so fast?"
    assert found[asked["id"]].edited_at is not None
    sandbox.control("delete", platform="mastodon", id=asked["id"])
    assert thread(config, asked["id"]) == {}
    gone, there = (ADAPTER.parse(i, config) for i in ADAPTER.lookup(config, asked["id"], [asked["id"], answer["id"]]))
    assert gone is not None
    assert there is not None
    assert (gone.is_deleted, there.is_deleted, there.thread_id) == (True, False, asked["id"])
    with pytest.raises(Rejected, match="no longer exists"):
        ADAPTER.send(config, Outgoing("k3", "Hello?", asked["id"], asked["id"]))


def test_the_token_is_checked_and_the_quota_is_reported(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    assert "@acme on 127.0.0.1" in ADAPTER.check(config)
    (first, *_) = ADAPTER.fetch(config, None)
    assert first.quota_left is not None
    assert 0 < first.quota_left < 300
    assert first.quota_resets_at is not None
    assert timedelta(0) < first.quota_resets_at - datetime.now(UTC) <= timedelta(seconds=300)
    with pytest.raises(AuthFailed, match="access token"):
        ADAPTER.check(Config(config.settings, {"access_token": "wrong"}, network=config.network))
    with pytest.raises(Rejected, match="character limit"):
        ADAPTER.send(config, Outgoing("k4", "x" * 501))
