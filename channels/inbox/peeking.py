"""Hints about an unreadable item: sender, subject, URL, time. Pure.

Doesn't use the parser that failed: a bounded scan of the first bytes that can't take long. The result is a hint for
people and decides nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from channels.links.web_addresses import web_address

HEAD = 16 * 1024
"""Bytes of an item to scan."""
MAX_LINES = 300
MAX_VALUE = 300
_SENDER = ("screen_name", "username", "acct", "handle", "login", "from", "by", "author_name", "display_name", "author")
_SUBJECT = ("subject", "title", "story_title", "thread_title")
_URL = ("html_url", "permalink", "url", "link", "uri")
_STRING = re.compile(rf'"((?:[^"\\]|\\.){{1,{MAX_VALUE}}}+)"')


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Hints about an item; empty if unknown."""

    sender: str = ""
    subject: str = ""
    url: str = ""
    posted_at: datetime | None = None


def peek(payload: str | None, raw: bytes | None) -> Glimpse:
    """`payload`: JSON text, `raw`: a mail."""
    if raw is not None:
        return _of_mail(raw[:HEAD])
    return _of_json((payload or "")[:HEAD])


def _of_mail(head: bytes) -> Glimpse:
    found: dict[str, str] = {}
    for line in head.split(b"\n", MAX_LINES)[:MAX_LINES]:
        if not line.strip():
            break
        name, colon, value = line.partition(b":")
        key = name.strip().lower().decode("ascii", "replace")
        if colon and key in ("from", "subject", "date") and key not in found:
            found[key] = _line(value.decode("utf-8", "replace"))
    return Glimpse(found.get("from", ""), found.get("subject", ""), "", _date(found.get("date", "")))


def _of_json(head: str) -> Glimpse:
    return Glimpse(_first(head, _SENDER), _first(head, _SUBJECT), web_address(_first(head, _URL)))


def _first(head: str, names: tuple[str, ...]) -> str:
    for name in names:
        at = head.find(f'"{name}":')
        if at >= 0:
            following = head[at + len(name) + 3 : at + len(name) + 3 + 2 * MAX_VALUE].lstrip()
            if (match := _STRING.match(following)) and (value := _line(_unescaped(match[1]))):
                return value
    return ""


def _unescaped(text: str) -> str:
    """Decodes JSON escapes that are common in names and titles; others stay unchanged."""
    return text.replace('\\"', '"').replace("\\/", "/").replace("\\n", " ").replace("\\\\", "\\")


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text[:MAX_VALUE]).split())


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text[:60])
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
