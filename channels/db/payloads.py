"""Stores JSON that PostgreSQL's jsonb rejects (NUL, lone surrogates, NaN) without loss. Pure.

jsonb refuses \\u0000 and unpaired surrogates: https://www.postgresql.org/docs/current/datatype-json.html
Such a payload is stored as one string of pure-ASCII JSON under `ESCAPED`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from channels.contract import Json

ESCAPED = "__escaped_json__"
MAX_ID = 500
DEEP = 200
_LONG_ID_HEAD = 400


def to_json(payload: Json) -> str:
    """JSON text that jsonb accepts; `restored` reverses it."""
    try:
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False)
        text.encode()
        if _is_deep(payload, text):
            return _escaped(payload)
    except RecursionError:
        return _escaped(payload)
    except ValueError:  # NaN, infinity, or a lone surrogate (UnicodeEncodeError is a ValueError)
        return _escaped(payload)
    if "\\u0000" in text or (isinstance(payload, dict) and ESCAPED in payload):
        return _escaped(payload)
    return text


def storable(payload: Json) -> Json:
    """Like `to_json`, but an object for a JSONField."""
    return json.loads(to_json(payload))


def restored(stored: Json) -> Json:
    """The original payload, from the stored object."""
    if isinstance(stored, dict) and len(stored) == 1 and ESCAPED in stored:
        return json.loads(stored[ESCAPED])
    return stored


def from_json(text: str | bytes) -> Json:
    """The original payload, from the stored JSON text."""
    return restored(json.loads(text))


def canonical_digest(payload: Json, raw: bytes | None) -> bytes:
    """16 bytes over the whole item, for one that can't be parsed: any change counts as an edit."""
    try:
        text = _sorted(payload)
    except RecursionError:
        text = _written(payload)
    return hashlib.blake2b(text.encode() + b"\0" + (raw or b""), digest_size=16).digest()


_sorted = json.JSONEncoder(sort_keys=True, default=str).encode


def storable_id(external_id: str) -> str:
    """The id, fit for its column and still unique: if it's too long or contains NUL, its tail becomes a digest."""
    if external_id.isascii() and "\0" not in external_id and len(external_id) <= MAX_ID:
        return external_id
    clean = external_id.replace("\0", "").encode("utf-8", "ignore").decode()
    if clean == external_id and len(external_id) <= MAX_ID:
        return external_id
    tail = hashlib.blake2b(external_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{clean[:_LONG_ID_HEAD]}#{tail}"


def _escaped(payload: Json) -> str:
    try:
        text = json.dumps(payload, ensure_ascii=True)
    except RecursionError:
        text = _written(payload)
    return json.dumps({ESCAPED: text})


def _is_deep(payload: Json, text: str) -> bool:
    """Whether it's nested so deeply that a reader (the database, a page) may overflow its stack. As a string it's
    flat."""
    if text.count("[") + text.count("{") < DEEP:
        return False
    level, depth = [payload], 0
    while level := [inner for value in level for inner in _inside(value)]:
        depth += 1
        if depth >= DEEP:
            return True
    return False


def _inside(value: Json) -> list[Json]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in inner if isinstance(each, dict | list)]


def _written(payload: Json) -> str:
    """Serialises JSON of any depth, without recursion."""
    parts: list[str] = []
    todo: list[tuple[bool, Any]] = [(False, payload)]
    while todo:
        is_text, value = todo.pop()
        if is_text:
            parts.append(value)
        elif isinstance(value, list):
            inner = [pair for each in value for pair in ((True, ","), (False, each))][1:]
            todo += reversed([(True, "["), *inner, (True, "]")])
        elif isinstance(value, dict):
            pairs = [((True, ","), (True, f"{json.dumps(str(key))}:"), (False, each)) for key, each in value.items()]
            todo += reversed([(True, "{"), *[piece for pair in pairs for piece in pair][1:], (True, "}")])
        else:
            parts.append(json.dumps(value))
    return "".join(parts)
