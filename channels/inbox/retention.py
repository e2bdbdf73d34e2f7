"""How long the raw form of what came in is kept: it serves to read an item again after a fix, and for nothing else.

What waits, or could not be read yet, is kept whatever its age: nobody has its words otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Max, Min, Q

from channels.models import InboundItem

PORTION = 5000
"""Ids that one statement looks at; each is a transaction of its own."""
WITH_RAW = Q(payload__isnull=False) | Q(raw__isnull=False)
"""Items that can be read again."""

_EMPTY = """
UPDATE channels_inbounditem SET payload = NULL, raw = NULL
 WHERE id >= %s AND id < %s AND fetched_at < %s AND state IN ('stored', 'ignored')
   AND (payload IS NOT NULL OR raw IS NOT NULL)
"""


def remove_raw(before: datetime) -> int:
    """Payloads and raw mails of what was fetched before then and has been dealt with; how many items. Their rows, and
    what was made of them, stay."""
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
    """The raw form of everything dealt with that names somebody by one of these words; how many items."""
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
    """Items that still wait, or could not be read, and name somebody by one of these words."""
    pattern = _pattern(names)
    if not pattern:
        return 0
    sql = """SELECT count(*) FROM channels_inbounditem WHERE state IN ('pending', 'failed')
        AND (payload::text ~* %(pattern)s OR encode(raw, 'escape') ~* %(pattern)s)"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"pattern": pattern})
        return int(cursor.fetchone()[0])


def _pattern(names: Iterable[str]) -> str:
    """Any of them as a whole word, as an expression of PostgreSQL; "" for none."""
    escaped = [re.sub(r"([^\w\s])", r"\\\1", name) for name in names if name.strip()]
    return rf"(^|[^[:alnum:]_])({'|'.join(escaped)})($|[^[:alnum:]_])" if escaped else ""
