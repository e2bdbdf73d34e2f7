"""The adapter against the sandbox's Reddit, from end to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import requests

from channels.adapters.reddit import Reddit
from channels.contract import Config, Mention, Outgoing
from channels.errors import AuthFailed, Rejected, Uncertain
from channels.http import oauth
from channels.tests import at_sandbox
from channels.tests.at_sandbox import config_of
from sandbox import launch

ADAPTER = Reddit()
connection = partial(config_of, "reddit")
poll, thread = partial(at_sandbox.poll, ADAPTER), partial(at_sandbox.thread, ADAPTER)


def test_what_is_said_comes_in_as_it_was_said(sandbox: launch.Running) -> None:
    sandbox.post("reddit", to="acme", title="Runner dies", text="It stops & says a < b.", author="ann")
    named = sandbox.post("reddit", to="devops", title="Moving to Acme", text="Anything to know?", author="bob")
    other = sandbox.post("reddit", to="programming", title="Which CI?", text="Tell me.", author="cy")
    called = sandbox.post("reddit", reply_to=other["id"], text="Ask u/acme_desk, they know.", author="dee")
    sandbox.post("reddit", to="devops", title="The acmeist poets", text="Gumilev and others.", author="eve")
    sandbox.post("reddit", to="acmeleaks", title="Acme secrets", text="None.", author="eve")
    config = connection(sandbox)
    found: dict[str, Mention] = {}
    cursor = poll(config, found)
    expected = {entry["id"]: entry for entry in sandbox.truth("reddit")["mentions"]}
    assert set(found) == set(expected) >= {named["id"], called["id"]}
    for number, entry in expected.items():
        mention = found[number]
        assert (mention.text, mention.subject, mention.author.handle) == (
            entry["text"],
            entry["title"],
            entry["author"],
        )
        assert (mention.thread_id, mention.parent_id) == (entry["thread_id"], entry["in_reply_to"])
        assert mention.posted_at == datetime.fromtimestamp(entry["at"], UTC)
        assert requests.get(mention.url or "", timeout=20).status_code == 200
    again: dict[str, Mention] = {}
    assert poll(config, again, cursor) == cursor
    assert again == found


def test_an_answer_is_posted_once_found_and_deleted(sandbox: launch.Running) -> None:
    asked = sandbox.post("reddit", to="devops", title="Acme and caches", text="How?", author="fay")
    outgoing = Outgoing("k1", "Like  this,\n\nsay the docs.", thread_id=asked["id"], in_reply_to=asked["id"])
    config, since = connection(sandbox, "sam"), datetime.now(UTC) - timedelta(minutes=1)
    assert ADAPTER.current_account(config).id == "sam"
    assert ADAPTER.find_own(config, outgoing, since) is None
    receipt = ADAPTER.send(config, outgoing)
    (posted,) = [entry for entry in sandbox.truth("reddit")["desk"] if entry["id"] == receipt.external_id]
    assert (posted["author"], posted["in_reply_to"]) == ("sam", asked["id"])
    found = ADAPTER.find_own(config, outgoing, since)
    assert found is not None
    assert (found.external_id, found.url) == (receipt.external_id, receipt.url)
    assert "say the docs" in requests.get(receipt.url or "", timeout=20).text
    with pytest.raises(Rejected, match="Only its author"):
        ADAPTER.delete(connection(sandbox, "maria"), receipt.external_id)
    ADAPTER.delete(config, receipt.external_id)
    ADAPTER.delete(config, receipt.external_id)
    (gone,) = ADAPTER.lookup(config, asked["id"], [receipt.external_id])
    mention = ADAPTER.parse(gone, config)
    assert mention is not None
    assert mention.is_deleted


def test_a_reply_of_which_the_answer_was_lost_is_found(sandbox: launch.Running) -> None:
    asked = sandbox.post("reddit", to="devops", title="Acme on ARM", text="Does it run?", author="gil")
    outgoing = Outgoing("k2", "It does.", thread_id=asked["id"], in_reply_to=asked["id"])
    config = connection(sandbox, "maria")
    ADAPTER.current_account(config)
    sandbox.control("faults", platform="reddit", kind="drop_after_accept", count=1)
    with pytest.raises(Uncertain):
        ADAPTER.send(config, outgoing)
    assert ADAPTER.find_own(config, outgoing, datetime.now(UTC) - timedelta(minutes=1)) is not None


def test_an_answer_of_the_team_comes_back_with_the_thread(sandbox: launch.Running) -> None:
    asked = sandbox.post("reddit", to="devops", title="Acme runners", text="Why so slow?", author="hal")
    answer = sandbox.control("answer", platform="reddit", id=asked["id"], **{"as": "lee"}, text="Caches.")
    found = thread(connection(sandbox), asked["id"])
    assert found[answer["id"]].author.handle == "lee"
    assert found[answer["id"]].parent_id == asked["id"]


def test_hidden_branches_of_a_thread_are_read(sandbox: launch.Running) -> None:
    asked = sandbox.post("reddit", to="acme", title="A long one", text="Go.", author="ida")
    wide = {sandbox.post("reddit", reply_to=asked["id"], text=f"wide {n}", author="x")["id"] for n in range(9)}
    deep, parent = set(), min(wide)
    for n in range(8):
        parent = sandbox.post("reddit", reply_to=parent, text=f"deep {n}", author="y")["id"]
        deep.add(parent)
    assert set(thread(connection(sandbox), asked["id"])) == {asked["id"], *wide, *deep}


def test_edits_and_deletions_are_seen_and_prints_agree(sandbox: launch.Running) -> None:
    asked = sandbox.post("reddit", to="acme", title="Edits", text="before", author="joe")
    gone = sandbox.post("reddit", reply_to=asked["id"], text="Never mind", author="kim")
    config = connection(sandbox)
    before = {item.external_id: item for page in ADAPTER.fetch(config, None) for item in page.items}
    for item in ADAPTER.fetch_thread(config, asked["id"]):
        assert ADAPTER.fingerprint(item, config) == ADAPTER.fingerprint(before[item.external_id], config)
    sandbox.control("edit", platform="reddit", id=asked["id"], text="after")
    sandbox.control("delete", platform="reddit", id=gone["id"])
    found = thread(config, asked["id"])
    assert (found[asked["id"]].text, found[asked["id"]].edited_at is None) == ("after", False)
    assert gone["id"] not in found
    (item,) = ADAPTER.lookup(config, asked["id"], [gone["id"]])
    mention = ADAPTER.parse(item, config)
    assert mention is not None
    assert (mention.is_deleted, mention.extra["gone"]) == (True, "deleted")


def test_a_closed_subreddit_is_reported_and_the_others_are_read(sandbox: launch.Running) -> None:
    own = sandbox.post("reddit", to="acme", title="Open", text="All fine.", author="leo")
    config = connection(sandbox, subreddits=["acmeleaks", "acmeinternal", "nosuchplace", "acme"], phrases=[])
    pages = list(ADAPTER.fetch(config, None))
    assert own["id"] in {item.external_id for page in pages for item in page.items}
    for words in ("r/acmeleaks: The subreddit is quarantined", "r/acmeinternal: The subreddit is private",
                  "r/nosuchplace: There is no such subreddit"):  # fmt: skip
        assert words in pages[-1].trouble
    with pytest.raises(Rejected, match="quarantined"):
        ADAPTER.check(config)
    assert "u/acme_desk" in ADAPTER.check(connection(sandbox))


def test_a_token_that_was_revoked_is_fetched_anew_once(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    ADAPTER.check(config)
    sandbox.control("faults", platform="reddit", kind="expired", count=1)
    assert "Connected" in ADAPTER.check(config)
    with pytest.raises(AuthFailed, match="no access token"):
        ADAPTER.check(Config(config.settings, {**config.secrets, "refresh_token": "wrong"}, network=config.network))


def test_the_quota_is_reported(sandbox: launch.Running) -> None:
    (first, *_) = ADAPTER.fetch(connection(sandbox), None)
    assert first.quota_left is not None
    assert 0 < first.quota_left < 1000
    assert first.quota_resets_at is not None
    assert timedelta(0) < first.quota_resets_at - datetime.now(UTC) <= timedelta(seconds=600)


@pytest.fixture(autouse=True)
def _no_tokens_of_other_tests() -> None:
    oauth._cache.clear()
