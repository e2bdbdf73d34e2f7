"""Writes are never repeated blindly: one that wasn't sent may be retried, one that may have been accepted is
Uncertain."""

from __future__ import annotations

import json
import socket
import time
from types import SimpleNamespace
from typing import Any

import pytest

from channels.contract import Network
from channels.errors import Rejected, Transient, Uncertain
from channels.http import client, deadlines
from channels.tests.loopback import Reply, as_json, serving


def test_a_write_sends_json_and_gives_the_answer() -> None:
    with serving(lambda seen: as_json({"id": "1"}, 201)) as server:
        answer = client.post_json(server.network(), server.url, {"text": "ü"})
        assert (answer.status, answer.body) == (201, {"id": "1"})
        assert json.loads(server.seen[0].body) == {"text": "ü"}


def test_a_write_that_never_left_may_be_tried_again() -> None:
    with serving(lambda seen: as_json({})) as server:
        url, network = server.url, server.network()
    with pytest.raises(Transient, match="Nothing was sent"):
        client.post_json(network, url, {})


def test_a_name_that_does_not_resolve_is_transient_for_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Transient, match="cannot be resolved"):
        client.post_json(Network(), "https://gone.example/x", {})


@pytest.mark.parametrize(
    "reply", [Reply(drop=True), Reply(delay_s=1), Reply(200, b'{"id":"1"}', cut=True), Reply(200, b"<html>")]
)
def test_a_write_whose_answer_is_lost_is_uncertain(reply: Reply) -> None:
    with serving(lambda seen: reply) as server:
        with pytest.raises(Uncertain):
            client.post_json(server.network(read_timeout_s=0.5), server.url, {})
        assert len(server.seen) == 1


def test_a_write_after_a_failed_one_is_judged_by_itself() -> None:
    with serving(lambda seen: Reply(drop=True)) as server:
        network = server.network()
        with pytest.raises(Uncertain):
            client.post_json(network, server.url, {})
    with pytest.raises(Transient, match="Nothing was sent"):
        client.post_json(network, server.url, {})


@pytest.mark.parametrize(
    ("status", "target", "error"),
    [
        (307, "/elsewhere", Rejected),
        (308, "https://other.example/api/posts", Rejected),
        (301, "https://other.example/api/posts", Rejected),
        (302, "https://other.example/api/posts/", Rejected),
        (301, "/login", Uncertain),
        (302, "/posts/17", Uncertain),
        (303, "/posts/17", Uncertain),
        (302, "http://[nonsense", Uncertain),
    ],
)
def test_a_redirected_write_is_refused_or_may_have_been_taken(status: int, target: str, error: type[Exception]) -> None:
    with serving(lambda seen: Reply(status, b"", {"Location": target})) as server:
        with pytest.raises(error) as caught:
            client.post_json(server.network(), f"{server.url}/api/posts", {}, secrets=("s3cr3t",))
        assert type(caught.value) is error
        assert len(server.seen) == 1


def test_no_write_begins_when_there_is_no_time_left_to_hear_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    later_s = 0
    monkeypatch.setattr(deadlines, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + later_s))
    with serving(lambda seen: as_json({})) as server, deadlines.write_within(200):
        client.get_json(server.network(), server.url)
        client.post_json(server.network(), server.url, {})
        later_s = 110
        client.get_json(server.network(), server.url)
        with pytest.raises(Transient, match="too slow at the moment"):
            client.post_json(server.network(), server.url, {})
        later_s = 210
        with pytest.raises(Transient):
            client.get_json(server.network(), server.url)
        assert [seen.method for seen in server.seen] == ["GET", "POST", "GET"]


def test_a_head_that_drips_ends_with_the_longest_request() -> None:
    lasting_a_minute = Reply(drip_s=0.05, headers={"X-Filler": "." * 1200})
    with serving(lambda seen: lasting_a_minute) as server:
        network = server.network(connect_timeout_s=0.1, read_timeout_s=0.1)
        for ask in (lambda: client.get_json(network, server.url), lambda: client.post_json(network, server.url, {})):
            began = time.monotonic()
            with pytest.raises((Transient, Uncertain)):
                ask()
            assert time.monotonic() - began < client.longest_s(network) + 20
    with serving(lambda seen: Reply(drip_s=0.01)) as server:
        assert client.get_json(server.network(), server.url).body == {}, "one that is in time is read to its end"
