"""One client for every platform: shared limits, token renewal, errors without secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient, Uncertain
from channels.http import oauth
from channels.http.api_client import ApiClient, Signature, TokenClient, TokenRefused, bearer, required
from channels.tests.loopback import Reply, Server, as_json, serving


class Crier(ApiClient):
    label = "Town crier"
    path_format = "v1/{}.json"
    limit_headers = "X-Left-"
    reserve = 2
    expects = (dict,)

    def sign(self, config: Config, speaker: str) -> Signature:
        return bearer(required(config.secret("token"), "There is no token."))

    def limited(self, path: str) -> str:
        return "search" if path == "search" else ""

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        said = body.get("error") if isinstance(body, dict) else None
        return Rejected(f"Town crier says: {said}.") if said and status in (200, 400) else None


class WithTokens(TokenClient):
    label = "Town crier"

    def owner(self, config: Config, speaker: str) -> tuple[str, ...]:
        return (config.secret("token"),)

    def new_token(self, config: Config, speaker: str) -> oauth.Token:
        self.made.append(f"short-lived-{len(self.made)}")
        return oauth.Token(self.made[-1])

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return TokenRefused("The token is refused.") if status == 401 else None

    def __init__(self) -> None:
        self.made: list[str] = []


def config(server: Server, token: str = "token-of-this-account", **settings: Any) -> Config:
    return Config(
        {"api_base": server.url, **settings}, {"token": token, "other": "secret-hook"}, network=server.network()
    )


@pytest.fixture
def answers() -> list[Reply]:
    """Returned in order, the last one repeatedly."""
    return [as_json({})]


@pytest.fixture
def server(answers: list[Reply]) -> Iterator[Server]:
    cache.clear()
    with serving(lambda seen: answers.pop(0) if len(answers) > 1 else answers[0]) as running:
        yield running


def test_a_request_goes_to_the_address_with_its_signature_and_repeated_names(server: Server) -> None:
    Crier().get(config(server), "posts", [("id", 1), ("id", 2)])
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("GET", "/v1/posts.json")
    assert seen.headers["Authorization"] == "Bearer token-of-this-account"
    assert seen.query == {"id": "2"}  # the last of both


def test_what_is_missing_in_a_connection_is_said(server: Server) -> None:
    with pytest.raises(AuthFailed, match="There is no token"):
        Crier().get(config(server, token=""), "posts")
    with pytest.raises(Rejected, match="no address"):
        Crier().get(config(server, api_base=""), "posts")
    assert server.seen == []


def test_a_limit_is_known_to_every_client_of_the_account_and_to_no_other(server: Server, answers: list[Reply]) -> None:
    answers[:] = [Reply(429, b'{"message": "slow down"}', {"Retry-After": "60"}), as_json({})]
    with pytest.raises(RateLimited):
        Crier().get(config(server), "posts")
    with pytest.raises(RateLimited, match="slow down") as caught:
        Crier().get(config(server), "others")
    assert len(server.seen) == 1, "nothing is asked while the limit lasts"
    assert 50 < (caught.value.retry_after_s or 0) <= 60
    assert caught.value.until is not None
    Crier().get(config(server, "token-of-another-account"), "posts")
    Crier().get(config(server), "search")
    Crier().get(config(server), "posts", for_reply=True)
    Crier().post(config(server), "posts", {})
    assert len(server.seen) == 5


ANOTHER_PROCESS = """
import json, sys, django
django.setup()
from channels.contract import Config, Network
from channels.errors import RateLimited
from channels.tests.http.test_api_client import Crier
url, address = sys.argv[1:]
def ask(token):
    config = Config({"api_base": url}, {"token": token}, network=Network(allowed_private=(address,)))
    try:
        return Crier().get(config, "posts").status
    except RateLimited as error:
        return str(error)
print(json.dumps([ask("token-of-this-account"), ask("token-of-another-account")]))
"""


def test_a_quota_that_one_process_used_up_is_known_in_another(server: Server, answers: list[Reply]) -> None:
    ends = datetime.now(UTC) + timedelta(minutes=5)
    answers[:] = [as_json({}, X_Left_Remaining="2", X_Left_Reset=ends.isoformat()), as_json({})]
    answer = Crier().get(config(server), "posts")
    assert answer.quota() == (0, ends), "two are reserved for replies"
    command = [sys.executable, "-W", "ignore", "-c", ANOTHER_PROCESS, server.url, server.address]
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "advocacy.settings"}
    completed = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(completed.stdout) == ["Town crier: rate limit reached; waiting.", 200]


def test_a_limit_ends_when_it_is_over_and_no_key_is_in_the_cache(server: Server, answers: list[Reply]) -> None:
    answers[:] = [Reply(429, b"", {"Retry-After": "60"}), as_json({})]
    with pytest.raises(RateLimited):
        Crier().get(config(server), "posts")
    (key,) = cache._cache.get_client().keys("*pause:*")
    assert b"token" not in key
    with pytest.raises(RateLimited):
        Crier().get(config(server), "posts")
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
        assert Crier().get(config(server), "posts").status == 200


def test_a_token_that_is_refused_early_is_replaced_once(server: Server, answers: list[Reply]) -> None:
    client = WithTokens()
    answers[:] = [as_json({}), Reply(401), as_json({"done": True}), Reply(401)]
    client.get(config(server, "long-lived"), "posts")
    assert client.post(config(server, "long-lived"), "posts", {"say": "it"}).body == {"done": True}
    assert client.made == ["short-lived-0", "short-lived-1"]
    with pytest.raises(AuthFailed, match="The token is refused"):
        client.get(config(server, "long-lived"), "posts")
    assert [seen.headers["Authorization"][-1] for seen in server.seen] == ["0", "0", "1", "1", "2"]


def test_a_client_with_tokens_says_where_they_come_from() -> None:
    class Half(TokenClient):
        label = "Town crier"

        def owner(self, config: Config, speaker: str) -> tuple[str, ...]:
            return ()

    with pytest.raises(TypeError, match="new_token"):
        Half()  # type: ignore[abstract]


def test_a_refused_token_in_a_server_error_repeats_no_write(server: Server, answers: list[Reply]) -> None:
    class Broken(WithTokens):
        def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
            return TokenRefused("The token is refused.")

    for status in (500, 503, 408):
        answers[:] = [Reply(status)]
        with pytest.raises(Uncertain):
            Broken().post(config(server, "long-lived"), "posts", {})
    assert len(server.seen) == 3


def test_the_refusal_of_a_new_token_is_not_asked_for_twice(server: Server) -> None:
    class Refusing(WithTokens):
        refused = AuthFailed

        def new_token(self, config: Config, speaker: str) -> oauth.Token:
            self.made.append("")
            raise AuthFailed("Make a new refresh token.")

    client = Refusing()
    with pytest.raises(AuthFailed, match="Make a new"):
        client.get(config(server, "long-lived"), "posts")
    assert (len(client.made), server.seen) == (1, [])


@pytest.mark.parametrize(
    ("reply", "read", "write"),
    [
        (as_json({"error": "no token-of-this-account, secret-hook"}), Rejected, Rejected),
        (as_json({"error": "no token-of-this-account, secret-hook"}, 400), Rejected, Rejected),
        (as_json({"message": "no token-of-this-account, secret-hook"}, 500), Transient, Uncertain),
        (as_json({"message": "no token-of-this-account, secret-hook"}, 403), AuthFailed, Rejected),
        (as_json(["token-of-this-account"]), Transient, None),
        (Reply(200, b"<html>token-of-this-account</html>"), Transient, Uncertain),
    ],
)
def test_an_answer_is_the_platforms_error_or_the_general_one_without_secrets(
    server: Server, answers: list[Reply], reply: Reply, read: type[ChannelError], write: type[ChannelError] | None
) -> None:
    answers[:] = [reply]
    with pytest.raises(read) as caught:
        Crier().get(config(server), "posts")
    assert "token-of-this-account" not in str(caught.value)
    assert "secret-hook" not in str(caught.value)
    if write is None:
        assert Crier().post(config(server), "posts", {}).status == 200
        return
    with pytest.raises(write) as caught:
        Crier().post(config(server), "posts", {})
    assert "token-of-this-account" not in str(caught.value)
    assert "secret-hook" not in str(caught.value)


def test_credentials_in_parameters_go_into_the_query_of_a_read_and_the_form_of_a_write(server: Server) -> None:
    class InParameters(Crier):
        def sign(self, config: Config, speaker: str) -> Signature:
            return Signature(params={"key": "k3y"}, keys=("k3y",))

    InParameters().get(config(server), "posts", {"page": 2})
    InParameters().post(config(server), "posts", form={"say": "it"})
    InParameters().post(config(server), "posts", {"say": "it"})
    read, form, payload = server.seen
    assert read.query == {"key": "k3y", "page": "2"}
    assert (form.query, form.body) == ({}, b"key=k3y&say=it")
    assert (payload.query, json.loads(payload.body)) == ({"key": "k3y"}, {"say": "it"})
