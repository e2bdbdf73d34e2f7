"""The marks webhook: signed like the form webhook, safe to repeat.

A call is JSON: {"marks": [{"accounts": "gitlab=ana", "mark": "contributor", "at": "2026-11-23T09:30:00Z", …}]} with
the columns of the CSV file. `at` is when the mark was decided: the latest decision wins, so calls that are repeated,
late or out of order do no harm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from channels.adapters.form import signing
from channels.contract import Hook
from channels.errors import Malformed, RateLimited
from mentions.marks import applying
from mentions.marks.entries import COLUMNS, Entry, entry_of
from mentions.marks.planning import Plan
from mentions.text.storable_text import storable

MAX_BYTES = 256 * 1024
MAX_MARKS = 200
WINDOW_S = 60
MAX_CALLS = 120
"""Per address and window, valid or not."""


def receive(hook: Hook, now: datetime) -> Plan:
    """Apply a call and return what changed. Raises Refused (bad signature), RateLimited, Malformed, and NotAsPreviewed
    with the problems: then nothing was changed."""
    _count(hook.address, now)
    signing.signed_at(settings.MARKS_WEBHOOK_SECRET, hook, now)
    return applying.take_in(entries_in(hook.body, now), now)


def entries_in(body: bytes, now: datetime) -> list[Entry]:
    """The entries of a call, numbered from 1. Raises Malformed."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not JSON.") from error
    found = document.get("marks") if isinstance(document, dict) else None
    if not isinstance(found, list) or not 0 < len(found) <= MAX_MARKS:
        raise Malformed(f'"marks" must be a list of 1 to {MAX_MARKS} objects.')
    return [_entry(number, each, now) for number, each in enumerate(found, start=1)]


def _entry(number: int, item: Any, now: datetime) -> Entry:
    if not isinstance(item, Mapping):
        return Entry(number, problems=[_("is not an object")])
    unknown = [str(name)[:40] for name in item if name not in (*COLUMNS, "at")]
    problems = [_("there is no field “%(name)s”") % {"name": unknown[0]}] if unknown else []
    at = _time(item.get("at"))
    if at is None or (at - now) > signing.OLDEST:
        problems.append(_("“at” must be a time with its zone, such as 2026-11-23T09:30:00Z, and not in the future"))
    given = {name: _text(item[name]) for name in COLUMNS if name in item}
    return entry_of(number, given, problems, at or now)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return storable(value, 5_000) if isinstance(value, str) else "" if value is None else json.dumps(value)[:500]


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _count(address: str, now: datetime) -> None:
    """Raises RateLimited. While the cache is down, calls pass: the signature is still checked."""
    key = f"marks:{address[:60]}:{int(now.timestamp()) // WINDOW_S}"
    try:
        cache.add(key, 0, WINDOW_S * 2)
        if int(cache.incr(key)) > MAX_CALLS:
            raise RateLimited("Too many calls. Try again in a minute.", retry_after_s=WINDOW_S)
    except (RedisError, ValueError):
        return
