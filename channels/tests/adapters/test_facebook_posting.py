"""Replies as a page: a comment is never sent as a message, nor a message as a comment; and Facebook's signed
webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.contract import Config, Hook, Outgoing
from channels.errors import AuthFailed, Malformed, RateLimited, Refused, Rejected, Uncertain
from channels.tests.fake_facebook import (
    ADAPTER,
    NOW,
    PAGE,
    PROOF,
    SECRET,
    US,
    Graph,
    comment,
    connection,
    message,
    post,
)
from channels.tests.loopback import Reply, as_json, serving

PAYLOADS = Path(__file__).parents[1] / "payloads" / "facebook"
PUBLIC = Outgoing("k", "It is  fixed", thread_id="1_11", in_reply_to="1_11")
PRIVATE = Outgoing("k", "It is  fixed", thread_id="conversation:27", in_reply_to="conversation:27")
SINCE = NOW - timedelta(minutes=5)


def test_a_comment_is_answered_in_public() -> None:
    with serving(lambda seen: as_json({"id": "1_99"})) as server:
        receipt = ADAPTER.send(connection(server), PUBLIC)
        (seen,) = server.seen
    assert (seen.path, json.loads(seen.body)) == ("/v25.0/1_11/comments", {"message": "It is  fixed"})
    assert seen.query == {"appsecret_proof": PROOF}
    assert receipt.external_id == "1_99"


@pytest.mark.parametrize("may_be_late", [False, True])
def test_a_message_is_answered_in_private(may_be_late: bool) -> None:
    with serving(lambda seen: as_json({"recipient_id": "27", "message_id": "m_9"})) as server:
        receipt = ADAPTER.send(connection(server, human_agent=may_be_late), PRIVATE)
        (seen,) = server.seen
    body = json.loads(seen.body)
    assert seen.path == f"/v25.0/{PAGE}/messages"
    assert (body["recipient"], body["message"]) == ({"id": "27"}, {"text": "It is  fixed"})
    kind = ("MESSAGE_TAG", "HUMAN_AGENT") if may_be_late else ("RESPONSE", None)
    assert (body["messaging_type"], body.get("tag")) == kind
    assert receipt.external_id == "m_9"


@pytest.mark.parametrize("above", ["m_1", "conversation:27", ""])
def test_a_private_message_is_never_answered_in_public(above: str) -> None:
    with serving(lambda seen: as_json({"id": "1"})) as server:
        with pytest.raises(Rejected, match="private message"):
            ADAPTER.send(connection(server), Outgoing("k", "x", thread_id=None, in_reply_to=above))
        assert not server.seen


@pytest.mark.parametrize(("outgoing", "longest"), [(PUBLIC, 8000), (PRIVATE, 2000)])
def test_what_is_too_long_is_not_even_sent(outgoing: Outgoing, longest: int) -> None:
    long = Outgoing("k", "a" * (longest + 1), outgoing.thread_id, outgoing.in_reply_to)
    with serving(lambda seen: as_json({})) as server:
        with pytest.raises(Rejected, match=str(longest)):
            ADAPTER.send(connection(server), long)
        assert not server.seen


def refusal(code: int, sub: int = 0, status: int = 400) -> Reply:
    return as_json({"error": {"message": "They say why.", "code": code, "error_subcode": sub}}, status)


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (refusal(10, 2018278, 403), Rejected, "24 hours"),
        (refusal(10, 2534022), Rejected, "24 hours"),
        (refusal(200, 0, 403), AuthFailed, "permission"),
        (refusal(368), Rejected, "blocked this action"),
        (refusal(100, 2018001), Rejected, "cannot message"),
        (refusal(551), Rejected, "cannot message"),
        (refusal(613), RateLimited, "Rate limit"),
        (refusal(190, 463, 401), AuthFailed, "expired"),
        (refusal(2, 0, 500), Uncertain, "cannot tell whether"),
        (as_json({}), Uncertain, "returned no ID"),
        (Reply(drop=True), Uncertain, "cannot tell whether"),
    ],
)
@pytest.mark.parametrize("outgoing", [PUBLIC, PRIVATE], ids=["public", "private"])
def test_what_may_come_of_a_reply(outgoing: Outgoing, reply: Reply, error: type[Exception], words: str) -> None:
    with serving(lambda seen: reply) as server:
        with pytest.raises(error, match=words) as caught:
            ADAPTER.send(connection(server), outgoing)
        assert len(server.seen) == 1
    for secret in (SECRET, PROOF, "EAA-page-token"):
        assert secret not in str(caught.value)


def test_our_own_is_found_in_its_own_conversation_only() -> None:
    ours = {**comment(1, 12, 1, 11, US), "message": "It is fixed"}
    graph = Graph(
        [post(1, 60)],
        {f"{PAGE}_1": [ours, {**comment(1, 13, 1, 11), "message": "It is fixed"}]},
        {"27": [message(2, 1, "It is fixed", US), message(1, 4)]},
    )
    with serving(graph) as server:
        config = connection(server)
        public, private = (ADAPTER.find_own(config, outgoing, SINCE) for outgoing in (PUBLIC, PRIVATE))
        later = NOW + timedelta(hours=1)
        assert ADAPTER.find_own(config, PUBLIC, later) is None
        assert ADAPTER.find_own(config, PRIVATE, later) is None
        graph.comments[f"{PAGE}_1"].remove(ours)
        assert ADAPTER.find_own(config, PUBLIC, SINCE) is None
    assert public is not None
    assert private is not None
    assert (public.external_id, private.external_id) == ("1_12", "m_2")


def test_comments_without_end_prove_nothing() -> None:
    graph = Graph(comments={"1_11": [comment(1, n, 0, 11) for n in range(100, 2300)]})
    with serving(graph) as server, pytest.raises(Uncertain, match="too many"):
        ADAPTER.find_own(connection(server), PUBLIC, SINCE)


def test_comments_are_liked_and_deleted_and_messages_are_not() -> None:
    with serving(lambda seen: as_json({"success": True})) as server:
        config = connection(server)
        ADAPTER.like(config, "1_11")
        ADAPTER.delete(config, "1_12")
        assert [(s.method, s.path) for s in server.seen] == [("POST", "/v25.0/1_11/likes"), ("DELETE", "/v25.0/1_12")]
        for verb in (ADAPTER.like, ADAPTER.delete):
            with pytest.raises(Rejected):
                verb(config, "m_1")
        assert len(server.seen) == 2
    with serving(lambda seen: refusal(100, 33)) as server:
        ADAPTER.delete(connection(server), "1_12")  # gone already
    with serving(lambda seen: as_json({"success": False})) as server, pytest.raises(Rejected):
        ADAPTER.delete(connection(server), "1_12")


# --- Facebook calls ----------------------------------------------------------------------------------------------

CONFIG = Config({"page_id": PAGE}, {"app_secret": SECRET, "verify_token": "v3rify"})
SENT = datetime(2026, 5, 4, 12, 0, 1, tzinfo=UTC)


def signed(body: bytes, secret: str = SECRET) -> Hook:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Hook("POST", {"x-hub-signature-256": f"sha256={signature}"}, {}, body)


def received(name: str, config: Config = CONFIG) -> list[str]:
    """Ids of what is stored; an item that holds no mention has a `-`."""
    hook = signed((PAYLOADS / f"{name}.json").read_bytes())
    items = ADAPTER.receive(config, hook, SENT).items
    return [f"{'' if ADAPTER.parse(item, config) else '-'}{item.external_id}" for item in items]


def test_a_signed_call_brings_what_it_tells_also_twice() -> None:
    assert received("webhook_comment") == received("webhook_comment") == ["501_901", "501_902"]
    assert received("webhook_messages") == ["m_one", "m_sticker", "m_answers"]
    assert received("webhook_receipts_and_echo") == ["m_two"]
    assert received("webhook_visitor_post") == [f"{PAGE}_502", f"-{PAGE}_503"], "our own post is no mention"


@pytest.mark.parametrize("headers", [{}, {"x-hub-signature-256": "sha256=00"}, {"x-hub-signature": "sha1=00"}])
def test_an_unsigned_call_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Refused, match="signature"):
        ADAPTER.receive(CONFIG, Hook("POST", headers, {}, b'{"object":"page","entry":[]}'), SENT)


def test_another_secret_another_body_and_no_secret_are_refused() -> None:
    body = b'{"object":"page","entry":[]}'
    changed = Hook("POST", signed(body).headers, {}, body + b" ")
    for hook, config in ((signed(body, "other"), CONFIG), (changed, CONFIG), (signed(body, ""), Config())):
        with pytest.raises(Refused):
            ADAPTER.receive(config, hook, SENT)
    assert ADAPTER.receive(CONFIG, signed(body), SENT).body == "EVENT_RECEIVED"


@pytest.mark.parametrize("name", ["webhook_comment", "webhook_messages"])  # seconds, milliseconds
def test_an_old_recording_is_refused_whatever_its_unit(name: str) -> None:
    hook = signed((PAYLOADS / f"{name}.json").read_bytes())
    assert ADAPTER.receive(CONFIG, hook, SENT + timedelta(hours=36)).items
    with pytest.raises(Refused, match="too old"):
        ADAPTER.receive(CONFIG, hook, SENT + timedelta(hours=60))


def test_another_pages_news_and_what_is_switched_off_are_left_out() -> None:
    secrets = {"app_secret": SECRET}
    assert received("webhook_comment", Config({"page_id": "9"}, secrets)) == []
    assert received("webhook_comment", Config({"page_id": PAGE, "read_comments": False}, secrets)) == []
    assert received("webhook_messages", Config({"page_id": PAGE, "read_messages": False}, secrets)) == []
    with pytest.raises(Malformed):
        ADAPTER.receive(CONFIG, signed(b"["), SENT)


def test_the_question_whether_we_listen_is_answered_to_who_knows_the_token() -> None:
    def asked(**query: str) -> Any:
        named = {f"hub.{name}": value for name, value in query.items()}
        return ADAPTER.receive(CONFIG, Hook("GET", {}, named), SENT)

    assert asked(mode="subscribe", verify_token="v3rify", challenge="1158201444").body == "1158201444"
    for query in ({"verify_token": "wrong"}, {}, {"mode": "unsubscribe", "verify_token": "v3rify"}):
        with pytest.raises(Refused):
            asked(**{"mode": "subscribe", "challenge": "1", **query})
    with pytest.raises(Refused):
        ADAPTER.receive(Config(), Hook("GET", {}, {"hub.mode": "subscribe", "hub.verify_token": ""}), SENT)


def test_the_same_words_have_one_fingerprint_whichever_way_they_came() -> None:
    for polled, called in (("feed_with_comments", "webhook_comment"), ("conversations", "webhook_messages")):
        marks: list[dict[str, bytes]] = []
        for name in (polled, called):
            items = ADAPTER.split(json.loads((PAYLOADS / f"{name}.json").read_text()), CONFIG)
            marks.append({item.external_id: ADAPTER.fingerprint(item, CONFIG) for item in items})
        both = marks[0].keys() & marks[1].keys()
        assert both
        assert {name: marks[0][name] for name in both} == {name: marks[1][name] for name in both}


def test_an_edit_is_another_version_and_a_removal_leaves_nothing_to_answer() -> None:
    (first,) = [i for i in ADAPTER.split(json.loads((PAYLOADS / "webhook_comment.json").read_text()), CONFIG)
                if i.external_id == "501_901"]  # fmt: skip
    (edited,) = ADAPTER.split(json.loads((PAYLOADS / "webhook_comment_edited.json").read_text()), CONFIG)
    removed = ADAPTER.split(json.loads((PAYLOADS / "webhook_comment_removed.json").read_text()), CONFIG)
    assert edited.external_id == first.external_id == removed[0].external_id
    assert ADAPTER.fingerprint(edited, CONFIG) != ADAPTER.fingerprint(first, CONFIG)
    assert [m.is_deleted for i in removed if (m := ADAPTER.parse(i, CONFIG))] == [True, True]
