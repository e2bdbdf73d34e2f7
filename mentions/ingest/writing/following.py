"""Follows threads with open tickets, so that answers, edits and deletions there are seen.

A thread is followed until some days after its last news; a sweep extends that while a ticket in it is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from channels.contract import Capability
from channels.polling.follow import Thread, follow_all, prolong
from channels.registry.finding_adapters import all_adapters
from mentions.ingest.reading.state import TicketState

FOLLOW_DAYS = 4
RENEW_WITHIN_DAYS = 2

_OPEN_THREADS = """
SELECT DISTINCT ch.connection_id, m.namespace, m.thread_id
  FROM mentions_ticket t
  JOIN mentions_message m ON m.ticket_id = t.id AND m.direction = 'in'
  JOIN channels_channel ch ON ch.id = m.channel_id
  JOIN channels_connection c ON c.id = ch.connection_id AND c.is_active AND c.platform = ANY(%(platforms)s)
 WHERE t.status IN ('new', 'open') AND t.created_at > %(now)s - interval '90 days'
"""


def follow(tickets: Sequence[TicketState]) -> None:
    """Follow the threads of tickets that a batch created or reopened, in one statement."""
    threads = []
    for ticket in tickets:
        if ticket.follow and ticket.status in ("new", "open"):
            at = max(ticket.created_at, *(e[0] for e in ticket.events)) if ticket.events else ticket.created_at
            threads.append(Thread(*ticket.follow, until=at + timedelta(days=FOLLOW_DAYS), since=at))
    follow_all(threads)


def renew(now: datetime) -> int:
    """Follow the threads of all open tickets for a few more days; return how many were due. Called by a sweep."""
    platforms = [name for name, adapter in all_adapters().items() if adapter.can(Capability.FETCH_THREAD)]
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_THREADS, {"platforms": platforms, "now": now})
        threads = cursor.fetchall()
    until = now + timedelta(days=FOLLOW_DAYS)
    return prolong(threads, until, now + timedelta(days=RENEW_WITHIN_DAYS), now)
