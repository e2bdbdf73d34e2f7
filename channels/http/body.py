"""HTTP response bodies: JSON in any charset, with escapes that a database can't store replaced. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from channels.contract import Json

# JSON can escape characters that PostgreSQL's jsonb rejects: NUL and lone surrogates.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(
    rb"\\(?:[^u]|u(?:(0000)|[dD][89abAB][0-9a-fA-F]{2}(?:(\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?!\\u[dD][c-fC-F])())"
    rb"|([dD][c-fC-F][0-9a-fA-F]{2})|[0-9a-fA-F]{4}))"
)


@dataclass(frozen=True, slots=True)
class Raw:
    """A response of any status with its complete body."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def decode_json(raw: Raw) -> Json:
    """The parsed body, even if the charset header is wrong. Raises ValueError."""
    if not raw.content.strip():
        raise ValueError("empty body")
    content = _ESCAPE.sub(_storable, raw.content) if _SUSPECT.search(raw.content) else raw.content
    try:
        return json.loads(content)
    except UnicodeDecodeError:
        declared = raw.headers.get("Content-Type", "").lower().partition("charset=")[2].partition(";")[0].strip("\"' ")
        try:
            return json.loads(content.decode(declared or "cp1252", "replace"))
        except LookupError:
            return json.loads(content.decode("cp1252", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def not_json(raw: Raw) -> str:
    start = raw.content.lstrip()[:20].lower()
    if not start:
        return "returned an empty body"
    if start.startswith(b"<"):
        return "returned a web page instead of JSON"
    return "returned broken JSON (cut off?)"


def _storable(escape: re.Match[bytes]) -> bytes:
    return escape[0] if escape[2] or escape.lastindex is None else b"\\ufffd"
