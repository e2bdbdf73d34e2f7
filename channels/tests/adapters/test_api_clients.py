"""Every platform's `ApiClient`, found by scanning: its errors are typed and hide the connection's secrets, and every
worker of that account respects a limit reported by the platform."""

from __future__ import annotations

import json
import pkgutil
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from django.core.cache import cache

from channels import adapters
from channels.contract import Config
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient, Uncertain
from channels.http.api_client import ApiClient
from channels.registry.finding_adapters import all_adapters
from channels.tests.adapters.test_contract import HTML, IN_JSON, SECRET, _answering, _connection
from channels.tests.loopback import Reply, Seen, serving


def _clients() -> dict[str, ApiClient]:
    """`platform.module.name` of each instance → it."""
    found = {}
    for module in pkgutil.walk_packages(adapters.__path__, f"{adapters.__name__}."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, ApiClient) and type(value).__module__ == module.name:
                found[f"{module.name.removeprefix('channels.adapters.')}.{name}"] = value
    return found


CLIENTS = _clients()
MAX_BYTES = 20_000


def _echo(seen: Seen, status: int) -> Reply:
    """An error that quotes the whole request in every field where platforms put their messages."""
    said = f"Not like this: {seen.path} {seen.query} {seen.headers} {seen.body!r}"[:1500]
    body = {"error": said, "message": said, "errors": [said], "error_description": said, "detail": said}
    return Reply(status, json.dumps(body).encode(), IN_JSON)


ANSWERS: dict[str, tuple[Any, tuple[type[ChannelError], ...], tuple[type[ChannelError], ...]]] = {
    "401": (401, (AuthFailed,), (AuthFailed,)),
    "403": (403, (AuthFailed, Rejected), (AuthFailed, Rejected)),
    "404": (404, (Rejected,), (Rejected,)),
    "429": (429, (RateLimited,), (RateLimited,)),
    "500": (500, (Transient,), (Uncertain,)),
    "HTML": (Reply(200, HTML, {"Content-Type": "text/html"}), (Transient,), (Uncertain,)),
    "oversized": (Reply(200, b'{"ok": true, "x": "' + b"x" * MAX_BYTES + b'"}', IN_JSON), (Transient,), (Uncertain,)),
}


def _platform(name: str) -> str:
    return name.partition(".")[0]


def _connected(name: str, server: Any, secret: str = SECRET) -> Config:
    config = _connection(all_adapters()[_platform(name)], server.url, server.network(max_bytes=MAX_BYTES))
    secrets = {field: f"{secret}-{field}" for field in config.secrets}
    return replace(config, secrets=secrets)


def test_every_platform_with_a_client_of_its_own_is_here() -> None:
    assert {_platform(name) for name in CLIENTS} >= {
        *("bluesky", "chatlog", "discourse", "disqus", "facebook", "gitlab", "hackerone", "mastodon", "reddit"),
        *("hackernews", "lobsters", "slack", "stackexchange", "statuspage", "twitter", "youtube"),
    }


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", CLIENTS)
def test_an_error_is_typed_and_quotes_no_secret(name: str, answer: str) -> None:
    cache.clear()
    reply, read, write = ANSWERS[answer]
    client, adapter = CLIENTS[name], all_adapters()[_platform(name)]

    def answered(seen: Seen) -> Reply:
        return _answering(adapter, reply if isinstance(reply, Reply) else _echo(seen, reply))(seen)

    with serving(answered) as server:
        config = _connected(name, server)
        with pytest.raises(read) as caught:
            client.get(config, "anything", {"q": "Acme"})
        assert SECRET not in str(caught.value)
        with pytest.raises(write) as caught:
            client.post(config, "anything", {"text": "Acme"})
        assert SECRET not in str(caught.value)
        assert str(caught.value).strip()


@pytest.mark.parametrize("name", CLIENTS)
def test_a_limit_is_kept_to_by_everybody_of_the_account_and_by_nobody_else(name: str) -> None:
    cache.clear()
    client, adapter = CLIENTS[name], all_adapters()[_platform(name)]
    another = type(client)()
    replies = [Reply(429, b"{}", {**IN_JSON, "Retry-After": "300"})]
    with serving(lambda seen: _answering(adapter, replies[0])(seen)) as server:
        config = _connected(name, server)
        with pytest.raises(RateLimited):
            client.get(config, "anything")
        asked = len(server.seen)
        with pytest.raises(RateLimited) as caught:
            another.get(config, "anything")
        assert len(server.seen) == asked, "nothing is asked, by another worker either"
        assert 290 < (caught.value.retry_after_s or 0) <= 300
        if client.owner(config, ""):  # without a login, everybody here counts as one
            with pytest.raises(RateLimited):
                another.get(_connected(name, server, "an0ther-acc0unt"), "anything")
            assert len(server.seen) > asked, "another account is not affected"


ODD: tuple[Any, ...] = (None, [], {}, [[]], [{}], [None], {"code": []}, 7, True, 1.5, "x")
NAMES = (
    *("error", "errors", "error_id", "error_subcode", "error_message", "errcode", "code", "message", "reason", "type"),
    *("title", "status", "data", "meta", "extras", "response", "ok", "json", "items"),
)


@pytest.mark.parametrize("name", CLIENTS)
def test_an_answer_with_odd_values_is_classified_or_left_to_its_status(name: str) -> None:
    for status in (200, 400, 401, 403, 404, 422, 429, 500):
        for key in NAMES:
            for odd in ODD:
                about = {"code": 190, "error": "x", key: odd}
                for body in (odd, {key: odd}, {"error": about}, {"errors": [about]}, {**about, "error_id": 502}):
                    for is_write in (False, True):
                        problem = CLIENTS[name].error(status, body, is_write)
                        assert problem is None or isinstance(problem, ChannelError)
