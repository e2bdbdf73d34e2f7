"""Payloads spoiled at random places, for tests of readers: they may refuse, never fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    """The JSON payloads of a platform."""
    files = (p for p in sorted(folder.glob("*.json")) if p.name.count(".") == 1 and p.stem != "config")
    return [json.loads(path.read_text()) for path in files]


@st.composite
def mutated(draw: st.DrawFn, samples: list[Json]) -> Json:
    """One of the samples with one to three of its parts replaced by anything at all."""
    document = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(1, 3))):
        spot = draw(st.sampled_from(list(_spots(document))))
        document = _put(document, spot, draw(_VALUES))
    return document


def _spots(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from _spots(inner, (*path, key))


def _put(value: Json, path: tuple[Any, ...], new: Json) -> Json:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(copy[path[0]], path[1:], new)
    return copy
