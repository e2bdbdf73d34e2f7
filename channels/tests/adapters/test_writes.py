"""Every adapter's writes, against the sandbox, when the response is lost or broken: nothing is posted twice, nothing
that may exist counts as failed, and a slow platform never outlasts the sender's lease.

A relay sits between adapter and sandbox. It checks the sandbox to see which request changed something.
"""

from __future__ import annotations

import importlib
import itertools
import json
import re
import socket
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache

from channels.contract import Adapter, Capability, Config, Mention, Network, Outgoing, Receipt
from channels.errors import AuthFailed, ChannelError, Transient, Uncertain
from channels.http import deadlines, oauth
from channels.http.api_client import TokenClient
from channels.registry.finding_adapters import all_adapters
from channels.tests.adapters.test_api_clients import CLIENTS
from channels.tests.loopback import Reply, Seen, Server, serving
from sandbox import launch

MAIL = ("email", "form")
"""They write by SMTP: `test_email_send.py` and `mail_*` below."""
WRITERS = {
    name: adapter for name, adapter in all_adapters().items() if adapter.can(Capability.SEND) and name not in MAIL
}
ASKED: dict[str, dict[str, Any]] = {
    "twitter": {"to": "acme"},
    "facebook": {"to": "comment"},
    "reddit": {"to": "acme", "title": "Runners"},
    "disqus": {"to": "acme-blog", "guest": False, "pending": False},
    "discourse": {"to": "ci", "title": "Runners hang", "private": False},
    "gitlab": {"to": "acme/enterprise", "title": "It hangs"},
    "youtube": {"to": "AcmeRunners"},
    "slack": {"to": "swag", "author": "ines"},
}
"""Where a question goes that somebody asks there."""
WITH_TOKENS = {name.partition(".")[0] for name, client in CLIENTS.items() if isinstance(client, TokenClient)}
SINCE = timedelta(minutes=2)

writers = pytest.mark.parametrize("platform", WRITERS)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    with launch.start(tmp_path_factory.mktemp("writes")) as running:
        yield running


Fault = Callable[[Reply], Reply]
"""What becomes of an answer."""


@dataclass
class Relay:
    """Forwards every request to the sandbox; `fault` decides about the one that changes something there."""

    sandbox: launch.Running
    platform: str
    changes: str = ""
    """The pattern of that request: method and path without ids."""
    fault: Fault | None = None
    is_lost_on_the_way: bool = False
    """The request itself never arrives."""
    slow: Fault | None = None
    """What becomes of every answer, from here on."""
    written: int = 0
    """Requests of the pattern since the last `spoil`."""
    is_through: threading.Event = field(default_factory=threading.Event)
    """Such a request has had its effect there, even if the desk has given up on it meanwhile."""
    server: Server = field(init=False)

    def __call__(self, seen: Seen) -> Reply:
        if not self.changes or self.changes != pattern(seen):
            return self._slowly(self._handed_on(seen))
        self.written += 1
        fault, self.fault = self.fault, None
        reply = Reply() if fault and self.is_lost_on_the_way else self._handed_on(seen)
        self.is_through.set()
        return self._slowly(fault(reply) if fault else reply)

    def _slowly(self, reply: Reply) -> Reply:
        return self.slow(reply) if self.slow else reply

    def _handed_on(self, seen: Seen) -> Reply:
        request = urllib.request.Request(
            self.sandbox.http_url + seen.target, seen.body or None, seen.headers, method=seen.method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Reply(answer.status, answer.read(), _headers(answer))
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.read(), _headers(error))

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Finds out which request changes something there."""
        seen: list[Seen] = []
        states = [self._state()]

        def watched(request: Seen) -> Reply:
            reply = self._handed_on(request)
            seen.append(request)
            states.append(self._state())
            return reply

        self.server.answer = watched
        yield
        self.server.answer = self
        changing = [at for at, request in enumerate(seen) if states[at] != states[at + 1]]
        assert len(changing) == 1, [pattern(seen[at]) for at in changing]
        self.changes = pattern(seen[changing[0]])

    def _state(self) -> str:
        return json.dumps(self.sandbox.truth(self.platform, search=True), sort_keys=True)

    def spoil(self, fault: Fault | None, *, on_the_way: bool = False) -> None:
        self.fault, self.is_lost_on_the_way, self.written = fault, on_the_way, 0
        self.is_through.clear()

    def wait(self) -> None:
        """Until the request of the pattern is through."""
        assert self.is_through.wait(60), "it never came here"


def pattern(seen: Seen) -> str:
    return f"{seen.method} " + re.sub(r"[^/]*\d[^/]*", "*", seen.path)


def _headers(answer: Any) -> dict[str, str]:
    unwanted = ("connection", "content-length", "date", "server")
    return {name: value for name, value in answer.headers.items() if name.lower() not in unwanted}


@contextmanager
def relayed(sandbox: launch.Running, platform: str) -> Iterator[tuple[Relay, Config]]:
    """The relay, and the connection of an advocate whose requests go through it."""
    relay = Relay(sandbox, platform)
    cache.clear()
    oauth._cache.clear()
    with serving(relay) as relay.server:
        access_json = json.dumps(sandbox.access()[platform]).replace(sandbox.http_url, relay.server.url)
        access = json.loads(access_json)
        channels = access["channels"] or {"acme": ({}, {})}
        yield (
            relay,
            Config(
                access["settings"],
                access["secrets"],
                tuple(channels),
                network=relay.server.network(read_timeout_s=20.0),
                channel_settings={name: pair[0] for name, pair in channels.items()},
                channel_secrets={name: pair[1] for name, pair in channels.items()},
                personal=access["personal"].get("sam", {}),
            ),
        )


def question(sandbox: launch.Running, platform: str, config: Config, word: str) -> Mention:
    """A question there, as the desk sees it."""
    asked = {"text": f"How does Acme {word}?", "author": f"ask{word}", **ASKED.get(platform, {})}
    made = sandbox.post(platform, **asked)
    patient = _patient(config)
    adapter = WRITERS[platform]
    for page in adapter.fetch(patient, None):
        for item in page.items:
            mention = adapter.parse(item, patient)
            if mention is not None and word in mention.text:
                return mention
    raise AssertionError(f"{made} never came in")


def answer_to(mention: Mention, word: str) -> Outgoing:
    """A different one each time, for platforms that refuse duplicates."""
    return Outgoing(str(uuid.uuid4()), f"Like {uuid.uuid4().hex[:12]}: {word}.", mention.thread_id, mention.external_id)


def posted(sandbox: launch.Running, platform: str, word: str) -> list[str]:
    """Ids of the desk's answers there with this word (`answer_to`)."""
    return [str(entry["id"]) for entry in sandbox.truth(platform)["desk"] if f": {word}." in entry["text"]]


def find_own_post(adapter: Adapter, config: Config, outgoing: Outgoing) -> Receipt | None:
    patient = _patient(config)
    return adapter.find_own(patient, outgoing, datetime.now(UTC) - SINCE)


# --- lost and broken responses ---------------------------------------------------------------------------------------

HTML = Reply(200, b"<html>Over capacity</html>", {"Content-Type": "text/html"})
LATE = "too late"
LOST: dict[str, Fault] = {
    "dropped": lambda reply: Reply(drop=True),
    "cut off": lambda reply: replace(reply, cut=bool(reply.body), drop=not reply.body),
    LATE: lambda reply: replace(reply, delay_s=0.8),
    "a 500": lambda reply: Reply(500, b"{}", {"Content-Type": "application/json"}),
    "a page of the proxy": lambda reply: Reply(502, HTML.body, HTML.headers),
    "a request timeout": lambda reply: Reply(408, b"", {}),
    "a page": lambda reply: HTML,
    "nothing": lambda reply: Reply(200, b"", {}),
    "a list": lambda reply: Reply(200, b"[]", {"Content-Type": "application/json"}),
    "an empty object": lambda reply: Reply(200, b"{}", {"Content-Type": "application/json"}),
    "null": lambda reply: Reply(200, b"null", {"Content-Type": "application/json"}),
    "a redirect": lambda reply: Reply(302, b"", {"Location": "/welcome"}),
    "see other": lambda reply: Reply(303, b"", {"Location": "/welcome"}),
}
"""The platform may have accepted it; the answer does not say so."""
NOT_SAID = ("a page", "nothing", "a list", "an empty object", "null")
"""An HTTP success: for what may be repeated, that is enough."""


def impatient(config: Config, fault: str) -> Config:
    """Gives up before an answer that is too late; no other fault needs a short time, which a busy machine exceeds."""
    return replace(config, network=replace(config.network, read_timeout_s=0.5)) if fault == LATE else config


@writers
def test_a_post_without_a_clear_answer_is_uncertain_and_found_if_it_is_there(
    sandbox: launch.Running, platform: str
) -> None:
    adapter = WRITERS[platform]
    with relayed(sandbox, platform) as (relay, config):
        asked = question(sandbox, platform, config, "begin")
        with relay.learning():
            adapter.send(_patient(config), answer_to(asked, "0"))
        for number, (name, fault) in enumerate(LOST.items(), start=1):
            for on_the_way in (False, True):
                word = f"{7000 + 2 * number + on_the_way}"
                outgoing = answer_to(asked, word)
                relay.spoil(fault, on_the_way=on_the_way)
                with pytest.raises(Uncertain) as caught:
                    adapter.send(impatient(config, name), outgoing)
                assert type(caught.value) is Uncertain, name
                relay.wait()
                assert relay.written == 1, name
                there = posted(sandbox, platform, word)
                receipt = find_own_post(adapter, config, outgoing)
                if on_the_way:
                    assert (there, receipt) == ([], None), name
                else:
                    assert receipt is not None, name
                    assert there == [receipt.external_id.rpartition(":")[2]] or there == [receipt.external_id], name


def _patient(config: Config) -> Config:
    return replace(config, network=Network(allowed_private=config.network.allowed_private))


VERBS: dict[str, tuple[Capability, Callable[[Adapter, Config, str], None]]] = {
    "like": (Capability.LIKE, lambda adapter, config, number: adapter.like(config, number)),
    "delete": (Capability.DELETE, lambda adapter, config, number: adapter.delete(config, number)),
}
REPEATED = [(p, verb) for p, adapter in WRITERS.items() for verb, (can, _) in VERBS.items() if adapter.can(can)]


def _object_of(verb: str, platform: str, asked: Mention, config: Config, word: str) -> str:
    """Likes are on their posts, deletions on ours."""
    if verb == "like":
        return asked.external_id
    return WRITERS[platform].send(_patient(config), answer_to(asked, word)).external_id


@pytest.mark.parametrize(("platform", "verb"), REPEATED)
def test_a_like_or_deletion_without_a_clear_answer_is_repeated_until_it_is_done_once(
    sandbox: launch.Running, platform: str, verb: str
) -> None:
    adapter, (_, act) = WRITERS[platform], VERBS[verb]
    with relayed(sandbox, platform) as (relay, config):
        asked = question(sandbox, platform, config, f"first{verb}")
        number = _object_of(verb, platform, asked, config, "1")
        with relay.learning():
            act(adapter, _patient(config), number)
        act(adapter, _patient(config), number)  # is no error
        for at, (name, fault) in enumerate(LOST.items()):
            asked = question(sandbox, platform, config, f"{verb}{at}x")
            number = _object_of(verb, platform, asked, config, f"{8000 + at}")
            before = relay._state()
            relay.spoil(fault)
            try:
                act(adapter, impatient(config, name), number)
            except Uncertain:
                pass
            else:
                assert name in NOT_SAID, name
            relay.wait()
            once = relay._state()
            assert once != before, name
            act(adapter, _patient(config), number)
            assert relay._state() == once, f"twice, after {name}"


# --- refused credentials ----------------------------------------------------------------------------------------------


def _expired(platform: str) -> Reply:
    """The platform's error response to an expired token."""
    refusal = importlib.import_module(f"sandbox.platforms.{platform}").PLATFORM.refusals["expired"]
    return Reply(refusal.status, refusal.body, {"Content-Type": refusal.content_type, **refusal.headers})


@writers
def test_a_refused_token_is_replaced_or_reported_and_nothing_is_posted_twice(
    sandbox: launch.Running, platform: str
) -> None:
    adapter = WRITERS[platform]
    with relayed(sandbox, platform) as (relay, config):
        asked = question(sandbox, platform, config, "renew")
        with relay.learning():
            adapter.send(_patient(config), answer_to(asked, "2"))
        relay.spoil(lambda reply: _expired(platform), on_the_way=True)
        if platform in WITH_TOKENS:
            adapter.send(_patient(config), answer_to(asked, "3"))
        else:
            with pytest.raises(AuthFailed):
                adapter.send(_patient(config), answer_to(asked, "3"))
        is_renewed = platform in WITH_TOKENS
        assert (relay.written, len(posted(sandbox, platform, "3"))) == (1 + is_renewed, int(is_renewed))
        for status in (500, 503, 408):
            relay.spoil(lambda reply, status=status: replace(_expired(platform), status=status))  # type: ignore[misc]
            with pytest.raises(Uncertain):
                adapter.send(_patient(config), answer_to(asked, f"{status}"))
            assert (relay.written, len(posted(sandbox, platform, f"{status}"))) == (1, 1), status


# --- slow platforms ---------------------------------------------------------------------------------------------------

SCALE = 1 / 60
"""Of all times in these tests: a lease of a minute is a second."""
BUSY_S = 1.5
"""What a busy machine may add; without a limit, each of these takes much longer or never ends."""
SLOW: dict[str, Callable[[Reply], Reply]] = {
    "silent for as long as it may": lambda reply: replace(reply, delay_s=0.28),
    "one byte after the other": lambda reply: replace(reply, drip_s=0.05),
    "one byte after the other, faster": lambda reply: replace(reply, drip_s=0.0003),
}


@pytest.mark.parametrize("way", SLOW)
@writers
def test_a_slow_platform_never_outlasts_the_lease(sandbox: launch.Running, platform: str, way: str) -> None:
    adapter = WRITERS[platform]
    limit_s = adapter.request_timeout_s * SCALE
    with relayed(sandbox, platform) as (relay, config):
        asked = question(sandbox, platform, config, "crawl")
        with relay.learning():
            adapter.send(_patient(config), answer_to(asked, "learnt"))
        oauth._cache.clear()
        cache.clear()
        relay.spoil(None)
        relay.slow = SLOW[way]
        word = f"slow{list(SLOW).index(way)}"
        slow = replace(config, network=relay.server.network(read_timeout_s=0.3))
        error: ChannelError | None = None
        began = time.monotonic()
        try:
            with deadlines.write_within(limit_s):
                adapter.send(slow, answer_to(asked, word))
        except (Uncertain, Transient) as raised:
            error = raised
        assert time.monotonic() - began < limit_s + BUSY_S
        if isinstance(error, Transient):
            assert relay.written == 0, "it may be there"
        else:
            relay.wait()
            assert relay.written == 1
        relay.slow = None
        assert len(posted(sandbox, platform, word)) == relay.written


CRAWLING = {"220 greeting": Transient, "250 EHLO": Transient, "250 RCPT": Transient, "250 dot": Uncertain}


def _command(line: bytes) -> str:
    return "dot" if line == b".\r\n" else (line.split() or [b""])[0].decode().upper()


@contextmanager
def crawling(from_here: str) -> Iterator[int]:
    """An SMTP server on this port that, at one step, starts a response that never ends."""

    def talk(lines: Any) -> None:
        for command in itertools.chain(("greeting",), map(_command, lines)):
            if command == from_here.split()[1]:
                while True:
                    lines.write(from_here[:3].encode() + b"-")
                    lines.flush()
                    time.sleep(0.02)
                    lines.write(b"\r\n")
            code = {"greeting": b"220", "DATA": b"354"}.get(command, b"250")
            if command in ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"):
                lines.write(code + b" yes\r\n")
                lines.flush()

    def serve() -> None:
        client, _ = listener.accept()
        with suppress(OSError), client, client.makefile("rwb") as lines:
            talk(lines)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize("from_here", CRAWLING)
@pytest.mark.parametrize("platform", MAIL)
def test_a_mail_server_that_never_ends_its_answer_is_left(platform: str, from_here: str) -> None:
    adapter = all_adapters()[platform]
    outgoing = Outgoing("k", "Here.", sender="desk@acme.example", recipients=("ann@home.example",), subject="Yes",
                        message_id="k@acme.example")  # fmt: skip
    with crawling(from_here) as port:
        settings = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "plain"}
        network = Network(read_timeout_s=0.3, allowed_private=(f"127.0.0.1:{port}",))
        config = Config(settings, addresses=("desk@acme.example",), network=network)
        began = time.monotonic()
        with pytest.raises(CRAWLING[from_here]), deadlines.write_within(1.0):
            adapter.send(config, outgoing)
        assert time.monotonic() - began < 1.0 + BUSY_S
