"""When each channel last brought something; shown on its health line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from mentions.ingest.reading import Parsed

# Outside the batch's transaction, and not for every batch: workers would wait for each other at this row.
_SAW = """
UPDATE channels_channel c SET last_item_at = x.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS x (id, at)
 WHERE c.id = x.id AND (c.last_item_at IS NULL OR c.last_item_at < x.at - interval '15 seconds')
"""


def saw(parsed: Iterable[Parsed]) -> None:
    newest: dict[int, datetime] = {}
    for each in parsed:
        if each.is_context:
            continue
        for channel in each.channels:
            newest[channel.pk] = max(newest.get(channel.pk, each.at), each.at)
    if newest:
        with connection.cursor() as cursor:
            cursor.execute(_SAW, [list(newest), list(newest.values())])
