"""Recorded files of any kind: one mail, an mbox of several, or a body without headers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from channels.adapters.email.mime.headers import without_blank_start
from channels.errors import Malformed

_MBOX_FROM = re.compile(rb"^From [^\r\n]+\r?\n(?=[!-9;-~]+[ \t]*:)", re.MULTILINE)
_ESCAPED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_QUOTED = re.compile(rb"(?:>[^\n]*+\n)++")
_HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:")
_MAIL_FIELDS = re.compile(
    rb"^(?:from|to|cc|bcc|subject|date|message-id|received|return-path|delivered-to|mime-version|content-[a-z-]+|reply-to"
    rb"|sender|in-reply-to|references|x-[a-z0-9-]+|dkim-signature|authentication-results|envelope-to)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_BINARY = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an Outlook .msg file; save it as .eml"),
    (b"\x7fELF", "a program"),
)
_HTML_START = re.compile(rb"\s*<(?:!doctype html|html|head|body|div|p|table)\b", re.IGNORECASE)
_CONTROLS = bytes(set(range(32)) - {0, 7, 8, 9, 10, 11, 12, 13, 27})


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a mail stored without headers."""

    data: bytes
    is_html: bool


def read_file(data: bytes) -> Iterator[bytes | Body]:
    """One document per mail in the file. Raises Malformed, with the reason, if it isn't mail."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip(b" \t\r\n\0"):
        raise Malformed("the file is empty; it should contain a mail, a mailbox or the text of a mail")
    for magic, what in _BINARY:
        if data.startswith(magic):
            raise Malformed(f"this is not a mail but {what}")
    data = without_blank_start(data)
    if data.startswith(b"From ") and _MBOX_FROM.match(data):
        yield from _mails_of_mbox(data)
    elif _has_headers(data):
        yield data
    else:
        yield _body(data)


def _mails_of_mbox(data: bytes) -> Iterator[bytes]:
    """mbox as in RFC 4155: a mail begins at a `From ` line between an empty line and a header; `>From ` at the start of
    a line is an escape added by the writer."""
    starts = [
        match
        for match in _MBOX_FROM.finditer(data)
        if match.start() == 0 or data[: match.start()].endswith((b"\n\n", b"\n\r\n"))
    ]
    ends = [match.start() for match in starts[1:]] + [len(data)]
    for match, end in zip(starts, ends, strict=True):
        mail = data[match.end() : end]
        if end < len(data):
            mail = mail[:-2] if mail.endswith(b"\r\n") else mail[:-1]
        yield _ESCAPED_FROM.sub(rb"\1", mail)


def _has_headers(data: bytes) -> bool:
    """Whether it starts with a header block that has at least one mail field."""
    data = data[match.end() :] if (match := _QUOTED.match(data)) else data
    if not _HEADER.match(data):
        return False
    head = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data[:65536] else data
    return bool(_MAIL_FIELDS.search(head.partition(b"\n\n")[0]))


def _body(data: bytes) -> Body:
    if _is_binary(data[:65536]):
        raise Malformed("this is not a mail: it contains binary data")
    if data[:1] in b"{[" and _is_json(data):
        raise Malformed("this is not a mail: it contains JSON")
    return Body(data, is_html=bool(_HTML_START.match(data)))


def _is_binary(sample: bytes) -> bool:
    """Many NULs, or more control characters than text has."""
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return sample.count(b"\0") > len(sample) // 4 or controls > len(sample) // 20


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
