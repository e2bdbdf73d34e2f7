"""A ticket's clocks: always recomputed from its messages, never incremented.

One definition in two forms, compared by a test: `compute` in Python for reading and for new tickets, `recompute` as one
statement for any number of tickets.

- asked: the oldest non-automatic inbound message. It counts even if its author deletes it: they did ask.
- first reply: decided by `mentions.clocks.first_reply`.
- place in the queue: the oldest inbound message after our last one, not automatic or deleted.
- due: only while nothing is answered, something is left to answer and no reason says that no reply is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from mentions.clocks.first_reply import IS_REPLY_SQL, TimedMessage, first_reply, first_reply_sql
from mentions.clocks.targets import CoverageClock, due, due_sql, target_minutes, target_minutes_sql


@dataclass(frozen=True, slots=True)
class Clocks:
    posted_at: datetime
    queued_at: datetime
    last_message_at: datetime
    first_reply_at: datetime | None
    first_reply_message_id: int | None
    due_at: datetime | None


def compute(
    messages: Sequence[TimedMessage],
    *,
    posted_at: datetime,
    channel_minutes: int | None,
    priority: int,
    no_reply_reason: str = "",
    skips_weekends: bool = False,
    coverage: CoverageClock | None = None,
) -> Clocks:
    """The clocks of a ticket with these messages; `posted_at` is its current value, kept if nothing was asked.
    `coverage`: the team's hours, if the channel counts only those."""
    minutes = target_minutes(channel_minutes, priority)
    inbound = [m for m in messages if m.direction == "in"]
    questions = [m for m in inbound if not m.is_auto]
    start = min((m.posted_at for m in questions or inbound), default=posted_at)
    first = first_reply(messages, start) if questions else None
    live = [m for m in questions if not m.is_deleted]
    last_team = max((m.posted_at for m in messages if m.is_reply), default=None)
    waiting = [m.posted_at for m in live if last_team is None or m.posted_at > last_team]
    is_due = first is None and live and not no_reply_reason
    return Clocks(
        posted_at=start,
        queued_at=min(waiting, default=max((m.posted_at for m in questions), default=start)),
        last_message_at=max((m.posted_at for m in messages), default=start),
        first_reply_at=first.posted_at if first else None,
        first_reply_message_id=first.id if first else None,
        due_at=due(start, minutes, skips_weekends=skips_weekends, coverage=coverage) if is_due else None,
    )


_MINUTES = target_minutes_sql("c.target_minutes", "t.priority")
_RECOMPUTE = f"""
WITH computed AS (
    SELECT t.id,
           coalesce(a.asked, a.any_in, t.posted_at) AS posted_at,
           coalesce(w.waiting, a.last_in, a.asked, a.any_in, t.posted_at) AS queued_at,
           coalesce(a.last_any, t.posted_at) AS last_message_at,
           r.posted_at AS first_reply_at,
           r.id AS first_reply_message_id,
           CASE WHEN r.id IS NULL AND t.no_reply_reason = '' AND a.live > 0 THEN
               {due_sql("a.asked", _MINUTES, "c.skips_weekends", "c.counts_coverage", "c.team_id")}
           END AS due_at
      FROM mentions_ticket t
      JOIN channels_channel c ON c.id = t.channel_id
     CROSS JOIN LATERAL (
         SELECT min(posted_at) FILTER (WHERE direction = 'in' AND NOT is_auto) AS asked,
                min(posted_at) FILTER (WHERE direction = 'in') AS any_in,
                max(posted_at) FILTER (WHERE direction = 'in' AND NOT is_auto) AS last_in,
                count(*) FILTER (WHERE direction = 'in' AND NOT is_auto AND NOT is_deleted) AS live,
                max(posted_at) FILTER (WHERE {IS_REPLY_SQL}) AS last_team,
                max(posted_at) AS last_any
           FROM mentions_message WHERE ticket_id = t.id
     ) a
      LEFT JOIN LATERAL (
         {first_reply_sql("t.id", "a.asked")}
     ) r ON true
     CROSS JOIN LATERAL (
         SELECT min(posted_at) AS waiting FROM mentions_message
          WHERE ticket_id = t.id AND direction = 'in' AND NOT is_auto AND NOT is_deleted
            AND posted_at > coalesce(a.last_team, '-infinity')
     ) w
     WHERE t.id = ANY(%s)
)
UPDATE mentions_ticket t
   SET posted_at = n.posted_at, queued_at = n.queued_at, last_message_at = n.last_message_at,
       first_reply_at = n.first_reply_at, first_reply_message_id = n.first_reply_message_id, due_at = n.due_at
  FROM computed n
 WHERE t.id = n.id
   AND (t.posted_at, t.queued_at, t.last_message_at, t.first_reply_at, t.first_reply_message_id, t.due_at)
       IS DISTINCT FROM
       (n.posted_at, n.queued_at, n.last_message_at, n.first_reply_at, n.first_reply_message_id, n.due_at)
"""  # noqa: S608  (only constants of ours are filled in)


def recompute(ticket_ids: Iterable[int]) -> int:
    """Set these tickets' clocks from their messages; return how many changed. Locks in id order."""
    ids = sorted(set(ticket_ids))
    if not ids:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM mentions_ticket WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids])
        cursor.execute(_RECOMPUTE, [ids])
        return int(cursor.rowcount)
