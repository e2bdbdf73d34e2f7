"""Replies on GitLab: notes with their parent's visibility, found again, deleted; and its webhooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.contract import Config, Hook, Outgoing
from channels.errors import AuthFailed, Malformed, Refused, Rejected, Uncertain
from channels.tests.fake_gitlab import ADAPTER, ME, NOW, Tracker, connection, issue, note
from channels.tests.loopback import Reply, as_json, serving

PAYLOADS = Path(__file__).parents[1] / "payloads" / "gitlab"

REPLY = Outgoing("k", "Fixed in 13.3.\n\nSorry!", thread_id="5#1", in_reply_to="5#1")
SINCE = NOW - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("thread", "path", "internal"),
    [("5#1", "/api/v4/projects/5/issues/1/notes", None), ("5#1!internal", "/api/v4/projects/5/issues/1/notes", True),
     ("5#2!confidential", "/api/v4/projects/5/issues/2/notes", None)],
)  # fmt: skip
def test_a_reply_is_a_note_and_internal_where_it_answers_one(thread: str, path: str, internal: bool | None) -> None:
    with serving(lambda seen: as_json(note(9, 0), 201)) as server:
        outgoing = Outgoing("k", "Hi", thread_id=thread, in_reply_to=thread)
        receipt = ADAPTER.send(connection(server), outgoing)
        (seen,) = server.seen
    assert (seen.path, json.loads(seen.body).get("internal")) == (path, internal)
    assert receipt.external_id == f"{thread}#note_9"


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (as_json({"message": "404 Not found"}, 404), Rejected, "cannot find"),
        (as_json({"message": "403 Forbidden"}, 403), AuthFailed, "scope"),
        (as_json({"error": "insufficient_scope"}, 403), AuthFailed, "read_api"),
        (as_json({"commands_changes": {"state_event": "close"}}, 202), Rejected, "begin with /"),
        (as_json({}, 201), Uncertain, "returned no ID"),
        (Reply(502, b"<html>"), Uncertain, "cannot tell whether"),
        (Reply(drop=True), Uncertain, "cannot tell whether"),
    ],
)
def test_what_may_come_of_a_reply(reply: Reply, error: type[Exception], words: str) -> None:
    with serving(lambda seen: reply) as server, pytest.raises(error, match=words) as caught:
        ADAPTER.send(connection(server), REPLY)
    assert type(caught.value) is error or isinstance(caught.value, Rejected)
    assert "glpat-1" not in str(caught.value)


def test_our_note_is_found_and_others_are_not_ours() -> None:
    same = "Fixed in 13.3.\nSorry!"
    tracker = Tracker([issue(1, 5)], {1: [note(3, 1, same, author=ME), note(2, 1, same), note(1, 60, same, author=ME)]})
    with serving(tracker) as server:
        receipt = ADAPTER.find_own(connection(server), REPLY, SINCE)
        tracker.notes[1] = tracker.notes[1][1:]
        assert ADAPTER.find_own(connection(server), REPLY, SINCE) is None
    assert receipt is not None
    assert receipt.external_id == "5#1#note_3"


def test_an_issue_without_end_proves_nothing() -> None:
    tracker = Tracker([issue(1, 5)], {1: [note(n, 0) for n in range(1, 2200)]})
    with serving(tracker) as server, pytest.raises(Uncertain, match="too many"):
        ADAPTER.find_own(connection(server), REPLY, SINCE)


def test_a_note_is_deleted_and_an_issue_is_not() -> None:
    with serving(lambda seen: Reply(204, b"")) as server:
        ADAPTER.delete(connection(server), "5#1#note_3")
        assert [(s.method, s.path) for s in server.seen] == [("DELETE", "/api/v4/projects/5/issues/1/notes/3")]
        with pytest.raises(Rejected, match="on GitLab"):
            ADAPTER.delete(connection(server), "5#1")


def test_thumbs_up_twice_is_fine() -> None:
    taken = as_json({"message": "404 Award Emoji Name has already been taken Not Found"}, 404)
    with serving(lambda seen: taken) as server:
        ADAPTER.like(connection(server), "5#1#note_3")
        assert json.loads(server.seen[0].body) == {"name": "thumbsup"}
    with serving(lambda seen: as_json({"message": "404 Not found"}, 404)) as server, pytest.raises(Rejected):
        ADAPTER.like(connection(server), "5#1")


def test_the_connection_test_says_who_we_are_and_the_token_when_it_ends() -> None:
    with serving(Tracker()) as server, pytest.raises(Rejected, match="Check this connection's projects"):
        ADAPTER.check(connection(server))
    with serving(lambda s: as_json(ME if s.path.endswith("/user") else {"id": 5, "name": "Product"})) as server:
        assert ADAPTER.check(connection(server)) == "Connected as @acme-desk (account number 77): Product."
    with serving(lambda seen: as_json({"id": 4, "expires_at": "2027-08-31"})) as server:
        assert ADAPTER.token_expires_at(connection(server)) == datetime(2027, 8, 31, tzinfo=UTC)
    with serving(lambda seen: as_json({"message": "404"}, 404)) as server:
        assert ADAPTER.token_expires_at(connection(server)) is None


# --- webhooks ----------------------------------------------------------------------------------------------------


def received(name: str, secret: str = "s3cret", **settings: Any) -> list[str]:
    """External ids in a recorded webhook call."""
    values = {"projects": ["acme/product"], **settings}
    config = Config(values, {"webhook_secret": "s3cret"}, values.pop("addresses", ()))
    body = (PAYLOADS / f"{name}.json").read_bytes()
    hook = Hook("POST", {"x-gitlab-token": secret} if secret else {}, {}, body)
    return [item.external_id for item in ADAPTER.receive(config, hook, NOW).items]


def test_a_call_with_the_secret_brings_its_issue_or_note_also_twice() -> None:
    assert received("webhook_issue_opened") == received("webhook_issue_opened") == ["5#17"]
    assert received("webhook_note_edited") == ["5#17#note_501"]
    assert received("webhook_note_merge_request") == received("webhook_push") == []


@pytest.mark.parametrize("secret", ["", "s3creT", "s3cret "])
def test_a_call_without_the_secret_is_refused(secret: str) -> None:
    with pytest.raises(Refused):
        received("webhook_issue_opened", secret)


def test_no_secret_set_refuses_everything() -> None:
    with pytest.raises(Refused):
        ADAPTER.receive(Config(), Hook("POST", {"x-gitlab-token": ""}, {}, b"{}"), NOW)


def test_a_body_that_is_no_json_is_malformed() -> None:
    config = Config({}, {"webhook_secret": "s"})
    with pytest.raises(Malformed):
        ADAPTER.receive(config, Hook("POST", {"x-gitlab-token": "s"}, {}, b"{"), NOW)


def test_a_call_about_another_project_brings_nothing() -> None:
    assert received("webhook_issue_opened", projects=["acme/handbook"]) == []
    assert received("webhook_issue_opened", projects=[], groups=["acme"]) == ["5#17"]
    assert received("webhook_issue_opened", projects=["5"]) == ["5#17"]
    assert received("webhook_issue_opened", labels=["idea"]) == []


def test_what_is_confidential_comes_by_a_call_only_with_the_right_and_its_channel() -> None:
    closed = ("acme/product!confidential",)
    for name in ("webhook_issue_confidential", "webhook_note_internal"):
        assert received(name) == received(name, confidential=True) == received(name, addresses=closed) == []
    assert received("webhook_issue_confidential", confidential=True, addresses=closed) == ["5#19!confidential"]
    assert received("webhook_note_internal", confidential=True, addresses=closed) == ["5#17!internal#note_601"]


def test_the_same_post_has_one_fingerprint_whichever_way_it_came() -> None:
    config = Config({"projects": ["acme/product"]})
    for polled, called, number in (
        ("issues", "webhook_issue_opened", "5#17"),
        ("notes", "webhook_note", "5#17#note_501"),
    ):
        marks = set()
        for name in (polled, called):
            items = ADAPTER.split(json.loads((PAYLOADS / f"{name}.json").read_text()), config)
            marks |= {ADAPTER.fingerprint(item, config) for item in items if item.external_id == number}
        assert len(marks) == 1
