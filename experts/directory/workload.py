"""How often experts are asked, and how they answer: counted from the requests to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

WEEK = timedelta(days=7)
KNOWN_FOR = timedelta(days=180)
"""Rate and latency cover this period: people change."""

_COUNTED = """
SELECT o.expert_id,
       count(*) FILTER (WHERE o.state IN ('asked', 'acknowledged', 'draft')),
       count(*) FILTER (WHERE o.asked_at > %(week)s AND o.error = ''),
       count(*) FILTER (WHERE o.asked_at > %(since)s AND o.state NOT IN ('asked', 'acknowledged', 'withdrawn')
                          AND o.error = ''),
       count(*) FILTER (WHERE o.asked_at > %(since)s AND o.state IN ('answered', 'sent', 'draft')),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM o.answered_at - o.asked_at))
           FILTER (WHERE o.asked_at > %(since)s AND o.state IN ('answered', 'sent') AND o.answered_at IS NOT NULL)
  FROM experts_outreach o
 WHERE o.expert_id = ANY(%(experts)s)
 GROUP BY o.expert_id
"""

# Answering counts whether or not they were asked, and so does a draft that was sent.
_LIKE = """
SELECT coalesce(e.id, o.expert_id), count(DISTINCT o.ticket_id)
  FROM experts_outreach o
  LEFT JOIN experts_expert e ON e.person_id = o.answered_by_id
 WHERE o.state IN ('answered', 'sent') AND o.asked_at > %(since)s AND o.ticket_id <> %(ticket)s
   AND coalesce(e.id, o.expert_id) = ANY(%(experts)s)
   AND EXISTS (SELECT FROM mentions_message m, unnest(%(words)s) word
                WHERE m.ticket_id = o.ticket_id AND m.direction = 'in'
                  AND m.search @@ phraseto_tsquery('english', word))
 GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Load:
    """One expert's load. `ended`, `answered`: requests of the last 180 days that are over, and those with an answer or
    a draft; requests that were no longer needed or never reached Slack count as neither."""

    open: int = 0
    this_week: int = 0
    ended: int = 0
    answered: int = 0
    latency: timedelta | None = None
    """Median from the request to the answer."""

    @property
    def rate(self) -> int | None:
        """Percent answered; None if nothing has ended."""
        return round(100 * self.answered / self.ended) if self.ended else None


def of_experts(expert_ids: Iterable[int], now: datetime) -> dict[int, Load]:
    """Expert id → load, for all the given experts; one query."""
    ids = list(expert_ids)
    params = {"experts": ids, "week": now - WEEK, "since": now - KNOWN_FOR}
    rows = _rows(_COUNTED, params) if ids else []
    found = {row[0]: Load(row[1], row[2], row[3], row[4], _span(row[5])) for row in rows}
    return {pk: found.get(pk, Load()) for pk in ids}


def answered_like(expert_ids: Iterable[int], words: Iterable[str], ticket_id: int, now: datetime) -> dict[int, int]:
    """How many conversations with one of these words each of them answered in 180 days, besides this ticket."""
    params = {"experts": list(expert_ids), "words": list(words), "ticket": ticket_id, "since": now - KNOWN_FOR}
    return dict(_rows(_LIKE, params)) if params["experts"] and params["words"] else {}


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=float(seconds))


def _rows(sql: str, params: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[Any] = cursor.fetchall()
    return found
