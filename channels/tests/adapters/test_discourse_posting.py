"""Replies on a forum: as the person, under the right post, never twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.adapters.discourse import Discourse
from channels.contract import Config, Outgoing
from channels.errors import AuthFailed, Rejected, Uncertain
from channels.tests.fake_discourse import NOW, Forum, reading
from channels.tests.loopback import Reply, as_json

ADAPTER = Discourse()
OUTGOING = Outgoing("k", "It is *there* & so on.", "7", "42")


def test_a_reply_names_the_number_of_the_post_it_answers() -> None:
    forum = Forum()
    forum.add(42, place=3)
    forum.add(41, place=1)
    with reading(forum) as (_, config):
        receipt = ADAPTER.send(config, OUTGOING)
        ADAPTER.send(config, Outgoing("k", "To the topic", "7", "41"))
    assert receipt.external_id == "900"
    assert (forum.written[0]["topic_id"], forum.written[0]["reply_to_post_number"]) == (7, 3)
    assert (forum.written[0]["api-key"], forum.written[0]["api-username"]) == ("own-key-1", "sam")
    assert "reply_to_post_number" not in forum.written[1]


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (as_json({"errors": ["Body is too similar to what you recently posted"]}, 422), Rejected, "too similar"),
        (as_json({"errors": ["Body is too short (minimum is 20 characters)"]}, 422), Rejected, "too short"),
        (as_json({"errors": ["You are not permitted"], "error_type": "invalid_access"}, 403), Rejected, "closed"),
        (as_json({"action": "enqueued", "success": True, "pending_count": 1}), Rejected, "approves"),
        (as_json({"success": "OK"}), Uncertain, "returned no ID"),
        (Reply(502, b"<html>"), Uncertain, "502"),
        (Reply(drop=True), Uncertain, "accepted"),
    ],
)
def test_a_reply_that_fails_says_how(reply: Reply, error: type[Exception], words: str) -> None:
    forum = Forum()
    forum.add(42, place=3)
    forum.answer_to_write = reply
    with reading(forum) as (_, config), pytest.raises(error, match=words):
        ADAPTER.send(config, OUTGOING)


def test_nothing_is_sent_where_the_post_is_gone_or_nobody_has_a_key() -> None:
    forum = Forum()
    with reading(forum) as (_, config):
        with pytest.raises(Rejected):
            ADAPTER.send(config, OUTGOING)
        forum.add(42, topic=8, place=3)
        with pytest.raises(Rejected, match="no longer in this topic"):
            ADAPTER.send(config, OUTGOING)
        with pytest.raises(AuthFailed, match="own account"):
            ADAPTER.send(Config(config.settings, network=config.network), OUTGOING)
    assert forum.written == []


def test_the_own_post_is_found_by_its_text_and_place() -> None:
    forum = Forum()
    forum.add(42, place=1)
    for n in range(43, 93):
        forum.add(n, days_ago=0.001, place=n - 41)
    forum.topics["7"] = {"archetype": "regular", "category_id": 5}
    with reading(forum) as (_, config):
        since = NOW - timedelta(hours=1)
        assert ADAPTER.find_own(config, OUTGOING, since) is None
        forum.posts[50] |= {"yours": True, "raw": "It is *there* & so on."}
        found = ADAPTER.find_own(config, OUTGOING, since)
        assert found is not None
        assert found.external_id == "50"
        forum.posts[50]["reply_to_post_number"] = 5
        assert ADAPTER.find_own(config, OUTGOING, since) is None
        forum.posts[50] |= {"reply_to_post_number": None, "yours": False}
        assert ADAPTER.find_own(config, OUTGOING, since) is None
