"""Whole conversations on Twitter: roots, parents, edited roots, deleted tweets."""

from __future__ import annotations

import pytest

from channels.adapters.twitter import Twitter
from channels.adapters.twitter.times import snowflake_time
from channels.contract import Config, Mention
from channels.errors import Rejected
from channels.tests.fake_twitter import Api, ago, api

ADAPTER = Twitter()


def read(config: Config, thread_id: str) -> dict[str, Mention]:
    mentions = (ADAPTER.parse(item, config) for item in ADAPTER.fetch_thread(config, thread_id))
    return {m.external_id: m for m in mentions if m}


def reply(to: str) -> list[dict[str, str]]:
    return [{"type": "replied_to", "id": to}]


def answer_to(fake: Api, conversation: str, at: int) -> str:
    where = f"conversation_id:{conversation}"
    return fake.add(where, at, conversation_id=conversation, referenced_tweets=reply(conversation))


def test_a_conversation_comes_with_its_root_and_parents_oldest_first() -> None:
    with api() as (fake, _, config):
        root = fake.add("", ago(900_000))
        middle = fake.add("", ago(800_000), conversation_id=root, referenced_tweets=reply(root))
        last = fake.add(f"conversation_id:{root}", ago(60), conversation_id=root, referenced_tweets=reply(middle))
        found = read(config, root)
    assert list(found) == [root, middle, last]
    assert {m.thread_id for m in found.values()} == {root}


def test_what_is_gone_comes_as_a_deletion() -> None:
    with api() as (fake, _, config):
        root, middle = str(ago(9000)), str(ago(8000))
        last = fake.add(f"conversation_id:{root}", ago(60), conversation_id=root, referenced_tweets=reply(middle))
        found = read(config, root)
    assert {number: m.is_deleted for number, m in found.items()} == {root: True, middle: True, last: False}
    assert found[root].text == ""
    assert found[root].posted_at == snowflake_time(root)


def test_answers_to_every_version_of_an_edited_root_are_found() -> None:
    with api() as (fake, _, config):
        versions = [str(ago(900)), str(ago(800))]
        fake.add("", int(versions[0]), "@acme teh", edit_history_tweet_ids=versions)
        fake.add("", int(versions[1]), "@acme the", edit_history_tweet_ids=versions)
        early, late = answer_to(fake, versions[0], ago(850)), answer_to(fake, versions[1], ago(700))
        found = read(config, versions[0])
    assert list(found) == [versions[0], early, late]
    assert found[versions[0]].text == "@acme the"
    assert found[versions[0]].thread_keys == (versions[1],)
    assert found[late].thread_id == versions[1]


def test_known_tweets_can_be_looked_at_again() -> None:
    with api() as (fake, _, config):
        here, gone = fake.add("", ago(90)), str(ago(80))
        states = {item.external_id: ADAPTER.parse(item, config) for item in ADAPTER.lookup(config, here, [here, gone])}
    assert {number: m.is_deleted for number, m in states.items() if m} == {here: False, gone: True}


def test_more_tweets_than_one_request_takes_are_looked_up_in_several() -> None:
    with api() as (fake, server, config):
        numbers = [fake.add("", ago(9000 - n)) for n in range(150)]
        assert {item.external_id for item in ADAPTER.lookup(config, numbers[0], numbers)} == set(numbers)
        assert len(server.seen) == 2


def test_a_conversation_is_a_number() -> None:
    with pytest.raises(Rejected):
        ADAPTER.fetch_thread(Config(secrets={"bearer_token": "x"}), "1 OR from:somebody")
