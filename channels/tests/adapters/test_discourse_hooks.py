"""Discourse's webhooks: signed, recent, and never about private topics."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from channels.adapters.discourse import Discourse
from channels.contract import Config, Hook, Json
from channels.errors import Malformed, Refused
from channels.tests.fake_discourse import NOW, iso

ADAPTER = Discourse()
SECRET = "hook-secret-1"
HOOKED = Config({"api_base": "https://forum.acme.example"}, {"webhook_secret": SECRET})


def _hook(event: str = "post_created", body: Json = None, secret: str = SECRET, **changes: Any) -> Hook:
    post = {
        "id": 5, "topic_id": 7, "post_number": 2, "post_type": 1, "username": "ann", "user_id": 30, "version": 1,
        "cooked": "<p>Hello</p>", "created_at": iso(NOW), "updated_at": iso(NOW), "deleted_at": None,
        "topic_archetype": "regular", "category_id": 5, "category_slug": "ci", **changes,
    }  # fmt: skip
    data = json.dumps({"post": post} if body is None else body).encode()
    signature = hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
    headers = {"x-discourse-event": event, "x-discourse-event-signature": f"sha256={signature}"}
    return Hook("POST", headers, body=data)


def test_a_signed_call_brings_its_post_and_says_what_became_of_it() -> None:
    deleted = {}
    for event in ("post_created", "post_edited", "post_destroyed", "post_recovered"):
        answer = ADAPTER.receive(HOOKED, _hook(event), NOW)
        mention = ADAPTER.parse(answer.items[0], HOOKED)
        assert mention is not None
        assert (mention.external_id, mention.addressed, answer.status) == ("5", (("ci",),), 200)
        deleted[event] = mention.is_deleted
    assert [event for event, is_deleted in deleted.items() if is_deleted] == ["post_destroyed"]


@pytest.mark.parametrize(
    "changes",
    [
        {"topic_archetype": "private_message", "category_id": None},
        {"topic_archetype": "private_message", "category_id": 5},
        {"topic_archetype": None, "category_id": None},
        {"topic_archetype": "unheard_of"},
        {"post_type": 4},
        {"post_type": 3},
    ],
)
@pytest.mark.parametrize("event", ["post_created", "post_edited", "post_destroyed", "post_recovered"])
def test_private_messages_and_whispers_are_taken_and_forgotten(event: str, changes: dict[str, Any]) -> None:
    answer = ADAPTER.receive(HOOKED, _hook(event, **changes), NOW)
    assert (list(answer.items), answer.status) == ([], 200)


@pytest.mark.parametrize(
    ("event", "body"),
    [("ping", {"ping": "OK"}), ("topic_created", {"topic": {"id": 7}}), ("user_created", {"user": {}}), ("", {})],
)
def test_other_events_are_taken_and_bring_nothing(event: str, body: Json) -> None:
    answer = ADAPTER.receive(HOOKED, _hook(event, body), NOW)
    assert (list(answer.items), answer.status) == ([], 200)


def test_what_does_not_prove_itself_is_refused() -> None:
    good = _hook()
    spoiled = Hook("POST", good.headers, body=good.body.replace(b"Hello", b"Hallo"))
    unsigned = Hook("POST", {"x-discourse-event": "post_created"}, body=good.body)
    for hook in (spoiled, unsigned, _hook(secret="another")):
        with pytest.raises(Refused, match="signature"):
            ADAPTER.receive(HOOKED, hook, NOW)
    with pytest.raises(Refused, match="No secret"):
        ADAPTER.receive(Config({"api_base": "https://forum.acme.example"}), _hook(secret=""), NOW)
    for event in ("post_created", "post_edited"):
        for now in (NOW + timedelta(days=2), NOW - timedelta(hours=1)):
            with pytest.raises(Refused, match="too old"):
                ADAPTER.receive(HOOKED, _hook(event), now)
    with pytest.raises(Malformed):
        ADAPTER.receive(HOOKED, _hook(body=[1]), NOW)


def test_a_replayed_call_is_the_same_item_again() -> None:
    first, second = (ADAPTER.receive(HOOKED, _hook(), NOW).items[0] for _ in range(2))
    assert first == second
    assert ADAPTER.fingerprint(first, HOOKED) == ADAPTER.fingerprint(second, HOOKED)


def test_filters_hold_for_calls_too() -> None:
    settings = {"api_base": "https://forum.acme.example", "categories": ["ci"]}
    config = Config(settings, {"webhook_secret": SECRET})
    assert len(ADAPTER.receive(config, _hook(), NOW).items) == 1
    assert len(ADAPTER.receive(config, _hook(category_slug="ideas"), NOW).items) == 0
