"""Mentions per channel and day, for the channels page of the floor below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection

_BY_DAY = """
SELECT c.id, found.day, found.count FROM channels_channel c
 CROSS JOIN LATERAL (
    SELECT (s.at AT TIME ZONE 'UTC')::date AS day, count(*) AS count FROM mentions_sighting s
     WHERE s.channel_id = c.id AND s.at >= %(since)s GROUP BY 1
 ) found
"""


def by_day(now: datetime, days: int) -> Mapping[int, Sequence[int]]:
    """Channel id → mentions seen on each of the last `days` days (UTC), today last. Includes channels without any."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(days=days - 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM channels_channel")
        counts: dict[int, list[int]] = {pk: [0] * days for (pk,) in cursor.fetchall()}
        cursor.execute(_BY_DAY, {"since": first})
        for pk, day, count in cursor.fetchall():
            index = (day - first.date()).days
            if 0 <= index < days:
                counts[pk][index] = count
    return counts
