"""The adapter against the sandbox's forum, from end to end."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from channels.adapters.discourse import Discourse
from channels.contract import Config, Hook, Item, Mention, Outgoing
from channels.errors import AuthFailed, Rejected
from channels.tests.at_sandbox import config_of
from channels.tests.loopback import Reply, Seen, serving
from sandbox import launch

ADAPTER = Discourse()
connection = partial(config_of, "discourse")


def fetched(config: Config) -> dict[str, Item]:
    return {item.external_id: item for page in ADAPTER.fetch(config, None) for item in page.items}


def parsed(items: dict[str, Item], config: Config) -> dict[str, Mention]:
    found = {number: ADAPTER.parse(item, config) for number, item in items.items()}
    return {number: mention for number, mention in found.items() if mention is not None}


def test_what_is_said_comes_in_and_nothing_private(sandbox: launch.Running) -> None:
    asked = sandbox.post("discourse", to="ci", title="Runner & co", text="Why does it <hang>?", author="ann")
    sandbox.post("discourse", text="Same for me", author="bob", reply_to=asked["id"])
    sandbox.control("answer", platform="discourse", id=asked["id"], **{"as": "sam", "text": "We are on it."})
    sandbox.post("discourse", text="My password is hunter2", author="ann", private=True)
    config = connection(sandbox)
    found, truth = parsed(fetched(config), config), sandbox.truth("discourse")
    standing = [m for m in (*truth["mentions"], *truth["ours"]) if not m["deleted"]]
    assert set(found) == {m["id"] for m in standing}
    assert not any("hunter2" in m.text for m in found.values())
    for entry in standing:
        mention = found[entry["id"]]
        assert (mention.text, mention.thread_title) == (entry["text"], entry["title"])
        assert (mention.thread_id, mention.parent_id) == (entry["thread_id"], entry["in_reply_to"])
        assert (mention.author.handle, mention.is_own) == (entry["author"], entry in truth["ours"])
        assert mention.addressed == (tuple(entry["addressed"]),)
    assert found[asked["id"]].url == asked["url"]


def test_list_and_topic_show_the_same_fingerprints(sandbox: launch.Running) -> None:
    asked = sandbox.post("discourse", to="ideas", title="An idea", text="Make it *faster*", author="ann")
    sandbox.post("discourse", text="Yes please, see https://a.example/x", author="bob", reply_to=asked["id"])
    config = connection(sandbox)
    listed = fetched(config)
    topic = next(m for m in sandbox.truth("discourse")["mentions"] if m["id"] == asked["id"])["thread_id"]
    thread = ADAPTER.fetch_thread(config, topic)
    assert len(thread) == 2
    for item in thread:
        assert ADAPTER.fingerprint(item, config) == ADAPTER.fingerprint(listed[item.external_id], config)


@pytest.mark.parametrize("person", ["sam", "lee"])
def test_an_answer_goes_out_is_found_and_can_be_taken_back(sandbox: launch.Running, person: str) -> None:
    top = sandbox.post("discourse", to="how-to", text=f"A question for {person}", author="ann")
    asked = sandbox.post("discourse", text=f"And another for {person}", author="bob", reply_to=top["id"])
    config = connection(sandbox, person)
    topic = next(m for m in sandbox.truth("discourse")["mentions"] if m["id"] == asked["id"])["thread_id"]
    outgoing = Outgoing("k", f"Here is the *answer*\n\nof {person}", topic, asked["id"])
    before = datetime.now(UTC) - timedelta(seconds=5)
    assert ADAPTER.current_account(config).handle == person
    assert ADAPTER.find_own(config, outgoing, before) is None
    receipt = ADAPTER.send(config, outgoing)
    desk = sandbox.truth("discourse")["desk"][-1]
    assert (desk["id"], desk["author"], desk["in_reply_to"]) == (receipt.external_id, person, asked["id"])
    found = ADAPTER.find_own(config, outgoing, before)
    assert found is not None
    assert found.external_id == receipt.external_id
    assert ADAPTER.find_own(config, Outgoing("k", outgoing.text, topic, top["id"]), before) is None
    with pytest.raises(Rejected, match="too similar"):
        ADAPTER.send(config, outgoing)
    with pytest.raises(AuthFailed):
        ADAPTER.send(connection(sandbox), outgoing)
    ADAPTER.like(config, asked["id"])
    liked = next(m for m in sandbox.truth("discourse")["mentions"] if m["id"] == asked["id"])
    assert liked["likes"] == [person]
    ADAPTER.delete(config, receipt.external_id)
    gone = parsed({i.external_id: i for i in ADAPTER.lookup(config, topic, [receipt.external_id])}, config)
    assert gone[receipt.external_id].is_deleted


def test_a_filter_by_tag_looks_topics_up_once(sandbox: launch.Running) -> None:
    wanted = sandbox.post("discourse", to="ci", text="Tagged question", author="ann", tags=["runner"])
    sandbox.post("discourse", to="ci", text="Another question", author="ann", tags=["billing"])
    config = connection(sandbox, tags=["Runner"])
    assert list(fetched(config)) == [wanted["id"]]
    by_category = connection(sandbox, categories=["ci"])
    shown = parsed(fetched(by_category), by_category)
    assert {m.addressed for m in shown.values()} == {(("ci",),)}
    assert ADAPTER.check(by_category).startswith("Connected without a login")
    with pytest.raises(Rejected, match="no category with the slug nowhere"):
        ADAPTER.check(connection(sandbox, categories=["nowhere"]))


def test_the_forum_calls_and_only_what_is_public_comes_in(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    calls: list[Seen] = []

    def taken(seen: Seen) -> Reply:
        calls.append(seen)
        return Reply()

    with serving(taken) as server:
        url, secret = f"{server.url}/hooks/1/", config.secret("webhook_secret")
        sandbox.control("webhook", platform="discourse", url=url, secret=secret)
        made = sandbox.post("discourse", text="Told at once", author="ann", to="ci")
        sandbox.post("discourse", text="My password is hunter2", author="ann", private=True)
        sandbox.control("edit", platform="discourse", id=made["id"], text="Told at once, and again")
        sandbox.control("delete", platform="discourse", id=made["id"])
        deadline = time.monotonic() + 10
        while len(calls) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        sandbox.control("webhook", platform="discourse", url="")
    heard = []
    for call in calls:
        hook = Hook("POST", {name.lower(): value for name, value in call.headers.items()}, body=call.body)
        heard += [ADAPTER.parse(item, config) for item in ADAPTER.receive(config, hook, datetime.now(UTC)).items]
    assert len(calls) == 4
    assert [(m.external_id, m.text, m.is_deleted) for m in heard if m] == [
        (made["id"], "Told at once", False),
        (made["id"], "Told at once, and again", False),
        (made["id"], "Told at once, and again", True),
    ]
    assert [bool(m.edited_at) for m in heard if m] == [False, True, True]
