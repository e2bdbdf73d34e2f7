"""Payloads corrupted at random places, for tests of parsers: they may refuse, but never fail."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from channels.contract import Json

_ODD = (
    "",
    "\x00",
    "\ud83d",
    "²",
    "١",
    "9" * 30,
    "2026-13-45",
    2**70,
    -1,
    "https://t.co/x",
    "@acme",
    [None],
    [{}],
    [[]],
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(_ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def documents(folder: Path) -> list[Json]:
    """The JSON payloads of a platform, except intentionally truncated ones."""
    found = []
    for path in sorted(folder.glob("*.json")):
        if path.name.count(".") == 1 and path.stem != "config":
            with suppress(ValueError):
                found.append(json.loads(path.read_text()))
    return found


@st.composite
def mutated_bytes(draw: st.DrawFn, samples: list[bytes], splices: tuple[bytes, ...]) -> bytes:
    """One of the samples, cut, overwritten, spliced with pieces of the format or with the beginning of another."""
    chance = draw(st.randoms(use_true_random=False))
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(chance.randint(1, 12)):
        _spoil(data, chance, samples, splices)
    return bytes(data)


def _spoil(data: bytearray, chance: random.Random, samples: list[bytes], splices: tuple[bytes, ...]) -> None:
    at = chance.randrange(len(data) + 1)
    match chance.randrange(5):
        case 0:
            data[at : at + chance.randint(1, 40)] = b""
        case 1:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
        case 2:
            data[at:at] = chance.choice(splices)
        case 3:
            data[at : at + 1] = bytes([chance.randrange(256)])
        case _:
            other = chance.choice(samples)
            data[at:at] = other[: chance.randrange(len(other) + 1)]


@st.composite
def mutated(draw: st.DrawFn, samples: list[Json]) -> Json:
    """One of the samples with one to three of its parts replaced by arbitrary values."""
    document = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(1, 3))):
        spot = draw(st.sampled_from(list(spots(document))))
        document = put(document, spot, draw(_VALUES))
    return document


def spots(value: Json, path: tuple[Any, ...] = (), most: int | None = None) -> Iterator[tuple[Any, ...]]:
    """The path of each part of a document, in at most `most` entries of a list."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value[:most]) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from spots(inner, (*path, key), most)


def put(value: Json, path: tuple[Any, ...], new: Json) -> Json:
    """A copy of the document with one part replaced."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy
