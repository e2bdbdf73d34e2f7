"""From a comment and a message in the sandbox to the page's answers there, over real sockets."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache

from channels.adapters.facebook import Facebook
from channels.contract import Config, Hook, Item, Mention, Outgoing
from channels.errors import AuthFailed, RateLimited, Rejected, Uncertain
from channels.tests.at_sandbox import config_of
from channels.tests.loopback import Reply, serving
from sandbox import launch

ADAPTER = Facebook()


def connection(sandbox: launch.Running, **secrets: str) -> Config:
    own = sandbox.access()["facebook"]["channels"]
    return config_of("facebook", sandbox, addresses=None, own=own, secrets=secrets, read_timeout_s=5)


def read(config: Config, items: list[Item]) -> dict[str, Mention]:
    return {item.external_id: m for item in items if (m := ADAPTER.parse(item, config)) is not None}


def seen_by(config: Config) -> dict[str, Mention]:
    return read(config, [item for page in ADAPTER.fetch(config, None) for item in page.items])


@pytest.mark.parametrize("kind", ["comment", "message", "visitor"])
def test_what_is_said_is_read_answered_there_and_answered_by_the_team(sandbox: launch.Running, kind: str) -> None:
    config = connection(sandbox)
    asked = sandbox.post("facebook", text=f"Acme & {kind}?", to=kind)["id"]
    mentions = seen_by(config)
    truth = sandbox.truth("facebook")
    expected = {entry["id"]: entry["text"] for entry in truth["mentions"]}
    assert {name: m.text for name, m in mentions.items() if not m.is_own} == expected

    question = mentions[asked]
    outgoing = Outgoing("k", f"Our answer to the {kind}.", question.thread_id, question.reply_to_id or asked)
    receipt = ADAPTER.send(config, outgoing)
    ours = sandbox.truth("facebook")["desk"][-1]
    assert (ours["id"], ours["text"]) == (receipt.external_id, outgoing.text)
    assert ours["kind"] == ("message" if kind == "message" else "comment")
    found = ADAPTER.find_own(config, outgoing, datetime.now(UTC) - timedelta(minutes=1))
    assert found is not None
    assert found.external_id == receipt.external_id
    answer = sandbox.control("answer", platform="facebook", id=asked, **{"as": "nadia"}, text="And mine.")["id"]
    thread = read(config, ADAPTER.fetch_thread(config, question.thread_id))
    assert set(thread) >= {asked, receipt.external_id, answer}
    assert [thread[name].is_own for name in (asked, receipt.external_id, answer)] == [False, True, True]
    # An own post that comes in by polling settles a reply in flight by what it answers.
    assert thread[receipt.external_id].parent_id == outgoing.in_reply_to


def test_an_answer_to_a_reply_stands_under_the_first_comment(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    first = sandbox.post("facebook", text="first", to="comment", author="ada")["id"]
    reply = sandbox.post("facebook", text="me too", reply_to=first, author="bo")["id"]
    mention = seen_by(config)[reply]
    assert (mention.thread_id, mention.reply_to_id) == (first, first)
    receipt = ADAPTER.send(config, Outgoing("k", "Both fixed.", mention.thread_id, mention.reply_to_id))
    thread = read(config, ADAPTER.fetch_thread(config, first))
    assert thread[receipt.external_id].parent_id == first


def test_edits_and_removals_are_seen(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    asked = sandbox.post("facebook", text="first words", to="comment")["id"]
    before = {item.external_id: ADAPTER.fingerprint(item, config) for item in ADAPTER.fetch_thread(config, asked)}
    sandbox.control("edit", platform="facebook", id=asked, text="other words")
    after = {item.external_id: ADAPTER.fingerprint(item, config) for item in ADAPTER.fetch_thread(config, asked)}
    assert before[asked] != after[asked]
    sandbox.control("delete", platform="facebook", id=asked)
    assert ADAPTER.fetch_thread(config, asked) == []
    (gone,) = read(config, ADAPTER.lookup(config, asked, [asked])).values()
    assert gone.is_deleted


def test_calls_bring_what_polling_brings_and_receipts_bring_nothing(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    sandbox.post("facebook", text="so that the page has posts", to="comment")
    with serving(lambda seen: Reply()) as server:
        secret = config.secret("app_secret")
        sandbox.control("webhook", platform="facebook", url=f"{server.url}/hooks/1/", secret=secret)
        said = sandbox.post("facebook", text="told at once", to="message", author="cleo")["id"]
        answer = sandbox.control("answer", platform="facebook", id=said, **{"as": "lee"}, text="Hello Cleo")["id"]
        sandbox.post("facebook", text="and in public", to="comment", author="cleo")
        deadline = time.monotonic() + 10
        while len(server.seen) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        sandbox.control("webhook", platform="facebook", url="")
        calls = [Hook("POST", {n.lower(): v for n, v in s.headers.items()}, {}, s.body) for s in server.seen]
    brought = [item for call in calls for item in ADAPTER.receive(config, call, datetime.now(UTC)).items]
    assert [item.external_id for item in brought][:2] == [said, answer]
    assert len(brought) == len(calls) - 1 == 3
    assert [m.is_own for m in read(config, brought).values()] == [False, True, False]
    polled = {i.external_id: ADAPTER.fingerprint(i, config) for page in ADAPTER.fetch(config, None) for i in page.items}
    assert all(polled[item.external_id] == ADAPTER.fingerprint(item, config) for item in brought)


def test_faults_are_what_they_are(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    with pytest.raises(AuthFailed):
        ADAPTER.check(connection(sandbox, page_token="EAAwrong"))
    with pytest.raises(Rejected, match="appsecret_proof"):
        ADAPTER.check(connection(sandbox, app_secret="other"))
    for kind, error in (("429", RateLimited), ("expired", AuthFailed)):
        sandbox.control("faults", platform="facebook", kind=kind, count=1)
        with pytest.raises(error):
            ADAPTER.check(config)
        cache.clear()  # the limit is over
    asked = sandbox.post("facebook", text="anybody?", to="message")["id"]
    question = seen_by(config)[asked]
    outgoing = Outgoing("k", "Here.", question.thread_id, question.reply_to_id)
    sandbox.control("faults", platform="facebook", kind="drop_after_accept", count=1)
    with pytest.raises(Uncertain):
        ADAPTER.send(config, outgoing)
    receipt = ADAPTER.find_own(config, outgoing, datetime.now(UTC) - timedelta(minutes=1))
    assert receipt is not None
    assert receipt.external_id in [entry["id"] for entry in sandbox.truth("facebook")["desk"]]
