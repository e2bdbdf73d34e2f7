"""The one fuzzer: corrupted payloads of every platform are refused or parsed within a moment, and never fail otherwise.
A mention parsed from one is as valid as any: the desk relies on it whatever the payload.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.contract import Adapter, Config, Item, Json, digest
from channels.errors import Malformed
from channels.registry.finding_adapters import all_adapters
from channels.tests.adapters.test_contract import PAYLOADS, SAMPLES, _assert_sound, _config, assert_storable
from channels.tests.email_samples import OURS
from channels.tests.growth import assert_linear
from channels.tests.mutations import documents, mutated, mutated_bytes, put, spots

PLATFORMS = [name for name in all_adapters() if (PAYLOADS / name).is_dir()]
IN_JSON = [name for name in PLATFORMS if name != "email"]
MAX_S = 2.0
"""Processor time for a document of a few kilobytes; a thousand times what one takes."""

HOSTILE: dict[str, Json] = {
    "script": "<script>alert(1)</script> Acme",
    "a link to a script": "javascript:alert(1)//Acme",
    "right to left": "\u202emca\u202c Acme \u2066\u2067",
    "NUL": "Acme\x00Acme",
    "half a pair": "Acme \ud83d",
    "a megabyte": "Acme " * 200_000,
    "a megabyte of tags": "<b><i>Acme " * 100_000,
    "a megabyte of brackets": "[[((<<{{" * 125_000,
    "a megabyte of quotes": "&gt;> " * 170_000,
    "a megabyte of blanks": " \n\t" * 333_333,
    "a megabyte of addresses": "https://acme.example/((" * 43_000,
    "a number": 7,
    "a huge number": 10**400,
    "a huge float": 1e308,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "negative": -1,
    "milliseconds in the year 33000": 10**15,
    "true": True,
    "nothing": None,
    "empty": "",
    "the year 1": "0001-01-01T00:00:00+14:00",
    "the year 9999": "9999-12-31T23:59:59-14:00",
    "the year 99999": "99999-01-01T00:00:00Z",
    "seconds until 99999": 3_093_527_980_800,
    "digits": "9" * 5000,
    "no web address": "http://[::1",
    "a bad port": "https://acme.example:99999/",
    "other digits": "²³١",
    "a list": ["Acme"],
    "lists": [[[["Acme"]]]],
    "an object": {"Acme": {"id": "1"}},
}


def _nested(depth: int) -> Json:
    value: Json = "Acme"
    for n in range(depth):
        value = [value] if n % 2 else {"children": value}
    return value


HOSTILE["a deep one"] = _nested(300)
LARGE = {name: value for name, value in HOSTILE.items() if isinstance(value, str) and len(value) > 100_000}
SMALL = {name: value for name, value in HOSTILE.items() if name not in LARGE}
SMALL_ATTACKS, LARGE_ATTACKS = (int(os.environ.get("FUZZ", "1")) * n for n in (400, 20))


def _attacks(platform: str, values: dict[str, Json], most: int) -> Iterator[tuple[Json, str]]:
    """(payload with one part replaced, which attack it was), chosen at random."""
    rng = random.Random()
    samples = _distinct(platform)
    parts = [list(spots(sample, most=2)) for sample in samples]
    for _ in range(most):
        n = rng.randrange(len(samples))
        spot, name = rng.choice(parts[n]), rng.choice(list(values))
        yield put(samples[n], spot, values[name]), f"{spot} {name}"


SETTINGS: dict[str, Config] = {
    "chatlog": Config({"phrases": ["Acme"], "rooms": ["#acme:x"]}),
    "discourse": Config({"api_base": "https://forum.acme.example"}),
    "email": OURS,
    "hackernews": Config({"phrases": ["Acme"]}),
    "reddit": Config({"phrases": ["Acme"], "subreddits": ["acme"]}, addresses=("acme_desk", "r/devops")),
    "slack": Config({"rooms": ["C0SWAG001 swag"], "what": "both", "emoji": "ticket"}),
    "statuspage": Config({"api_base": "https://status.acme.example"}),
    "twitter": Config(addresses=("acme", "acmesupport"), channel_settings={"acme": {"user_id": "7003"}}),
}
"""With more of an adapter switched on than its payloads need."""


def configs(platform: str) -> list[Config]:
    paths = sorted((PAYLOADS / platform).glob("*config.json"))
    given = [_config(json.loads(path.read_text())) for path in paths]
    return [*given, *([SETTINGS[platform]] if platform in SETTINGS else [])] or [Config()]


def read(adapter: Adapter, document: Json, config: Config) -> int:
    """Reads it as the inbox does, and as ingest does from the database; returns the number of mentions."""
    found = 0
    try:
        items = adapter.split(document, config)
    except Malformed as error:
        _assert_has_message(error)
        return 0
    for item in items:
        assert isinstance(item.external_id, str)
        assert item.external_id
        stored = Item(item.external_id, json.loads(json.dumps(item.payload)), item.raw)
        try:
            assert len(adapter.fingerprint(item, config)) == 16
        except Malformed as error:
            _assert_has_message(error)
        try:
            mention = adapter.parse(stored, config)
        except Malformed as error:
            _assert_has_message(error)
            continue
        if mention is not None:
            found += 1
            _assert_sound(mention)
            if item.raw is not None:  # only its adapter has bounded it so far
                assert_storable(mention)
            assert len(digest(mention)) == 16
            adapter.reply_url(mention.url, mention.external_id, config)
            adapter.reply_length(mention.text[:5000])
    return found


def read_file(adapter: Adapter, data: bytes, config: Config) -> None:
    """As `inspect_payload` and a recorded file."""
    try:
        for document in adapter.documents(data, config):
            read(adapter, document, config)
    except Malformed as error:
        _assert_has_message(error)


def files_of(platform: str) -> list[Path]:
    return [sample.path for sample in SAMPLES if sample.platform == platform]


def _assert_has_message(error: Malformed) -> None:
    assert str(error).strip()


def _everywhere(value: Json, new: Json) -> Json:
    """Every leaf replaced."""
    if isinstance(value, dict):
        return {key: _everywhere(inner, new) for key, inner in value.items()}
    return [_everywhere(inner, new) for inner in value] if isinstance(value, list) else new


@pytest.mark.timeout(120)
@pytest.mark.parametrize("platform", IN_JSON)
def test_a_spoiled_payload_is_read_or_malformed(platform: str) -> None:
    adapter, each = all_adapters()[platform], configs(platform)

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(document=mutated(documents(PAYLOADS / platform)), config=st.sampled_from(each))
    def attack(document: Json, config: Config) -> None:
        read(adapter, document, config)

    attack()


SPLICES: dict[str, tuple[bytes, ...]] = {
    "email": (
        b"\n\n", b"\r", b"\r\n", b"\0", b"--", b"=?utf-8?B?", b"?=", b"<", b">", b'"', b";", b"From ",
        b"charset=utf-7\n", b"+2AA-", b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: message/rfc822\n\n", b"\nend\n",
        b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x-uuencode\n", b"begin 644 x\n",
        b"Content-Type: text/html; charset=utf-16\n\n", b"Content-Type: message/delivery-status\n\n", b"\xff\xfe",
        b"charset*0*=x''%", b"filename*1*=", b"Date: \n", b"References: <",
    ),
    "chatlog": (
        b"[12:00:00] ", b"25:61 ", b"2026-13-45T12:00:00 ", b"<ada> ", b"<@ada>", b"* ada ", b"\t", b"Acme ", b"\x03",
        b"-!-", "é".encode(), b"\r", b"\n", b"\n[12:00:00] <ada> Acme",
    ),
    "feed": (b"<", b"</item>", b"<item>", b"<entry>", b"]]>", b"<![CDATA[", b"&#0;", b"&", b"\xff\xfe", b"<pubDate>"),
}  # fmt: skip
"""Pieces of a format that make its reader take a turn."""
OF_JSON = (b"{", b"}", b"[", b"]", b",", b":", b'"', b"null", b"1e999", b'"id":', b"\\ud83d", b"\n", b"\xff\xfe")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_spoiled_file_is_read_or_malformed(platform: str) -> None:
    adapter, each = all_adapters()[platform], configs(platform)
    files = [path for path in files_of(platform) if platform in SPLICES or path.suffix == ".json"]
    samples = [path.read_bytes() for path in files if path.stat().st_size < 30_000]

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(data=mutated_bytes(samples, SPLICES.get(platform, OF_JSON)), config=st.sampled_from(each))
    def attack(data: bytes, config: Config) -> None:
        read_file(adapter, data, config)

    attack()


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_or_malformed(platform: str, data: bytes) -> None:
    for config in configs(platform):
        read_file(all_adapters()[platform], data, config)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("platform", IN_JSON)
def test_no_part_of_a_payload_can_be_made_to_fail(platform: str) -> None:
    """Any part replaced by any small attack: as many as there is time for, different ones in each run."""
    adapter, config = all_adapters()[platform], configs(platform)[0]
    wrong = []
    for document, about in _attacks(platform, SMALL, most=SMALL_ATTACKS):
        wrong += _complaint(adapter, document, config, about)
    assert wrong[:20] == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("platform", IN_JSON)
def test_a_megabyte_in_any_part_takes_no_time(platform: str) -> None:
    adapter, config = all_adapters()[platform], configs(platform)[0]
    wrong = []
    for document, about in _attacks(platform, LARGE, most=LARGE_ATTACKS):
        wrong += _complaint(adapter, document, config, about)
    assert wrong[:20] == []


@pytest.mark.parametrize("platform", IN_JSON)
def test_a_payload_of_nothing_but_one_attack_is_read_or_malformed(platform: str) -> None:
    adapter, config = all_adapters()[platform], configs(platform)[0]
    wrong = []
    for sample in _distinct(platform):
        for name, value in SMALL.items():
            wrong += _complaint(adapter, _everywhere(sample, value), config, name)
    assert wrong[:20] == []


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\xff\xfe\x00",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"null",
        b"7",
        b'"Acme"',
        b"<a" * 100_000,
        b"<a>" * 100_000,
        b"&#0;" * 10_000,
        b"1e999",
        b"9" * 10_000,
        b"\r\n" * 50_000,
    ],
    ids=lambda data: repr(data[:8]),
)
def test_a_file_of_garbage_is_read_or_malformed(platform: str, data: bytes) -> None:
    adapter, config = all_adapters()[platform], configs(platform)[0]

    def taken(length: int) -> None:
        read_file(adapter, data[:length], config)

    assert_linear(taken, len(data))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_file_that_is_cut_off_or_overwritten_is_read_or_malformed(platform: str) -> None:
    adapter, config = all_adapters()[platform], configs(platform)[0]
    for path in [path for path in files_of(platform) if path.stat().st_size < 200_000][:6]:
        data = path.read_bytes()
        for at in range(0, len(data), max(1, len(data) // 25)):
            for spoiled in (data[:at], data[:at] + b"\x00\xff" + data[at + 2 :]):
                read_file(adapter, spoiled, config)


def _complaint(adapter: Adapter, document: Json, config: Config, about: str) -> list[str]:
    began = time.process_time()
    try:
        read(adapter, document, config)
    except Exception as error:  # what is looked for
        place = error.__traceback__
        while place and place.tb_next:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename.rsplit('/', 3)[-2:]}:{place.tb_lineno}" if place else ""
        return [f"{about}: {type(error).__name__}: {str(error)[:200]} {where}"]
    took = time.process_time() - began
    return [f"{about}: {took:.1f} s"] if took > MAX_S else []


def _distinct(platform: str) -> list[Json]:
    """One sample for each set of parts, as few and as small as that: most payloads differ in their values only."""
    found: dict[frozenset[str], Json] = {}
    for document in sorted(documents(PAYLOADS / platform), key=lambda d: len(json.dumps(d))):
        parts = frozenset(str([p for p in spot if isinstance(p, str)]) for spot in spots(document, most=2))
        if not any(parts <= known for known in found):
            found.setdefault(parts, document)
    return list(found.values())[:8]
