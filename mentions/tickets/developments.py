"""Parked for further developments: the ticket returns when others have posted in its conversation, not just when time
is up. To let our users speak first, it returns once they have been quiet for a while, or have posted a lot.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import ngettext

from channels import sweeps
from mentions.models import Ticket
from mentions.tickets import parking

QUIET = timedelta(minutes=30)
MUCH = 5
"""This many new posts return it while the conversation is still going."""

_MOVED = """
SELECT t.id, count(*)
  FROM mentions_ticket t
 CROSS JOIN LATERAL (
     SELECT max(e.at) AS at FROM mentions_event e WHERE e.ticket_id = t.id AND e.kind = 'parked') parked
 CROSS JOIN LATERAL (
     SELECT DISTINCT m.namespace, m.thread_id FROM mentions_message m WHERE m.ticket_id = t.id) thread
 CROSS JOIN LATERAL (
     SELECT p.posted_at FROM mentions_threadpost p
      WHERE p.namespace = thread.namespace AND p.thread_id = thread.thread_id AND NOT p.is_deleted
        AND p.posted_at > parked.at
      UNION ALL
     SELECT m.posted_at FROM mentions_message m
      WHERE m.namespace = thread.namespace AND m.thread_id = thread.thread_id AND NOT m.is_deleted AND NOT m.is_auto
        AND m.direction <> 'team' AND m.posted_at > parked.at) news
 WHERE t.waiting_on <> '' AND t.waiting_on = %(monitor)s
 GROUP BY t.id
HAVING max(news.posted_at) <= %(quiet)s OR count(*) >= %(much)s
 ORDER BY t.id LIMIT 200
"""


def wake_moved(now: datetime) -> int:
    """Return tickets whose conversation has moved on to the queue; returns how many. Idempotent."""
    values: dict[str, str | int | datetime] = {
        "monitor": Ticket.WaitingOn.MONITOR.value,
        "quiet": now - QUIET,
        "much": MUCH,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, values)
        found = cursor.fetchall()
    return sweeps.each("further developments", found, lambda row: _wake(row[0], row[1], now))


def _wake(ticket_id: int, posts: int, now: datetime) -> bool:
    why = ngettext("%(count)d new post in the conversation", "%(count)d new posts in the conversation", posts)
    return parking.wake(ticket_id, None, now=now, why=why % {"count": posts}) is not None
