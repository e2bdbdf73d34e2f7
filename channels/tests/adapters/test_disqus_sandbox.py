"""The adapter against the sandbox's Disqus, from end to end."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from channels.adapters.disqus import Disqus
from channels.contract import Config, Mention, Outgoing
from channels.errors import AuthFailed
from channels.tests.at_sandbox import config_of
from sandbox import launch

ADAPTER = Disqus()
connection = partial(config_of, "disqus", addresses=None)


def mentions(config: Config) -> dict[str, Mention]:
    items = [item for page in ADAPTER.fetch(config, None) for item in page.items]
    parsed = [ADAPTER.parse(item, config) for item in items]
    return {m.external_id: m for m in parsed if m is not None}


def test_what_is_said_comes_in_and_an_answer_goes_out(sandbox: launch.Running) -> None:
    asked = sandbox.post("disqus", to="acme-docs", text="How do I *restore* a backup?", author="ann", guest=False)
    sandbox.post("disqus", to="acme-blog", text="Casino!", author="eve", spam=True)
    gone = sandbox.post("disqus", to="acme-comparison", text="Never mind", author="bob")
    sandbox.control("delete", platform="disqus", id=gone["id"])
    config = connection(sandbox, "sam")
    found = mentions(config)
    truth = sandbox.truth("disqus")
    for entry in truth["mentions"]:
        mention = found.pop(entry["id"])
        assert (mention.text, mention.thread_id, mention.parent_id) == (
            entry["text"], entry["thread_id"], entry["in_reply_to"],
        )  # fmt: skip
        assert (mention.author.handle or mention.author.name) == entry["author"]
        assert mention.addressed == (tuple(entry["addressed"]),)
        assert mention.extra["status"] == entry["status"]
    assert [m.external_id for m in found.values() if m.is_deleted] == [gone["id"]]

    thread = next(m for m in truth["mentions"] if m["id"] == asked["id"])["thread_id"]
    outgoing = Outgoing("k1", "With one command:\n\nacme restore & wait", thread, asked["id"])
    before = datetime.now(UTC) - timedelta(seconds=5)
    assert ADAPTER.find_own(config, outgoing, before) is None
    receipt = ADAPTER.send(config, outgoing)
    assert [(p["id"], p["author"]) for p in sandbox.truth("disqus")["desk"]] == [(receipt.external_id, "sam")]
    seen = ADAPTER.find_own(config, outgoing, before)
    assert seen is not None
    assert seen.external_id == receipt.external_id
    with pytest.raises(AuthFailed):
        ADAPTER.send(connection(sandbox), outgoing)

    other = sandbox.control("answer", platform="disqus", id=asked["id"], **{"as": "maria", "text": "And in the docs."})
    in_thread = {i.external_id: ADAPTER.parse(i, config) for i in ADAPTER.fetch_thread(config, thread)}
    answer = in_thread[other["id"]]
    assert answer is not None
    assert answer.author.handle == "maria"
    assert answer.parent_id == asked["id"]
    assert ADAPTER.current_account(config).handle == "sam"
    ADAPTER.like(config, asked["id"])
    assert [m["likes"] for m in sandbox.truth("disqus")["mentions"] if m["id"] == asked["id"]] == [["sam"]]
    ADAPTER.delete(config, receipt.external_id)
    after = {i.external_id: ADAPTER.parse(i, config) for i in ADAPTER.fetch_thread(config, thread)}
    removed = after[receipt.external_id]
    assert removed is not None
    assert removed.is_deleted


def test_search_and_thread_show_the_same_fingerprint(sandbox: launch.Running) -> None:
    made = sandbox.post("disqus", to="acme-blog", text="Same <post> twice", author="cy", guest=False)
    config = connection(sandbox)
    items = {item.external_id: item for page in ADAPTER.fetch(config, None) for item in page.items}
    mention = ADAPTER.parse(items[made["id"]], config)
    assert mention is not None
    assert mention.text == "Same <post> twice"
    thread = {i.external_id: i for i in ADAPTER.fetch_thread(config, mention.thread_id)}
    assert ADAPTER.fingerprint(thread[made["id"]], config) == ADAPTER.fingerprint(items[made["id"]], config)


def test_a_quota_is_reported(sandbox: launch.Running) -> None:
    page = next(ADAPTER.fetch(connection(sandbox), None))
    assert page.quota_left is not None
    assert 0 < page.quota_left < 1000
    assert page.quota_resets_at is not None
    assert page.quota_resets_at.timestamp() - time.time() <= 3600
