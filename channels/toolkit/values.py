"""Reads single values of a platform's JSON, where anything may be missing, null or of another type. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.contract import Item, Json
from channels.errors import ChannelError
from channels.toolkit.text import clean


def text_of(value: Json) -> str:
    """Cleaned and stripped; "" if it isn't text."""
    return clean(value).strip() if isinstance(value, str) else ""


def web_address_of(value: Json) -> str | None:
    """Text that begins like a web address."""
    link = text_of(value)
    return link if link.lower().startswith(("http://", "https://")) else None


def time_of(value: Json) -> datetime | None:
    """ISO 8601 as aware UTC; a time without a zone is taken for UTC."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC) if at else None
    except (ValueError, OverflowError):
        return None


def zoned_time_of(value: Json) -> datetime | None:
    """As `time_of`, but None for a time without a zone."""
    at = time_of(value)
    return at if at and datetime.fromisoformat(value).tzinfo else None


def moment_of(value: Json) -> datetime | None:
    """Epoch seconds, as a number or its digits, as aware UTC; None for anything else, and for 0."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def seconds_in(times: Iterable[datetime | None]) -> list[int]:
    """The times as epoch seconds, without None."""
    return [int(at.timestamp()) for at in times if at is not None]


def edited_at(created: datetime | None, updated: datetime | None, grace: timedelta = timedelta()) -> datetime | None:
    """`updated`, if it is later than `created` by more than `grace`: platforms set both when a post is created."""
    return updated if created and updated and updated - created > grace else None


def number_of(value: Json) -> str | None:
    """The digits of a positive number, given as a number or as text."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return value if isinstance(value, str) and value.isascii() and value.isdigit() else None


def count_of(value: Json) -> int:
    """0 for anything that is not a number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def one_line(value: Json, most: int = 200) -> str:
    """The text on one line, cut at `most` characters, without a full stop at the end."""
    return " ".join(str(value or "").split())[:most].rstrip(".")


def object_of(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def value_at(value: Json, *path: str) -> Json:
    """The value at a path of keys; None if anything on the way isn't an object or lacks the key."""
    for key in path:
        value = object_of(value).get(key)
    return value


def picked(entry: Mapping[str, Json], keys: Iterable[str]) -> dict[str, Json]:
    """The given keys with their values, as far as the object has them."""
    return {key: entry[key] for key in keys if key in entry}


def drop_none(entry: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in entry.items() if value is not None}


def list_of(value: Json) -> list[Any]:
    return value if isinstance(value, list) else []


def objects_of(value: Json) -> list[dict[str, Any]]:
    """The objects in a list; anything else in it is dropped."""
    return [entry for entry in list_of(value) if isinstance(entry, dict)]


def objects_in(value: Json, otherwise: ChannelError) -> list[dict[str, Any]]:
    """Like `objects_of`, for a required list. Raises `otherwise` without one."""
    if not isinstance(value, list):
        raise otherwise
    return objects_of(value)


MALFORMED = "malformed:"
"""Prefix of the id given to an item that has none: it mustn't vanish, so it is stored, and shown as unreadable."""


def malformed_id(value: Json) -> str:
    mark = hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=8).hexdigest()
    return f"{MALFORMED}{mark}"


def unique(items: Iterable[Item]) -> list[Item]:
    """The last item of each id, in the order of the first ones."""
    return list({item.external_id: item for item in items}.values())
