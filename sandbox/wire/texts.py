"""Times, words and markup as several platforms write them."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
_WORD = re.compile(r"\w+")


def iso(at: float) -> str:
    """`2026-11-21T10:00:00.000Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_seconds(at: float) -> str:
    """`2026-11-21T10:00:00Z`."""
    return datetime.fromtimestamp(int(at), UTC).isoformat().replace("+00:00", "Z")


def words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def is_found(wanted: list[str], text: str) -> bool:
    """As fuzzy as the real searches: each query word is the beginning of some word of the text."""
    said = words(text)
    return all(any(word.startswith(one) for word in said) for one in wanted)


def paragraphs(text: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", text.strip()) if part]


def linked(text: str, rel: str = "") -> str:
    """Escaped, with bare links as anchors."""
    mark = f' rel="{rel}"' if rel else ""
    return LINK.sub(rf'<a href="\g<0>"{mark}>\g<0></a>', html.escape(text, quote=False))
