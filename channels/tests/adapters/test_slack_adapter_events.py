"""Slack's events: verification, and their effects."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from channels.adapters.slack import Slack, mrkdwn
from channels.contract import Config, Hook
from channels.errors import Refused
from channels.models import InboundItem
from channels.polling import receiving_webhooks
from channels.secrets import vault
from channels.tests.factories import NOW, make_channel, make_connection

ADAPTER = Slack()
PAYLOADS = Path(__file__).parents[1] / "payloads" / "slack"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SETTINGS = {"rooms": ["C0SWAG001 swag"], "what": "both", "emoji": "ticket"}
CONFIG = Config(SETTINGS, {"bot_token": "t", "signing_secret": SECRET})


def hook(body: bytes, *, at: int | None = None, secret: str = SECRET, **headers: str) -> Hook:
    sent = str(int(NOW.timestamp()) if at is None else at)
    mark = hmac.new(secret.encode(), b"v0:" + sent.encode() + b":" + body, hashlib.sha256).hexdigest()
    names = {"x-slack-request-timestamp": sent, "x-slack-signature": f"v0={mark}"}
    return Hook("POST", {**names, **{n.replace("_", "-"): v for n, v in headers.items()}}, body=body)


def payload(name: str, **event: Any) -> bytes:
    document = json.loads((PAYLOADS / f"{name}.json").read_text())
    document.get("event", {}).update(event)
    return json.dumps(document).encode()


def test_the_signature_is_the_one_that_slacks_own_library_makes() -> None:
    body, sent = payload("event_message", channel="C0SWAG001"), str(int(NOW.timestamp()))
    mark = SignatureVerifier(SECRET).generate_signature(timestamp=sent, body=body)
    headers = {"x-slack-request-timestamp": sent, "x-slack-signature": str(mark)}
    assert ADAPTER.receive(CONFIG, Hook("POST", headers, body=body), NOW).poll


@pytest.mark.parametrize(
    "wrong",
    [
        hook(b"{}", secret="another"),
        hook(b"{}", at=int(NOW.timestamp()) - 301),
        hook(b"{}", at=int(NOW.timestamp()) + 301),
        hook(b"{}", x_slack_signature=""),
        hook(b"{}", x_slack_signature="v0=é"),
        hook(b"{}", x_slack_request_timestamp="now"),
        Hook("POST", {}, body=b"{}"),
    ],
)
def test_what_proves_nothing_is_refused(wrong: Hook) -> None:
    with pytest.raises(Refused):
        ADAPTER.receive(CONFIG, wrong, NOW)


def test_without_a_signing_secret_everything_is_refused() -> None:
    with pytest.raises(Refused, match="signing secret"):
        ADAPTER.receive(Config(SETTINGS), hook(b"{}", secret=""), NOW)


def test_another_body_under_a_good_signature_is_refused() -> None:
    good = hook(payload("event_message_deleted"))
    with pytest.raises(Refused):
        ADAPTER.receive(CONFIG, Hook("POST", good.headers, body=good.body + b" "), NOW)


def test_the_challenge_is_answered() -> None:
    answer = ADAPTER.receive(CONFIG, hook(payload("url_verification")), NOW)
    assert answer.body == "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    assert not answer.poll


@pytest.mark.parametrize(
    ("name", "event", "leads_to_a_poll"),
    [
        ("event_message", {"channel": "C0SWAG001"}, True),
        ("event_message", {"channel": "C0SWAG001", "text": "Happy Friday"}, False),
        ("event_message", {"channel": "C0SWAG001", "thread_ts": "1763700000.000100"}, False),
        ("event_message", {"channel": "C0SWAG001", "bot_id": "B1"}, False),
        ("event_message", {"channel": "C0ELSE0001"}, False),
        ("event_message_changed", {}, True),
        ("event_reaction_added", {}, True),
        ("event_reaction_added", {"reaction": "eyes"}, False),
        ("event_reaction_added", {"item": {"type": "file", "file": "F1"}}, False),
        ("event_message_deleted", {}, False),
    ],
)
def test_an_event_that_points_at_work_leads_to_a_poll(name: str, event: dict[str, Any], leads_to_a_poll: bool) -> None:
    answer = ADAPTER.receive(CONFIG, hook(payload(name, **event), x_slack_retry_num="2"), NOW)
    assert answer.poll is leads_to_a_poll
    assert answer.status == 200


def test_rooms_that_are_known_by_name_only_are_left_to_the_poll() -> None:
    by_name = Config({**SETTINGS, "rooms": ["swag"]}, CONFIG.secrets)
    assert ADAPTER.receive(by_name, hook(payload("event_message")), NOW).poll
    assert ADAPTER.receive(by_name, hook(payload("event_message_deleted")), NOW).items == []


def test_a_deleted_question_is_stored_as_deleted() -> None:
    (item,) = ADAPTER.receive(CONFIG, hook(payload("event_message_deleted")), NOW).items
    mention = ADAPTER.parse(item, CONFIG)
    assert mention
    assert (mention.external_id, mention.is_deleted) == ("C0SWAG001:1763705000.000100", True)


@pytest.mark.django_db
def test_a_hook_stores_once_and_makes_the_connection_due() -> None:
    connection = make_connection(platform="slack", settings=SETTINGS, next_poll_at=NOW + timedelta(minutes=5))
    connection.secrets = {name: vault.seal(value) for name, value in CONFIG.secrets.items()}
    connection.save()
    make_channel(connection, address="swag")
    for _ in range(2):
        receiving_webhooks.receive(connection.hook_id, hook(payload("event_message_deleted")), NOW)
    assert InboundItem.objects.filter(connection=connection).count() == 1
    connection.refresh_from_db()
    assert connection.next_poll_at == NOW + timedelta(minutes=5)
    receiving_webhooks.receive(connection.hook_id, hook(payload("event_message", channel="C0SWAG001")), NOW)
    connection.refresh_from_db()
    assert connection.next_poll_at == NOW


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Who orders stickers?", True),
        ("誰が担当ですか？", True),
        ("Could somebody look over this before noon", True),
        ("Feedback on the draft welcome", True),
        ("The draft is ready for review", True),
        ("We looked at the review yesterday.", False),
        ("See <https://acme.example/?q=1>", False),
        ("https://acme.example/?q=1", False),
        ("`a ? b : c`", False),
        ("Thanks!", False),
    ],
)
def test_questions_and_requests_are_told_apart_from_chatter(text: str, asks: bool) -> None:
    assert mrkdwn.is_question(text) is asks


def test_a_ping_of_the_teams_group_is_work_without_a_question_and_shows_its_name() -> None:
    config = Config({**SETTINGS, "groups": ["S0123ABCD advocates"]}, CONFIG.secrets)
    ping = payload("event_message", channel="C0SWAG001", text="<!subteam^S0123ABCD> the forum is down")
    in_thread = payload(
        "event_message", channel="C0SWAG001", text="<!subteam^S0123ABCD> look", thread_ts="1763700000.000100"
    )
    assert ADAPTER.receive(config, hook(ping), NOW).poll
    assert not ADAPTER.receive(CONFIG, hook(ping), NOW).poll
    assert not ADAPTER.receive(config, hook(in_thread), NOW).poll
    (item,) = ADAPTER.split(json.loads(ping), config)
    mention = ADAPTER.parse(item, config)
    assert mention is not None
    assert mention.text == "@advocates the forum is down"
