"""A mail's part tree, read from bytes. Never raises: whatever can't be parsed becomes plain text or an attachment.

Boundaries are searched outermost first, so parts keep their bytes up to the last line ending (an attachment's sha256 is
that of the original file). Depth and number of parts are bounded, since a mail may be nested maliciously.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from channels.adapters.email.mime.charset_guess import MAX_BYTES, decodes
from channels.adapters.email.mime.charsets import codec_for, decode, guess_charset, is_declared, says_little
from channels.adapters.email.mime.headers import Headers, from_base64, plain, read_headers, read_params

MAX_DEPTH = 20
MAX_PARTS = 500

_BEGINNING = 32 * 1024
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\Z")
_GUESSED_BOUNDARY = re.compile(rb"\s*--(\S[^\r\n]{0,200})\r?\n")
_BARE_LINE_END = re.compile(rb"\r\n|\r")


@dataclass(slots=True)
class Part:
    """One node. `type` is lower-case `main/sub`; `body` is still transfer-encoded; only multiparts have `children`."""

    headers: Headers
    body: bytes
    type: str
    params: dict[str, str]
    children: list[Part] = field(default_factory=list)
    guessed: str = ""
    """Charset of a text that declares none and isn't UTF-8."""

    def disposition(self) -> tuple[str, dict[str, str]]:
        return read_params(self.headers.first("content-disposition"))

    def filename(self) -> str:
        """As the sender wrote it, decoded; "" if there is none."""
        return self.disposition()[1].get("filename") or self.params.get("name") or ""

    def content_id(self) -> str | None:
        return plain(self.headers.first("content-id")).strip("<> ")[:300] or None

    def content(self) -> bytes:
        """The content, transfer encoding undone."""
        encoding = self.headers.first("content-transfer-encoding").partition(";")[0].strip(" \t\"'").lower()
        if encoding == "base64":
            return from_base64(self.body)
        if encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
            files = uuencoded(self.body)
            return files[0].content if files else self.body
        return self.body

    def text(self) -> str:
        """The content as text with `\\n` line ends."""
        text = self.decoded(self.content())
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    def decoded(self, content: bytes) -> str:
        return decode(content, self.charset(), self.guessed)

    def charset(self) -> str:
        """As declared, "" if it isn't. A valid one in the MIME header takes precedence over the one in the HTML (RFC
        2854, section 6)."""
        declared = self.params.get("charset", "")
        if self.type == "text/html" and (not declared or codec_for(declared) is None):
            inside = _META_CHARSET.search(self._beginning()[:4096])
            return inside[1].decode("ascii") if inside else ""
        return declared

    def undeclared(self) -> bytes:
        """The first lines that have 8-bit bytes, if this is a text that declares no charset and isn't UTF-8."""
        if self.type not in ("text/plain", "text/html") or is_declared(self.charset()):
            return b""
        lines = b"\n".join(line for line in self._beginning().splitlines() if not line.isascii())
        return b"" if decodes(lines, "utf-8") else lines[:MAX_BYTES]

    def _beginning(self) -> bytes:
        return replace(self, body=self.body[:_BEGINNING]).content()

    def walk(self) -> Iterator[Part]:
        yield self
        for child in self.children:
            yield from child.walk()


def read_mail(data: bytes) -> Part:
    """The part tree of one mail."""
    mail = _read(data, "text/plain", 0, [MAX_PARTS])
    undeclared = [(part, sample) for part in mail.walk() if (sample := part.undeclared())]
    if undeclared:
        mail.headers.body_sample = b"\n".join(sample for _, sample in undeclared[:4])
        for part, sample in undeclared:
            part.guessed = guess_charset(sample, mail.headers.body_charset, mail.headers.raw())
    return mail


def _read(data: bytes, default_type: str, depth: int, budget: list[int]) -> Part:
    headers, body = read_headers(data)
    declared, params = read_params(headers.first("content-type"))
    kind = declared if _TYPE.match(declared) else _repaired(declared, default_type)
    part = Part(headers, body, kind[:150], params)
    if kind.startswith("multipart/") and depth < MAX_DEPTH:
        inner_default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        for piece in split_parts(body, _boundary(part)):
            if budget[0] <= 0:
                break
            budget[0] -= 1
            part.children.append(_read(piece, inner_default, depth + 1, budget))
    found = (part.charset(), *(child.headers.body_charset for child in part.children))
    headers.body_charset = next((each for each in found if not says_little(each)), "")
    return part


def _repaired(declared: str, default_type: str) -> str:
    """RFC 2045, 5.2: an unparsable type is text/plain; a bare `text` or `html` is unambiguous."""
    word = declared.split()[0] if declared.split() else ""
    if _TYPE.match(word):
        return word
    return {"": default_type, "html": "text/html", "multipart": "multipart/mixed"}.get(word, "text/plain")


def _boundary(part: Part) -> bytes:
    boundary = part.params.get("boundary", "").encode("utf-8", "replace")
    if boundary and b"--" + boundary in part.body:
        return boundary
    guessed = _GUESSED_BOUNDARY.match(part.body)
    return guessed[1].rstrip() if guessed else boundary


def split_parts(body: bytes, boundary: bytes) -> list[bytes]:
    """The bytes between the boundary lines; [] if there are none. Preamble and epilogue are dropped."""
    if not boundary:
        return []
    delimiter, pieces, start, at = b"--" + boundary, [], -1, 0
    while (found := body.find(delimiter, at)) >= 0:
        at = found + len(delimiter)
        if found and body[found - 1] not in b"\r\n":
            continue
        closing = body[at : at + 2] == b"--"
        line_end = at + 2 if closing else at
        while body[line_end : line_end + 1] in (b" ", b"\t"):
            line_end += 1
        if body[line_end : line_end + 1] not in (b"\r", b"\n", b""):
            continue  # a longer boundary with this one as prefix
        if start >= 0:
            pieces.append(body[start : _without_line_end(body, found)])
        start = line_end + (2 if body[line_end : line_end + 2] == b"\r\n" else 1)
        if closing:
            return pieces
        at = max(at, start - 1)
    if 0 <= start < len(body):
        pieces.append(body[start:])
    return pieces


def _without_line_end(body: bytes, end: int) -> int:
    if body[end - 2 : end] == b"\r\n":
        return end - 2
    return end - 1


@dataclass(frozen=True, slots=True)
class Uuencoded:
    """A file embedded in the text: `begin 644 name` … `end`; the offsets span those lines."""

    name: str
    content: bytes
    start: int
    end: int


_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^(?:`|[ ])?\r?\n?end[ \t]*(?:\r?\n|\Z)", re.MULTILINE)


def uuencoded(body: bytes) -> list[Uuencoded]:
    """Uuencoded files in a body. Text that only mentions `begin 644` is left alone: every line must decode."""
    found: list[Uuencoded] = []
    at = 0
    while begin := _UU_BEGIN.search(body, at):
        at = begin.end()
        end = _UU_END.search(body, at)
        if end is None:
            break
        content = _uu_lines(body[begin.end() : end.start()])
        if content is not None:
            at = end.end()
            found.append(Uuencoded(decode(begin[1]).strip(), content, begin.start(), end.end()))
    return found


def _uu_lines(block: bytes) -> bytes | None:
    out = []
    for line in _BARE_LINE_END.sub(b"\n", block).split(b"\n"):
        if not line or line in (b"`", b" "):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            try:  # some encoders miscount; workaround from https://docs.python.org/3.11/library/uu.html
                out.append(binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3]))
            except binascii.Error:
                return None
    return b"".join(out)
