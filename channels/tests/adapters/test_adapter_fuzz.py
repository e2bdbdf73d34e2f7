"""Payloads of every platform, spoiled: refused or read within a moment, never a failure of another kind.

A mention that is read from one is as sound as any: the desk relies on it whatever it was made of.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.contract import Adapter, Config, Item, Json, digest
from channels.errors import Malformed
from channels.registry.lookup import all_adapters
from channels.tests.adapters.test_contract import PAYLOADS, SAMPLES, _assert_sound, _config
from channels.tests.growth import assert_linear
from channels.tests.mutations import mutated

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
    spots = [list(_spots(sample)) for sample in samples]
    for _ in range(most):
        n = rng.randrange(len(samples))
        spot, name = rng.choice(spots[n]), rng.choice(list(values))
        yield _put(samples[n], spot, values[name]), f"{spot} {name}"


def configs(platform: str) -> list[Config]:
    paths = sorted((PAYLOADS / platform).glob("*config.json"))
    return [_config(json.loads(path.read_text())) for path in paths] or [Config()]


def read(adapter: Adapter, document: Json, config: Config) -> int:
    """As the inbox does it, and ingest after it has been in the database; how many mentions there were."""
    found = 0
    try:
        items = adapter.split(document, config)
    except Malformed as error:
        _assert_told(error)
        return 0
    for item in items:
        assert isinstance(item.external_id, str)
        assert item.external_id
        stored = Item(item.external_id, json.loads(json.dumps(item.payload)), item.raw)
        try:
            mark = adapter.fingerprint(item, config)
            mention = adapter.parse(stored, config)
        except Malformed as error:
            _assert_told(error)
            continue
        assert len(mark) == 16
        if mention is not None:
            found += 1
            _assert_sound(mention)
            assert len(digest(mention)) == 16
            adapter.reply_url(mention.url, mention.external_id, config)
            adapter.reply_length(mention.text[:5000])
    return found


def _assert_told(error: Malformed) -> None:
    assert str(error).strip()


def _spots(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from _spots(inner, (*path, key))


def _put(value: Json, path: tuple[Any, ...], new: Json) -> Json:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(copy[path[0]], path[1:], new)
    return copy


def _everywhere(value: Json, new: Json) -> Json:
    """Every leaf replaced."""
    if isinstance(value, dict):
        return {key: _everywhere(inner, new) for key, inner in value.items()}
    return [_everywhere(inner, new) for inner in value] if isinstance(value, list) else new


@pytest.mark.timeout(120)
@pytest.mark.parametrize("platform", IN_JSON)
def test_a_spoiled_payload_is_read_or_malformed(platform: str) -> None:
    adapter, each = all_adapters()[platform], configs(platform)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(document=mutated(_distinct(platform)), config=st.sampled_from(each))
    def attack(document: Json, config: Config) -> None:
        read(adapter, document, config)

    attack()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("platform", IN_JSON)
def test_no_part_of_a_payload_can_be_made_to_fail(platform: str) -> None:
    """Any part replaced by any small attack: as many of them as there is time for, other ones each time."""
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
        try:
            for document in adapter.documents(data[:length], config):
                read(adapter, document, config)
        except Malformed as error:
            _assert_told(error)

    assert_linear(taken, len(data))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_file_that_is_cut_off_or_overwritten_is_read_or_malformed(platform: str) -> None:
    adapter, config = all_adapters()[platform], configs(platform)[0]
    files: list[Path] = [s.path for s in SAMPLES if s.platform == platform and s.path.stat().st_size < 200_000]
    for path in files[:6]:
        data = path.read_bytes()
        for at in range(0, len(data), max(1, len(data) // 25)):
            for spoiled in (data[:at], data[:at] + b"\x00\xff" + data[at + 2 :]):
                try:
                    for document in adapter.documents(spoiled, config):
                        read(adapter, document, config)
                except Malformed as error:
                    _assert_told(error)


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


def _documents(platform: str) -> list[Json]:
    found = []
    for path in sorted((PAYLOADS / platform).glob("*.json")):
        if path.name.count(".") == 1 and path.stem != "config":
            try:
                found.append(json.loads(path.read_text()))
            except ValueError:  # one that is cut off on purpose
                continue
    return found


def _distinct(platform: str) -> list[Json]:
    """One sample for each set of parts, as few and as small as that: most payloads differ in their values only."""
    found: dict[frozenset[str], Json] = {}
    for document in sorted(_documents(platform), key=lambda d: len(json.dumps(d))):
        parts = frozenset(str([p for p in spot if isinstance(p, str)]) for spot in _spots(document))
        if not any(parts <= known for known in found):
            found.setdefault(parts, document)
    return list(found.values())[:8]
