"""A tweet's creation time, from its id or from either API's timestamp. Pure.

The upper bits of an id are milliseconds since November 2010: https://docs.x.com/fundamentals/x-ids
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

EPOCH_MS = 1288834974657
_FIRST_SNOWFLAKE = 29_700_859_247  # older ids are sequential
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}


def snowflake_time(number: str) -> datetime | None:
    """Creation time of the tweet with this id, to the millisecond; None for ids from before November 2010."""
    value = int(number) if len(number) < 20 else 0
    if value < _FIRST_SNOWFLAKE:
        return None
    return datetime.fromtimestamp(((value >> 22) + EPOCH_MS) / 1000, UTC)


def snowflake_at(epoch_s: float) -> int:
    """The smallest id of a tweet created at that time."""
    return max(0, int(epoch_s * 1000) - EPOCH_MS) << 22


def created_at(tweet: Mapping[str, Any]) -> datetime | None:
    """`2026-05-04T09:00:00.000Z` (v2) or `Fri Jul 12 23:40:37 +0000 2019` (v1.1); None if unreadable."""
    value = tweet.get("created_at")
    if not isinstance(value, str):
        return None
    try:
        if value[:1].isdigit():
            at = datetime.fromisoformat(value)
            return at if at.tzinfo is UTC else at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
        _, month, day, clock, offset, year = value.split()  # Fri Jul 12 23:40:37 +0000 2019
        at = datetime.fromisoformat(f"{int(year):04}-{_MONTHS[month]:02}-{int(day):02}T{clock}{offset}")
        return at.astimezone(UTC)
    except (ValueError, KeyError, OverflowError):
        return None
