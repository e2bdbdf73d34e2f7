"""The adapter against the sandbox's Stack Exchange, from end to end."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest
import requests
from django.core.cache import cache

from channels.adapters.stackexchange import StackExchange
from channels.contract import Config, Mention
from channels.errors import AuthFailed, RateLimited, Transient
from channels.tests import at_sandbox
from channels.tests.at_sandbox import config_of
from sandbox import launch

ADAPTER = StackExchange()
poll = partial(at_sandbox.poll, ADAPTER)


@pytest.fixture
def config(sandbox: launch.Running) -> Config:
    return config_of("stackexchange", sandbox)


def test_what_is_asked_comes_in_as_it_was_asked(sandbox: launch.Running, config: Config) -> None:
    sandbox.post(
        "stackexchange", title="Acme's cache & more", text="Is a < b?", tags="ci", author="ann", name="Ann O'N"
    )
    sandbox.post("stackexchange", title="Which runner?", text="By tag only.", tags="acme", author="bob")
    sandbox.post("stackexchange", title="The acmeist poets", text="Gumilev.", tags="poetry", author="cy")
    found: dict[str, Mention] = {}
    cursor = poll(config, found)
    expected = {entry["id"]: entry for entry in sandbox.truth("stackexchange")["mentions"]}
    assert set(found) == set(expected)
    for number, entry in expected.items():
        mention = found[number]
        assert (mention.text, mention.subject, mention.author.id) == (entry["text"], entry["title"], entry["author"])
        assert (mention.thread_id, mention.parent_id) == (entry["thread_id"], None)
        assert mention.posted_at == datetime.fromtimestamp(entry["at"], UTC)
        assert requests.get(mention.url or "", timeout=20).status_code == 200
    again: dict[str, Mention] = {}
    assert poll(config, again, cursor) == cursor
    assert again == found


def test_answers_of_the_team_edits_and_deletions_come_with_the_thread(sandbox: launch.Running, config: Config) -> None:
    asked = sandbox.post("stackexchange", title="Acme?", text="How?", tags="acme", author="dee")["id"]
    answered = sandbox.control("answer", platform="stackexchange", id=asked, **{"as": "nadia"}, text="Like so.")["id"]
    said = sandbox.post("stackexchange", reply_to=answered, text="Thanks <3", author="dee")["id"]
    thread = {item.external_id: item for item in ADAPTER.fetch_thread(config, asked)}
    assert set(thread) == {asked, answered, said}
    ours = {entry["id"]: entry for entry in sandbox.truth("stackexchange")["ours"]}
    mention = ADAPTER.parse(thread[answered], config)
    assert mention is not None
    assert (mention.author.id, mention.text) == (ours[answered]["author"], "Like so.")
    sandbox.control("edit", platform="stackexchange", id=asked, text="How indeed?")
    sandbox.control("delete", platform="stackexchange", id=answered)
    later = ADAPTER.fetch_thread(config, asked)
    assert [item.external_id for item in later] == [asked]
    assert ADAPTER.fingerprint(later[0], config) != ADAPTER.fingerprint(thread[asked], config)
    assert [i.external_id for i in ADAPTER.lookup(config, asked, [asked, answered])] == [answered]


def test_each_fault_raises_its_error(sandbox: launch.Running, config: Config) -> None:
    for kind, error in (("429", RateLimited), ("500", Transient), ("expired", AuthFailed), ("truncated", Transient)):
        sandbox.control("faults", platform="stackexchange", kind=kind, count=1)
        with pytest.raises(error):
            ADAPTER.check(config)
        cache.clear()  # the limit is over
    assert "9" in ADAPTER.check(config)
