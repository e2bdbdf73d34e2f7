"""Writes are never repeated blindly: what did not leave may be tried again, what may have been taken is uncertain."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from channels.contract import Network
from channels.errors import Transient, Uncertain
from channels.http import client
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
            client.post_json(server.network(read_timeout_s=0.2), server.url, {})
        assert len(server.seen) == 1


def test_a_write_after_a_failed_one_is_judged_by_itself() -> None:
    with serving(lambda seen: Reply(drop=True)) as server:
        network = server.network()
        with pytest.raises(Uncertain):
            client.post_json(network, server.url, {})
    with pytest.raises(Transient, match="Nothing was sent"):
        client.post_json(network, server.url, {})
