"""Parses the date formats found in feeds. Pure.

feedparser knows RFC 822, W3CDTF, ISO 8601 and several national styles
(https://feedparser.readthedocs.io/en/latest/date-parsing.html); the rest is parsed here. A date without a zone is taken
as UTC, an unreadable one as missing.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_SHAPES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y",
           "%d %B %Y", "%B %d, %Y", "%b %d, %Y")  # fmt: skip
_EPOCH = re.compile(r"\d{9,10}(\d{3})?\Z")


def moment(parsed: Any, text: str) -> str | None:
    """ISO 8601 in UTC from feedparser's time (already UTC) or from the text; None if neither is plausible."""
    at = _from_struct(parsed) or from_text(text)
    return at.isoformat() if at else None


def _from_struct(parsed: Any) -> datetime | None:
    try:
        return _sane(datetime.fromtimestamp(calendar.timegm(parsed), UTC)) if parsed else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def from_text(text: str) -> datetime | None:
    text = " ".join(text.split())[:80]
    if not text:
        return None
    if _EPOCH.match(text):
        return _sane(datetime.fromtimestamp(int(text[:10]), UTC))
    for read in (datetime.fromisoformat, parsedate_to_datetime, _by_shape):
        try:
            at = read(text)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        try:
            return _sane(at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC))
        except (ValueError, OverflowError):
            return None
    return None


def _by_shape(text: str) -> datetime:
    for shape in _SHAPES:
        try:
            return datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(text)


def _sane(at: datetime) -> datetime | None:
    """Clocks that were never set report 1970."""
    return at if EARLIEST <= at <= LATEST else None
