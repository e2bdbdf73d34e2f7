"""A mail's header block: fields, encoded words (RFC 2047), parameters (RFC 2231), dates.

Works on bytes, without the `email.policy.default` parser, which is ten times slower and raises on malformed mail.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from urllib.parse import unquote_to_bytes

from channels.adapters.email.mime.charsets import decode, guess_charset

_NAME = re.compile(rb"[!-9;-~]+\Z")
_BLANK_START = re.compile(rb"(?:[ \t]*\r?\n)+")
_END = re.compile(rb"\n\r?\n")
_LOOKS_LIKE_HEADER = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|received|return-path|reply-to|sender|references|in-reply-to"
    rb"|content-[a-z-]+|x-[a-z0-9-]+)[ \t]*:",
    re.IGNORECASE,
)
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_EXPECTED = frozenset(
    (
        *("from", "to", "subject", "date", "message-id", "received", "mime-version", "content-type", "references"),
        *("sender", "content-transfer-encoding", "return-path", "in-reply-to", "reply-to"),
    )
)
"""While one of these is still ahead, a line that isn't a header doesn't end the block."""
_STRUCTURED = frozenset(("from", "sender", "reply-to", "to", "cc", "date", "message-id", "in-reply-to", "references"))
"""A stray line in these fields would add an address or date, so they take one only if they are visibly cut off."""
_WORD = re.compile(r"=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_PARAM = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")


class Headers:
    """Fields by lower-case name, in order of appearance, unfolded but not decoded."""

    __slots__ = ("_charset", "_fields", "body_charset", "body_sample")

    def __init__(self) -> None:
        self._fields: dict[str, list[bytes]] = {}
        self._charset: str | None = None
        self.body_charset = ""
        """The body's declared charset, if any: the best hint for headers that declare none."""
        self.body_sample = b""
        """The beginning of a body that declares none: guessed together with the headers."""

    def add(self, name: str, value: bytes) -> None:
        self._fields.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __len__(self) -> int:
        return len(self._fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def all(self, name: str) -> list[str]:
        """Every value of a field, encoded words still encoded (structure is parsed before decoding)."""
        return [_one_line(self._decoded(value)) for value in self._fields.get(name, ())]

    def first(self, name: str) -> str:
        values = self._fields.get(name)
        return _one_line(self._decoded(values[0])) if values else ""

    def text(self, name: str) -> str | None:
        """First value for display: encoded words decoded, whitespace normalised. None if there is no such field."""
        values = self._fields.get(name)
        return plain(self._decoded(values[0])) if values else None

    def _decoded(self, value: bytes) -> str:
        return decode(value) if value.isascii() else decode(value, self._charset_of_all())

    def _charset_of_all(self) -> str:
        """The charset of all raw 8-bit fields, guessed once: a longer sample gives a better guess."""
        if self._charset is None:
            self._charset = guess_charset(self.raw(), self.body_charset, self.body_sample)
        return self._charset

    def raw(self) -> bytes:
        """All fields that have 8-bit bytes."""
        return b"\n".join(each for values in self._fields.values() for each in values if not each.isascii())


def _one_line(value: str) -> str:
    return value.replace("\n", " ").replace("\r", " ").strip()


def plain(value: str) -> str:
    return _BLANKS.sub(" ", decode_words(value)).strip()


def without_blank_start(data: bytes) -> bytes:
    """The data from its first non-blank line on, including that line's indentation."""
    return data[match.end() :] if (match := _BLANK_START.match(data)) else data


def read_headers(data: bytes) -> tuple[Headers, bytes]:
    """Header fields and body of a mail or part. Accepts any line ending, and a missing blank line before the body."""
    headers = Headers()
    if data[:1] in (b"\n", b"\r"):
        return headers, data[2:] if data[:2] == b"\r\n" else data[1:]
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    end = _END.search(data)
    block, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    lines = block.split(b"\n")
    last = _last_places(lines)
    name, pieces = "", [b""]
    for number, line in enumerate(lines):
        if line[:1] in (b" ", b"\t") and name:
            pieces.append(line.rstrip(b"\r"))
            continue
        field, colon, rest = line.rstrip(b"\r").partition(b":")
        if not colon or not _NAME.match(field.rstrip()):
            if line.startswith((b"From ", b">From ")):
                continue
            if _headers_go_on(headers, name, lines, number, last):
                if name not in _STRUCTURED or line[:1] == b"<" or pieces[-1].rstrip()[-1:] in (b",", b";"):
                    pieces.append(b" " + line.rstrip(b"\r"))  # a continuation that only lacks the leading space
                continue
            body = data[sum(len(each) + 1 for each in lines[:number]) :] if line.strip() or end is None else body
            break
        if name:
            headers.add(name, b"".join(pieces))
        name, pieces = field.rstrip().decode("ascii").lower(), [rest]
    if name:
        headers.add(name, b"".join(pieces))
    return headers, body


def _last_places(lines: list[bytes]) -> dict[str, int]:
    """Line number of the last occurrence of each field that every mail has."""
    found = ((match[1].decode().lower(), number) for number, line in enumerate(lines) if (match := _FIELD.match(line)))
    return {name: number for name, number in found if name in _EXPECTED}


def _headers_go_on(headers: Headers, name: str, lines: list[bytes], number: int, last: dict[str, int]) -> bool:
    """True for a broken line within the headers, False if the body starts without a blank line. Before the first header
    only quoted lines are allowed."""
    if not name:
        return lines[number].startswith(b">") and len(last) >= 2
    if any(_LOOKS_LIKE_HEADER.match(line) for line in lines[number + 1 : number + 4]):
        return True
    return any(place > number and each not in headers and each != name for each, place in last.items())


def decode_words(value: str) -> str:
    """Decodes encoded words (RFC 2047); broken ones stay as written. Adjacent words of the same charset are decoded
    together, since mailers split them within a character."""
    if "=?" not in value:
        return value
    out: list[str] = []
    pending: list[bytes] = []
    charset, position = "", 0
    for match in _WORD.finditer(value):
        between = value[position : match.start()]
        if pending and (between.strip() or match[1].lower() != charset):
            out.append(decode(b"".join(pending), charset))
            pending = []
        if between.strip() or not position:
            out.append(between)
        charset, position = match[1].lower(), match.end()
        pending.append(_word_bytes(match[2], match[3]))
    if pending:
        out.append(decode(b"".join(pending), charset))
    out.append(value[position:])
    return "".join(out)


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return _HEX.sub(lambda m: bytes((int(m[1], 16),)), data.replace(b"_", b" "))
    return from_base64(data)


def from_base64(data: bytes) -> bytes:
    """Lenient base64: junk is skipped, padding may be missing or misplaced."""
    try:
        return base64.b64decode(data)
    except (binascii.Error, ValueError):
        pass
    chunks = (re.sub(rb"[^A-Za-z0-9+/]", b"", chunk) for chunk in data.split(b"="))
    out = []
    for chunk in chunks:
        usable = chunk[: len(chunk) - 1] if len(chunk) % 4 == 1 else chunk
        out.append(base64.b64decode(usable + b"=" * (-len(usable) % 4)))
    return b"".join(out)


def read_params(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset="x"; name*0*=…` → lower-case main value and decoded parameters (RFC 2231, and misplaced RFC
    2047 words)."""
    main = value.partition(";")[0].strip().lower()
    if ";" not in value:
        return main, {}
    params: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAM.finditer(value):
        name, text = match[1].lower(), match[2].strip()
        if text.startswith('"'):
            text = _ESCAPED.sub(r"\1", text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:])
        base, star, index = name.partition("*")
        if star:
            number = index.rstrip("*")
            pieces.setdefault(base, []).append((int(number) if number.isdecimal() else 0, name.endswith("*"), text))
        else:
            params.setdefault(name, decode_words(text).strip())
    for base, parts in pieces.items():
        params[base] = _join_pieces(sorted(parts, key=lambda piece: piece[0]))
    return main, params


def _join_pieces(parts: list[tuple[int, bool, str]]) -> str:
    charset: str | None = None
    pieces: list[bytes] = []
    for position, (_, extended, text) in enumerate(parts):
        if position == 0 and extended and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        pieces.append(unquote_to_bytes(text) if extended else text.encode("utf-8", "replace"))
    return decode(b"".join(pieces), charset)


def read_date(value: str) -> datetime | None:
    """Aware UTC; None if unreadable. A date without a zone is taken as UTC (RFC 5322, 3.3: -0000)."""
    try:
        parsed = parsedate_tz(value)
        if parsed is None:
            return None
        offset = timedelta(seconds=parsed[9] or 0)
        second = min(parsed[5], 59)  # leap seconds are valid
        at = datetime(*parsed[:5], second, tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if 1970 <= at.year < 2200 else None
