"""Posting as a handle: signed, threaded, found again, deleted, and Uncertain whenever in doubt."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint

from channels import clocks
from channels.adapters.twitter import Twitter
from channels.adapters.twitter.posting import says_the_same, spoken
from channels.adapters.twitter.times import snowflake_at
from channels.contract import Config, Outgoing
from channels.errors import AuthFailed, Rejected, Transient, Uncertain
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

ADAPTER = Twitter()
NUMBER = "2051225317405622273"
REPLY = Outgoing("k", "It is fixed: https://docs.acme.example/a?b=1 & more", in_reply_to="41", sender="acmestatus")


def connection(server: Server) -> Config:
    handles = ("acme", "acmestatus")
    return Config(
        {"api_base": server.url},
        {"bearer_token": "bearer-of-the-app", "consumer_key": "app-key", "consumer_secret": "app-secret"},
        handles,
        network=server.network(),
        channel_settings={"acme": {"user_id": "7003"}, "acmestatus": {}},
        channel_secrets={
            handle: {"access_token": f"700{n}-token", "access_token_secret": f"secret-of-{handle}"}
            for n, handle in enumerate(handles, 3)
        },
    )


class Validator(RequestValidator):
    """Accepts requests signed with the secrets of `connection`."""

    enforce_ssl = False
    dummy_client = "none"
    dummy_access_token = "none"

    def check_client_key(self, client_key: str) -> bool:
        return True

    def check_access_token(self, request_token: str) -> bool:
        return True

    def check_nonce(self, nonce: str) -> bool:
        return True

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == "app-key"

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        return token in ("7003-token", "7004-token")

    def validate_timestamp_and_nonce(self, *args: Any, **kwargs: Any) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return "app-secret"

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return "secret-of-acme" if token == "7003-token" else "secret-of-acmestatus"


def signed_by(server: Server, seen: Seen) -> str | None:
    headers = {"Authorization": seen.headers["Authorization"]}
    valid, request = SignatureOnlyEndpoint(Validator()).validate_request(
        server.url + seen.path, seen.method, "", headers
    )
    return request.resource_owner_key if valid else None


def created(seen: Seen) -> Reply:
    text = json.loads(seen.body)["text"]
    return as_json({"data": {"id": NUMBER, "text": text, "edit_history_tweet_ids": [NUMBER]}}, 201)


def test_a_reply_is_signed_by_its_handle_and_threaded() -> None:
    with serving(created) as server:
        receipt = ADAPTER.send(connection(server), REPLY)
        (seen,) = server.seen
        assert (seen.method, seen.path) == ("POST", "/2/tweets")
        assert json.loads(seen.body) == {"text": REPLY.text, "reply": {"in_reply_to_tweet_id": "41"}}
        assert signed_by(server, seen) == "7004-token"
    assert receipt.external_id == NUMBER
    assert receipt.url == f"https://twitter.com/acmestatus/status/{NUMBER}"
    assert receipt.posted_at == datetime(2026, 5, 4, 9, 0, 0, 250_000, UTC)


def test_a_worker_whose_clock_is_wrong_signs_with_the_desks_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twitter refuses a timestamp that is five minutes off: every reply of such a worker failed with 401."""
    right_s = time.time()
    monkeypatch.setattr(clocks, "_reading", clocks.Reading(right_s, time.monotonic()))
    with serving(created) as server, time_machine.travel(datetime.now(UTC) + timedelta(minutes=10), tick=True):
        ADAPTER.send(connection(server), REPLY)
    found = re.search(r'oauth_timestamp="(\d+)"', server.seen[0].headers["Authorization"])
    assert found
    signed_at_s = int(found[1])
    assert signed_by(server, server.seen[0]) == "7004-token"
    assert abs(signed_at_s - right_s) < 30


def test_a_post_of_its_own_has_no_parent() -> None:
    with serving(created) as server:
        ADAPTER.send(connection(server), Outgoing("k", "Hello", sender="@Acme"))
        assert json.loads(server.seen[0].body) == {"text": "Hello"}
        assert signed_by(server, server.seen[0]) == "7003-token"


def problem(status: int, kind: str, detail: str = "because") -> Reply:
    kind = f"https://api.twitter.com/2/problems/{kind}"
    return as_json({"title": "Forbidden", "detail": detail, "type": kind, "status": status}, status)


REFUSALS = [
    (problem(403, "forbidden", "You are not allowed to create a Tweet with duplicate content."), Rejected),
    (problem(403, "oauth1-permissions"), AuthFailed),
    (problem(403, "unsupported-authentication"), AuthFailed),
    (problem(400, "invalid-request"), Rejected),
    (as_json({"data": {}}, 201), Uncertain),
    (as_json({"ok": 1}, 201), Uncertain),
    (Reply(204, b""), Uncertain),
    (problem(503, "service-unavailable"), Uncertain),
    (Reply(drop=True), Uncertain),
]


@pytest.mark.parametrize(("reply", "error"), REFUSALS)
def test_a_refusal_is_told_apart_from_a_doubt(reply: Reply, error: type[Exception]) -> None:
    with serving(lambda seen: reply) as server:
        with pytest.raises(error) as caught:
            ADAPTER.send(connection(server), REPLY)
        assert len(server.seen) == 1
    assert type(caught.value) is error
    assert "secret" not in str(caught.value)


def test_what_is_too_long_is_not_even_sent() -> None:
    with serving(created) as server:
        with pytest.raises(Rejected, match="281 characters"):
            ADAPTER.send(connection(server), Outgoing("k", "a" * 281, sender="acme"))
        assert not server.seen


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc", 3),
        ("日本", 4),
        ("👩‍👩‍👧‍👦", 2),
        ("see https://gitlab.com/a/very/long/path/indeed?x=1", 27),
        ("gitlab.com", 23),
    ],
)
def test_length_is_weighted_as_twitter_does(text: str, length: int) -> None:
    assert ADAPTER.reply_length(text) == length


def test_a_handle_without_tokens_cannot_post() -> None:
    with serving(created) as server, pytest.raises(AuthFailed, match="@acmesupport cannot log in"):
        ADAPTER.send(connection(server), Outgoing("k", "x", sender="acmesupport"))
    with pytest.raises(AuthFailed, match="No handle"):
        ADAPTER.send(Config(), Outgoing("k", "x"))


# --- finding our own ---------------------------------------------------------------------------------------------

SINCE = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def posted(text: str, parent: str | None = "41", **more: Any) -> dict[str, Any]:
    tweet: dict[str, Any] = {"id": NUMBER, "text": text, "edit_history_tweet_ids": [NUMBER], **more}
    if parent:
        tweet["referenced_tweets"] = [{"type": "replied_to", "id": parent}]
    return tweet


def timeline(*tweets: dict[str, Any]) -> Callable[[Seen], Reply]:
    return lambda seen: as_json({"data": list(tweets), "meta": {"result_count": len(tweets)}})


AS_POSTED = "@lena @bjorn It is fixed: https://t.co/x1 &amp; more"


def test_our_post_is_found_though_links_are_shortened_and_names_put_in_front() -> None:
    with serving(timeline(posted("other", "40"), posted(AS_POSTED))) as server:
        receipt = ADAPTER.find_own(connection(server), REPLY, SINCE)
        (seen,) = server.seen
        assert seen.path == "/2/users/7004/tweets"
        assert seen.query["start_time"] == "2026-05-04T08:50:00Z"
    assert receipt is not None
    assert receipt.external_id == NUMBER


@pytest.mark.parametrize("tweet", [posted(AS_POSTED, "42"), posted(AS_POSTED, None), posted("@lena It is fixed")])
def test_another_post_is_not_ours(tweet: dict[str, Any]) -> None:
    with serving(timeline(tweet)) as server:
        assert ADAPTER.find_own(connection(server), REPLY, SINCE) is None


def test_nothing_posted_is_absent_and_an_unreadable_timeline_is_not() -> None:
    with serving(lambda seen: as_json({"meta": {"result_count": 0}})) as server:
        assert ADAPTER.find_own(connection(server), REPLY, SINCE) is None
    gone = {"errors": [{"title": "Not Found Error", "detail": "user", "type": "x/resource-not-found"}]}
    with serving(lambda seen: as_json(gone)) as server, pytest.raises(Transient):
        ADAPTER.find_own(connection(server), REPLY, SINCE)


def test_a_timeline_without_end_proves_nothing() -> None:
    endless = {"data": [posted("other")], "meta": {"next_token": "more"}}
    with serving(lambda seen: as_json(endless)) as server:
        with pytest.raises(Uncertain, match="too much"):
            ADAPTER.find_own(connection(server), REPLY, SINCE)
        assert server.seen[1].query["pagination_token"] == "more"


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("see https://a.example/x.", "see https://t.co/1.", True),
        ("see (https://a.example/x), ok", "@you see (https://t.co/1), ok", True),
        ("see docs.acme.example now", "see https://t.co/1 now", True),
        ("see gitlab.com", "see https://t.co/1", True),
        ("fixed in 1.2", "fixed in 1.3", False),
        ("fixed.", "solved.", False),
        ("a  b\nc", "a b\n\nc", True),
        ("cafe\u0301", "café", True),
        ("a", "a b", False),
    ],
)
def test_texts_are_compared_as_twitter_changes_them(ours: str, theirs: str, same: bool) -> None:
    assert says_the_same(spoken(ours), spoken(theirs)) is same


# --- deleting, liking, who we are --------------------------------------------------------------------------------


def test_a_tweet_is_deleted_by_the_handle_that_posted_it() -> None:
    def answer(seen: Seen) -> Reply:
        if seen.method == "GET":
            return as_json({"data": [{"id": NUMBER, "text": "x", "author_id": "7004"}]})
        return as_json({"data": {"deleted": True}})

    with serving(answer) as server:
        ADAPTER.delete(connection(server), NUMBER)
        assert [(s.method, s.path) for s in server.seen] == [("GET", "/2/tweets"), ("DELETE", f"/2/tweets/{NUMBER}")]
        assert signed_by(server, server.seen[1]) == "7004-token"


def test_a_tweet_that_is_gone_already_needs_no_deleting() -> None:
    gone = {
        "errors": [{"title": "Not Found Error", "type": "x/resource-not-found", "parameter": "ids", "value": NUMBER}]
    }
    with serving(lambda seen: as_json(gone)) as server:
        ADAPTER.delete(connection(server), NUMBER)
        assert len(server.seen) == 1


def test_somebody_elses_tweet_is_not_deleted() -> None:
    with serving(lambda seen: as_json({"data": [{"id": NUMBER, "text": "x", "author_id": "1"}]})) as server:
        with pytest.raises(Rejected, match="not posted by a handle"):
            ADAPTER.delete(connection(server), NUMBER)
        assert {s.method for s in server.seen} == {"GET"}


@pytest.mark.parametrize(("body", "error"), [({"data": {"deleted": False}}, Rejected), ({"data": {}}, Uncertain)])
def test_a_deletion_that_did_not_happen_is_an_error(body: dict[str, Any], error: type[Exception]) -> None:
    found = {"data": [{"id": NUMBER, "text": "x", "author_id": "7003"}]}
    with serving(lambda s: as_json(found if s.method == "GET" else body)) as server, pytest.raises(error):
        ADAPTER.delete(connection(server), NUMBER)


def test_a_like_is_given_by_the_main_handle() -> None:
    with serving(lambda seen: as_json({"data": {"liked": True}})) as server:
        ADAPTER.like(connection(server), NUMBER)
        (seen,) = server.seen
        assert (seen.path, json.loads(seen.body)) == ("/2/users/7003/likes", {"tweet_id": NUMBER})
        assert signed_by(server, seen) == "7003-token"
    with serving(lambda seen: as_json({"data": {"liked": False}})) as server, pytest.raises(Rejected):
        ADAPTER.like(connection(server), NUMBER)


def who(names: dict[str, str]) -> Callable[[Seen], Reply]:
    """users/by/username returns any account; users/me returns the token's."""

    def answer(seen: Seen) -> Reply:
        if seen.path == "/2/users/me":
            token = next(t for t in names if t in seen.headers["Authorization"])
            return as_json({"data": {"id": "1", "username": names[token], "name": "A"}})
        return as_json({"data": {"id": "1", "username": seen.path.rpartition("/")[2], "name": "A"}})

    return answer


def test_the_connection_test_says_who_we_are() -> None:
    with serving(who({"7003-token": "Acme", "7004-token": "AcmeStatus"})) as server:
        said = ADAPTER.check(connection(server))
    assert said == "Connected: the app may read; @acme (may post), @acmestatus (may post)."


def test_the_connection_test_finds_swapped_tokens() -> None:
    swapped = who({"7003-token": "AcmeStatus", "7004-token": "Acme"})
    expected = pytest.raises(AuthFailed, match="entered for @acme belong to @AcmeStatus")
    with serving(swapped) as server, expected:
        ADAPTER.check(connection(server))


def test_numbers_are_of_the_time_they_were_made() -> None:
    assert int(NUMBER) - snowflake_at((SINCE + timedelta(milliseconds=250)).timestamp()) == 1
