"""Sweep that ends claims whose heartbeat stopped. Idempotent. `mentions.queue.claims` doesn't depend on it: an expired
lease blocks nobody.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

_EXPIRE = """
WITH gone AS (
    SELECT id, claimed_by_id FROM mentions_ticket WHERE claim_expires_at <= %(now)s
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), freed AS (
    UPDATE mentions_ticket SET claimed_by_id = NULL, claim_token = NULL, claim_expires_at = NULL
    FROM gone WHERE mentions_ticket.id = gone.id RETURNING mentions_ticket.id
)
INSERT INTO mentions_event (ticket_id, at, actor_id, kind, data)
SELECT gone.id, %(now)s, NULL, 'expired', jsonb_build_object('by', gone.claimed_by_id) FROM gone
"""


def expire_claims(now: datetime, limit: int = 500) -> int:
    """Put tickets with an expired lease back in their place in the queue; return how many. A concurrent heartbeat
    either wins (the lease continues) or finds its token gone."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, {"now": now, "limit": limit})
        return int(cursor.rowcount)
