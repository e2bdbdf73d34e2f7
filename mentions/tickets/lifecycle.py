"""Time-based ticket transitions: parked tickets wake, solved ones close. Idempotent sweeps.

Claims expire in `mentions.queue.claim_expiry`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from mentions.models import Issue
from mentions.tickets.developments import wake_moved
from mentions.tickets.parking import settle_seen, wake_due

__all__ = ["close_solved", "settle_seen", "wake_due", "wake_moved"]

_CLOSE = """
WITH over AS (
    SELECT id FROM mentions_ticket WHERE status = 'solved' AND solved_at <= %(before)s
      AND last_message_at <= %(before)s
      AND NOT EXISTS (SELECT 1 FROM mentions_issuelink l JOIN mentions_issue i ON i.id = l.issue_id
                       WHERE l.ticket_id = mentions_ticket.id AND l.told_at IS NULL AND i.state = ANY(%(running)s))
    ORDER BY last_message_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), closed AS (
    UPDATE mentions_ticket SET status = 'closed', claimed_by_id = NULL, claim_token = NULL, claim_expires_at = NULL
    FROM over WHERE mentions_ticket.id = over.id RETURNING mentions_ticket.id
)
INSERT INTO mentions_event (ticket_id, at, actor_id, kind, data)
SELECT id, %(now)s, NULL, 'status', '{"from": {"status": "solved"}, "to": {"status": "closed"}, "why": "time"}'::jsonb
FROM closed
"""


def close_solved(now: datetime, limit: int = 500) -> int:
    """Close tickets solved long enough ago; the next message then opens a follow-up. Tickets whose requester is waiting
    for an issue stay solved until the requester is told. Returns how many."""
    before = now - timedelta(days=settings.CLOSE_SOLVED_AFTER_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"now": now, "before": before, "limit": limit, "running": list(Issue.RUNNING)})
        return int(cursor.rowcount)
