"""Status pages: reading updates, our own page or another's, and edits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from channels.adapters.statuspage import Statuspage
from channels.contract import Config, Item
from channels.errors import Malformed, Rejected, Transient
from channels.tests.loopback import Reply, Seen, as_json, serving

ADAPTER = Statuspage()
PAYLOADS = Path(__file__).parents[1] / "payloads" / "statuspage"


def payload(name: str) -> dict[str, Any]:
    return dict(json.loads((PAYLOADS / f"{name}.json").read_text()))


def answer(seen: Seen) -> Reply:
    names = {"incidents": "incidents", "scheduled-maintenances": "scheduled", "summary": "summary"}
    name = names.get(seen.path.removeprefix("/api/v2/").removesuffix(".json"))
    return as_json(payload(name)) if name else Reply(404, b"")


def test_incidents_and_maintenances_are_read_every_time_and_stay_the_same() -> None:
    with serving(answer) as server:
        config = Config({"api_base": server.url + "/api/v2/"}, network=server.network())
        first, second = ([i for page in ADAPTER.fetch(config, None) for i in page.items] for _ in range(2))
        assert ADAPTER.check(config) == "Connected: Acme says “Partial System Outage”."
        assert [seen.path for seen in server.seen[:2]] == [
            "/api/v2/incidents.json",
            "/api/v2/scheduled-maintenances.json",
        ]
    assert [item.external_id for item in first] == ["upd3", "upd2", "upd1", "upd6", "upd8", "upd7"]
    marks = [[ADAPTER.fingerprint(item, config) for item in items] for items in (first, second)]
    assert marks[0] == marks[1]
    assert len(set(marks[0])) == 6


@pytest.mark.parametrize(("values", "is_own"), [({}, True), ({"is_ours": True}, True), ({"is_ours": False}, False)])
def test_whose_page_it_is_is_a_setting(values: dict[str, Any], is_own: bool) -> None:
    config = Config({"api_base": "https://status.acme.example", **values})
    mentions = [ADAPTER.parse(item, config) for item in ADAPTER.split(payload("incidents"), config)]
    assert [m.is_own for m in mentions if m] == [is_own] * 3
    assert {m.thread_id for m in mentions if m} == {"inc000000001"}


def first_item(**changes: Any) -> Item:
    document = payload("incidents")
    document["incidents"][0] |= {name: value for name, value in changes.items() if name != "body"}
    document["incidents"][0]["incident_updates"][0] |= {n: v for n, v in changes.items() if n == "body"}
    return ADAPTER.split(document, Config())[0]


def test_another_text_is_an_edit_and_another_state_of_the_incident_is_none() -> None:
    mark = ADAPTER.fingerprint(first_item(), Config())
    assert ADAPTER.fingerprint(first_item(status="postmortem", impact="critical", resolved_at=None), Config()) == mark
    assert ADAPTER.fingerprint(first_item(body="It was resolved an hour ago."), Config()) != mark


def test_pages_are_told_apart_by_their_host() -> None:
    hosts = [
        ADAPTER.namespace(Config({"api_base": url})) for url in ("https://status.a.example/x", "https://b.example")
    ]
    assert hosts == ["statuspage:status.a.example", "statuspage:b.example"]
    assert ADAPTER.namespace(Config({"api_base": "https://[broken"})) == "statuspage:unknown"


def test_what_is_no_status_page_is_an_error() -> None:
    with serving(lambda seen: as_json({"hello": "world"})) as server:
        config = Config({"api_base": server.url}, network=server.network())
        with pytest.raises(Transient, match="no Statuspage"):
            ADAPTER.check(config)
        with pytest.raises(Malformed, match="neither incidents"):
            list(ADAPTER.fetch(config, None))
    with serving(lambda seen: Reply(404, b"")) as server:
        config = Config({"api_base": server.url}, network=server.network())
        with pytest.raises(Rejected, match="404"):
            list(ADAPTER.fetch(config, None))
