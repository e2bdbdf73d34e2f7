"""When each channel last had a new item: for its status line and the silence alarm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

_TOUCH = """
UPDATE channels_channel c SET last_item_at = x.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS x (id, at)
 WHERE c.id = x.id AND (c.last_item_at IS NULL OR c.last_item_at < x.at)
"""


def touch(newest: Mapping[int, datetime]) -> None:
    """Record the time of each channel's newest item (channel id → aware UTC). A later time that is stored already
    stays."""
    if newest:
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH, [list(newest), list(newest.values())])
