"""Threads with open tickets are read again and again, so that answers, edits and deletions there are seen.

A thread is followed for some days from the last news in it; a sweep renews that while a ticket in it is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from channels.contract import Capability
from channels.polling.follow import FIRST_INTERVAL_S
from channels.registry.lookup import all_adapters
from mentions.ingest.reading.state import TicketState

FOLLOW_DAYS = 4
RENEW_WITHIN_DAYS = 2

_FOLLOW = """
INSERT INTO channels_followed AS f
    (connection_id, namespace, thread_id, until, next_at, interval_s, last_error, known)
SELECT connection_id, min(namespace), thread_id, max(until), min(next_at), %(first)s, '', array_agg(post)
  FROM unnest(%(connections)s::bigint[], %(spaces)s::text[], %(threads)s::text[], %(posts)s::text[],
              %(untils)s::timestamptz[], %(nexts)s::timestamptz[])
    AS x (connection_id, namespace, thread_id, post, until, next_at)
 GROUP BY connection_id, thread_id ORDER BY connection_id, thread_id
ON CONFLICT (connection_id, thread_id) DO UPDATE SET
    until = GREATEST(f.until, excluded.until), next_at = LEAST(f.next_at, excluded.next_at),
    interval_s = excluded.interval_s, known = array_cat(f.known, excluded.known)
"""
_RENEW = """
WITH open_threads AS (
    SELECT DISTINCT ch.connection_id, m.namespace, m.thread_id
      FROM mentions_ticket t
      JOIN mentions_message m ON m.ticket_id = t.id AND m.direction = 'in'
      JOIN channels_channel ch ON ch.id = m.channel_id
      JOIN channels_connection c ON c.id = ch.connection_id AND c.is_active AND c.platform = ANY(%(platforms)s)
     WHERE t.status IN ('new', 'open') AND t.created_at > %(now)s - interval '90 days'
)
INSERT INTO channels_followed AS f
    (connection_id, namespace, thread_id, until, next_at, interval_s, last_error, known)
SELECT connection_id, namespace, thread_id, %(until)s, %(now)s + random() * interval '10 minutes', %(first)s, '', '{}'
  FROM open_threads ORDER BY connection_id, thread_id
ON CONFLICT (connection_id, thread_id) DO UPDATE SET until = excluded.until WHERE f.until < %(soon)s
"""


def follow(tickets: Sequence[TicketState]) -> None:
    """The threads of what a batch made or brought back, in one statement."""
    followed = [(t, t.follow) for t in tickets if t.follow and t.status in ("new", "open")]
    if not followed:
        return
    at = [max(t.created_at, *(e[0] for e in t.events)) if t.events else t.created_at for t, _ in followed]
    with connection.cursor() as cursor:
        cursor.execute(
            _FOLLOW,
            {
                "first": FIRST_INTERVAL_S,
                "connections": [where[0] for _, where in followed],
                "spaces": [where[1] for _, where in followed],
                "threads": [where[2] for _, where in followed],
                "posts": [where[3] for _, where in followed],
                "untils": [each + timedelta(days=FOLLOW_DAYS) for each in at],
                "nexts": [each + timedelta(seconds=FIRST_INTERVAL_S) for each in at],
            },
        )


def renew(now: datetime) -> int:
    """Follow the threads of all open tickets for some days more; how many were due for it. For a sweep."""
    platforms = [name for name, adapter in all_adapters().items() if adapter.can(Capability.FETCH_THREAD)]
    with connection.cursor() as cursor:
        cursor.execute(
            _RENEW,
            {
                "platforms": platforms,
                "now": now,
                "until": now + timedelta(days=FOLLOW_DAYS),
                "soon": now + timedelta(days=RENEW_WITHIN_DAYS),
                "first": FIRST_INTERVAL_S,
            },
        )
        return int(cursor.rowcount)
