"""Removes old raw payloads, which serve only to parse an item again after a fix.

Pending and unreadable items keep theirs whatever their age: there is no other copy of their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Max, Min, Q

from channels.models import InboundItem

PORTION = 5000
"""Ids per statement; each statement is a separate transaction."""
WITH_RAW = Q(payload__isnull=False) | Q(raw__isnull=False)
"""Items that can be parsed again."""

_EMPTY = """
UPDATE channels_inbounditem SET payload = NULL, raw = NULL
 WHERE id >= %s AND id < %s AND fetched_at < %s AND state IN ('stored', 'ignored')
   AND (payload IS NOT NULL OR raw IS NOT NULL)
"""


def remove_raw(before: datetime) -> int:
    """Delete payloads and raw emails of settled items fetched before `before`; returns how many items. Their rows, and
    the messages made from them, stay."""
    old = InboundItem.objects.filter(created_at__lt=before)
    ends = old.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return 0
    removed = 0
    for start in range(ends["first"], ends["last"] + 1, PORTION):
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY, [start, start + PORTION, before])
            removed += cursor.rowcount
    return removed


_EMPTY_NAMING = """
UPDATE channels_inbounditem SET payload = NULL, raw = NULL, error = ''
 WHERE id >= %(first)s AND id < %(end)s AND state IN ('stored', 'ignored')
   AND (payload::text ~* %(pattern)s OR encode(raw, 'escape') ~* %(pattern)s)
"""


def remove_raw_naming(names: Iterable[str]) -> int:
    """Delete the raw form of settled items that contain any of these names; returns how many items."""
    pattern = _pattern(names)
    ends = InboundItem.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if not pattern or ends["first"] is None:
        return 0
    removed = 0
    for start in range(ends["first"], ends["last"] + 1, PORTION):
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY_NAMING, {"first": start, "end": start + PORTION, "pattern": pattern})
            removed += cursor.rowcount
    return removed


def waiting_naming(names: Iterable[str]) -> int:
    """How many pending or unreadable items contain any of these names."""
    pattern = _pattern(names)
    if not pattern:
        return 0
    sql = """SELECT count(*) FROM channels_inbounditem WHERE state IN ('pending', 'failed')
        AND (payload::text ~* %(pattern)s OR encode(raw, 'escape') ~* %(pattern)s)"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"pattern": pattern})
        return int(cursor.fetchone()[0])


def _pattern(names: Iterable[str]) -> str:
    """A PostgreSQL regular expression that matches any name as a whole word; "" for none."""
    escaped = [re.sub(r"([^\w\s])", r"\\\1", name) for name in names if name.strip()]
    return rf"(^|[^[:alnum:]_])({'|'.join(escaped)})($|[^[:alnum:]_])" if escaped else ""
