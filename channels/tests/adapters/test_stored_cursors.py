"""Cursors written by earlier releases resume where they stopped."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from channels.contract import Config, Json, Page
from channels.errors import ChannelError
from channels.registry.finding_adapters import all_adapters
from channels.tests.loopback import Reply, serving
from channels.toolkit import list_sources
from channels.toolkit.list_sources import ListSource, Read

HIGH = 1_772_000_000
PLACED = {"high": HIGH, "islands": [[HIGH + 50, HIGH + 90]], "places": {str(HIGH + 50): "tok"}, "since": HIGH - 999}
RANGED = {"high": HIGH, "islands": [[HIGH + 50, HIGH + 90]]}
FORUM = {"since": HIGH, "next": "1:2:3", "sweep": {"began": HIGH - 60, "next": "4:5:6"}}
WALK = {"since": None, "began": HIGH * 1000, "next": {"after": "abc"}}
ROOM = {"id": "C0123ABCD", "name": "swag"}
PARTS = {"turn": "", "down": {}}

Stored = tuple[dict[str, Any], Json, dict[str, Json]]
STORED: dict[str, Stored] = {
    "bluesky": (
        {"settings": {"phrases": ["Acme"]}},
        {"sources": {"notifications": PLACED, "search:acme": PLACED}, "parts": PARTS},
        {"notifications": PLACED, "search:acme": PLACED},
    ),
    "chatlog": (
        {"settings": {"rooms": ["#acme:x"], "phrases": ["Acme"]}},
        {"rooms": {"#acme:x": {"id": "!a:x", "token": "t1", "state": {}}}, "parts": PARTS},
        {"#acme:x": {"id": "!a:x", "token": "t1", "state": {}}},
    ),
    "disqus": (
        {"settings": {"forums": ["acme-blog", "parts"]}},
        {"acme-blog": FORUM, "parts": FORUM, "@parts": PARTS},
        {"acme-blog": FORUM, "parts": FORUM},
    ),
    "facebook": (
        {"settings": {"page_id": "5"}},
        {"feed": WALK, "talks": {"since": HIGH * 1000}, "parts": PARTS},
        {"feed": WALK, "talks": {"since": HIGH * 1000}},
    ),
    "feed": (
        {"settings": {"feeds": ["{base}/a.xml"]}},
        {"query": "ddd9c40767f9", "feeds": {"{base}/a.xml": {"seen": HIGH, "etag": '"1"'}}, "parts": PARTS},
        {"{base}/a.xml": {"seen": HIGH, "etag": '"1"'}},
    ),
    "gitlab": (
        {"settings": {"projects": ["acme/desk"]}},
        {"sources": {"projects/acme%2Fdesk": "2026-03-02T10:00:00.123000Z"}, "parts": PARTS},
        {"projects/acme%2Fdesk": "2026-03-02T10:00:00.123000Z"},
    ),
    "hackernews": (
        {"settings": {"phrases": ["Acme"]}},
        {"phrases": {"acme": RANGED}, "parts": PARTS},
        {"acme": RANGED},
    ),
    "hackerone": (
        {"settings": {"programs": ["acme"]}},
        {"programs": {"acme": "2026-03-02T10:00:00.123Z"}, "parts": PARTS},
        {"acme": "2026-03-02T10:00:00.123Z"},
    ),
    "mastodon": (
        {"settings": {"hashtags": ["acme"]}},
        {"sources": {"notifications": PLACED, "#acme": PLACED}, "roots": {"2": "1"}, "parts": PARTS},
        {"notifications": PLACED, "#acme": PLACED},
    ),
    "reddit": (
        {"settings": {"subreddits": ["acme"], "mentions": False}},
        {"sources": {"r/acme/new": PLACED, "r/acme/comments": PLACED}, "parts": PARTS},
        {"r/acme/new": PLACED, "r/acme/comments": PLACED},
    ),
    "slack": (
        {"settings": {"rooms": ["C0123ABCD swag", "swag"]}},
        {
            "rooms": {"C0123ABCD swag": ROOM, "swag": ROOM},
            "sought": {},
            "reread_at": HIGH,
            "marks": {"C0123ABCD": RANGED},
            "parts": PARTS,
        },
        {"C0123ABCD swag": RANGED, "swag": RANGED},
    ),
    "stackexchange": (
        {"settings": {"tags": ["acme"], "phrases": ["Acme CI"]}},
        {
            "from": {"tags acme": HIGH, "phrase acme ci": HIGH + 1},
            "next": "phrase acme ci",
            "pauses": {},
            "parts": PARTS,
        },
        {"tags acme": HIGH, "phrase acme ci": HIGH + 1},
    ),
    "statuspage": ({}, {"parts": PARTS}, {"incidents": None, "scheduled-maintenances": None}),
    "twitter": (
        {"addresses": ("acme",), "settings": {"search_query": "acme"}},
        {"sources": {"@acme": RANGED, "search:acme": RANGED}, "ids": {"acme": "7003"}, "parts": PARTS},
        {"@acme": RANGED, "search:acme": RANGED},
    ),
    "youtube": (
        {"settings": {"video_ids": ["v"]}},
        {
            "units": {},
            "marks": {"video v": {"high": HIGH, "walk": {"top": HIGH + 9, "token": "t"}}},
            "titles": {},
            "replies": {},
            "parts": PARTS,
        },
        {"video v": {"high": HIGH, "walk": {"top": HIGH + 9, "token": "t"}}},
    ),
}
"""Platform → (config, a cursor of an earlier release, the mark from which each list is then read)."""


def _module(platform: str) -> Any:
    package = type(all_adapters()[platform]).__module__
    try:
        return importlib.import_module(f"{package}.fetching")
    except ModuleNotFoundError:
        return importlib.import_module(package)


def test_every_platform_that_reads_lists_is_tried() -> None:
    reading = {name for name in all_adapters() if "read_lists" in vars(_module(name))}
    assert reading == set(STORED)


def _placed(value: Json, base: str) -> Json:
    if isinstance(value, dict):
        return {key.replace("{base}", base): _placed(each, base) for key, each in value.items()}
    if isinstance(value, list):
        return [_placed(each, base) for each in value]
    return value.replace("{base}", base) if isinstance(value, str) else value


@pytest.mark.parametrize("platform", STORED)
def test_each_list_is_read_on_from_its_stored_mark(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, cursor, expected = STORED[platform]
    read: dict[str, Json] = {}

    def watched(source: ListSource) -> ListSource:
        def reading(mark: Json) -> Iterator[Read]:
            read[source.name] = mark
            return source.read(mark)

        return replace(source, read=reading)

    def read_lists(sources: list[ListSource], cursor: Json, **how: Any) -> Iterator[Page]:
        return list_sources.read_lists([watched(source) for source in sources], cursor, **how)

    monkeypatch.setattr(_module(platform), "read_lists", read_lists)
    with serving(lambda seen: Reply(503, b"oops")) as server:
        adapter, made = all_adapters()[platform], _placed(made, server.url)
        bases = {field.name: server.url for field in adapter.fields if field.name.endswith("_base")}
        config = Config(
            {**bases, "api_identifier": "us", "handle": "acme", "client_id": "app", **made.get("settings", {})},
            {field.name: "only-for-a-test" for field in adapter.secrets},
            made.get("addresses", ()),
            network=server.network(),
        )
        with pytest.raises(ChannelError):
            list(adapter.fetch(config, _placed(cursor, server.url)))
        assert read == _placed(expected, server.url)
