"""When each channel last brought something; shown on its health line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection

from mentions.ingest.reading.reading import Parsed

# Outside the batch's transaction, and not for every batch: workers would wait for each other at this row.
PAUSE = timedelta(seconds=15)
_SAW = """
UPDATE channels_channel c SET last_item_at = x.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS x (id, at)
 WHERE c.id = x.id AND (c.last_item_at IS NULL OR c.last_item_at < x.at)
"""


def saw(parsed: Iterable[Parsed]) -> None:
    newest: dict[int, datetime] = {}
    for each in parsed:
        for channel in () if each.is_context else each.channels:
            if channel.last_item_at is None or channel.last_item_at < each.at - PAUSE:
                newest[channel.pk] = channel.last_item_at = each.at
    if newest:
        with connection.cursor() as cursor:
            cursor.execute(_SAW, [list(newest), list(newest.values())])
