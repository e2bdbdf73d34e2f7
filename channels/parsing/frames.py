"""Length-prefixed frames between our processes: a JSON value plus byte strings.

JSON, not pickle: a parser reads hostile input, and an attacker who takes it over must not run code in the parent, which
has the database and the secrets; unpickling executes code. Bytes (emails, files) travel next to the JSON unencoded.
ASCII-only JSON preserves lone surrogates and NUL.

A frame: length of the JSON and number of byte strings (network order, 4 bytes each), the length of each byte string
(8 bytes), the JSON, the byte strings.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

MAX_FRAME = 256 * 1024 * 1024
_HEAD = struct.Struct("!II")
_LENGTH = struct.Struct("!Q")
_MAX_BLOBS = 100_000


class Frame(NamedTuple):
    value: Any
    blobs: list[bytes]


class BadFrame(Exception):
    """The peer doesn't speak this protocol."""


def packed(value: Any, blobs: Sequence[bytes] = ()) -> bytes:
    """A frame. Raises ValueError or TypeError if `value` isn't JSON, RecursionError if it's nested too deeply."""
    return packed_text(to_text(value), blobs)


def to_text(value: Any) -> bytes:
    return _written(value).encode("ascii")


_written = json.JSONEncoder(separators=(",", ":")).encode


def packed_text(body: bytes, blobs: Sequence[bytes] = ()) -> bytes:
    """A frame of serialised JSON."""
    if not blobs:
        return _HEAD.pack(len(body), 0) + body
    lengths = b"".join(_LENGTH.pack(len(blob)) for blob in blobs)
    return b"".join((_HEAD.pack(len(body), len(blobs)), lengths, body, *blobs))


class Unpacker:
    """Assembles frames from arriving bytes."""

    def __init__(self, max_bytes: int = MAX_FRAME) -> None:
        self._buffer = bytearray()
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> Frame | None:
        """The next complete frame, None if there is none yet. Raises BadFrame."""
        buffer = self._buffer
        if len(buffer) < _HEAD.size:
            return None
        length, count = _HEAD.unpack_from(buffer)
        start = _HEAD.size + count * _LENGTH.size
        if count > _MAX_BLOBS or length > self._max_bytes:
            raise BadFrame("a frame is too large")
        if len(buffer) < start:
            return None
        sizes = [_LENGTH.unpack_from(buffer, _HEAD.size + n * _LENGTH.size)[0] for n in range(count)]
        end = start + length + sum(sizes)
        if end > self._max_bytes:
            raise BadFrame("a frame is too large")
        if len(buffer) < end:
            return None
        return self._take(start, length, sizes, end)

    def _take(self, start: int, length: int, sizes: list[int], end: int) -> Frame:
        with memoryview(self._buffer) as view:
            body = bytes(view[start : start + length])
            at, blobs = start + length, []
            for size in sizes:
                blobs.append(bytes(view[at : at + size]))
                at += size
        del self._buffer[:end]
        try:
            return Frame(json.loads(body), blobs)
        except (ValueError, RecursionError) as error:
            raise BadFrame("a frame is not JSON") from error
