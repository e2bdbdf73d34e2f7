"""From a post in the sandbox to the desk's answer there, over real sockets."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from channels.adapters.gitlab import GitLab
from channels.contract import Config, Hook, Mention, Outgoing
from channels.errors import AuthFailed, Uncertain
from channels.tests.at_sandbox import config_of
from channels.tests.loopback import Reply, serving
from sandbox import launch

ADAPTER = GitLab()


def connection(sandbox: launch.Running, **secrets: str) -> Config:
    own = sandbox.access()["gitlab"]["channels"]
    return config_of("gitlab", sandbox, addresses=None, own=own, secrets=secrets, read_timeout_s=5)


def seen_by(config: Config) -> dict[str, Mention]:
    items = [item for page in ADAPTER.fetch(config, None) for item in page.items]
    return {item.external_id: mention for item in items if (mention := ADAPTER.parse(item, config)) is not None}


def test_what_is_posted_is_read_answered_and_answered_by_the_team(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    asked = sandbox.post("gitlab", text="How do I cache in Acme & co?", to="acme/packaging", author="una_dev")["id"]
    sandbox.post("gitlab", text="do not tell", confidential=True)
    sandbox.post("gitlab", text="closed", reply_to=asked, system=True)
    for _ in range(3):
        sandbox.post("gitlab")
    mentions = seen_by(config)
    expected = {entry["id"]: entry for entry in sandbox.truth("gitlab")["mentions"]}
    theirs = {name: mention.text for name, mention in mentions.items() if not mention.is_own}
    assert theirs == {name: entry["text"] for name, entry in expected.items()}
    assert mentions[asked].addressed[0] == ("acme/packaging",)

    question = mentions[asked]
    outgoing = Outgoing("k", "With `cache: key`.", question.thread_id, question.reply_to_id or asked)
    receipt = ADAPTER.send(config, outgoing)
    ours = sandbox.truth("gitlab")["desk"][-1]
    assert (ours["id"], ours["text"], ours["in_reply_to"]) == (receipt.external_id, outgoing.text, asked)
    assert ADAPTER.find_own(config, outgoing, datetime.now(UTC) - timedelta(minutes=1)) == receipt
    answer = sandbox.control("answer", platform="gitlab", id=asked, **{"as": "nadia"}, text="Or by branch.")["id"]
    thread = [ADAPTER.parse(item, config) for item in ADAPTER.fetch_thread(config, question.thread_id)]
    found = {m.external_id: m for m in thread if m is not None}
    assert set(found) == {asked, receipt.external_id, answer}
    assert found[receipt.external_id].is_own
    assert found[answer].author.handle == "nadia"
    assert found[answer].parent_id == asked


def test_an_edit_changes_the_fingerprint_and_a_deletion_is_found(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    asked = sandbox.post("gitlab", text="first")["id"]
    noted = sandbox.post("gitlab", text="second", reply_to=asked, author="bo")["id"]
    before = {item.external_id: ADAPTER.fingerprint(item, config) for item in ADAPTER.fetch_thread(config, asked)}
    sandbox.control("edit", platform="gitlab", id=asked, text="first, but better")
    sandbox.control("delete", platform="gitlab", id=noted)
    after = {item.external_id: ADAPTER.fingerprint(item, config) for item in ADAPTER.fetch_thread(config, asked)}
    assert set(after) == {asked}
    assert after[asked] != before[asked]
    (gone,) = ADAPTER.lookup(config, asked, [noted])
    mention = ADAPTER.parse(gone, config)
    assert mention is not None
    assert (mention.external_id, mention.is_deleted) == (noted, True)


def test_a_call_brings_what_polling_brings(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    with serving(lambda seen: Reply()) as server:
        url = f"{server.url}/hooks/1/"
        sandbox.control("webhook", platform="gitlab", url=url, secret=config.secret("webhook_secret"))
        asked = sandbox.post("gitlab", text="told at once", author="cleo")["id"]
        deadline = time.monotonic() + 10
        while not server.seen and time.monotonic() < deadline:
            time.sleep(0.02)
        sandbox.control("webhook", platform="gitlab", url="")
        call = server.seen[0]
    headers = {name.lower(): value for name, value in call.headers.items()}
    (item,) = ADAPTER.receive(config, Hook("POST", headers, {}, call.body), datetime.now(UTC)).items
    (polled,) = [i for i in ADAPTER.fetch_thread(config, asked) if i.external_id == asked]
    assert item.external_id == asked
    assert ADAPTER.fingerprint(item, config) == ADAPTER.fingerprint(polled, config)


def test_faults_are_what_they_are(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    asked = sandbox.post("gitlab", text="anybody?")["id"]
    with pytest.raises(AuthFailed):
        ADAPTER.check(connection(sandbox, token="glpat-wrong"))
    sandbox.control("faults", platform="gitlab", kind="drop_after_accept", count=1)
    outgoing = Outgoing("k", "Here.", asked, asked)
    with pytest.raises(Uncertain):
        ADAPTER.send(config, outgoing)
    receipt = ADAPTER.find_own(config, outgoing, datetime.now(UTC) - timedelta(minutes=1))
    assert receipt is not None
    assert receipt.external_id in [entry["id"] for entry in sandbox.truth("gitlab")["desk"]]
