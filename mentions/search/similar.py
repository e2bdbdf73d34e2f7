"""Finds solved tickets on the same subject: by the question's rarest-looking words, best of the newest candidates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.db import connection

from mentions.models import Ticket
from mentions.people import access

CANDIDATES = 400
"""Ranking all hits of a common word costs hundreds of milliseconds; the newest few hundred cost a few."""
SHOWN = 5
_WORD = re.compile(r"(?<![@\w/.-])[A-Za-z][A-Za-z0-9_-]{3,30}(?![\w/])")

_FOUND = """
WITH candidates AS (
    SELECT m.ticket_id, m.search FROM mentions_message m
    WHERE m.search @@ to_tsquery('english', %(query)s) AND m.ticket_id IS NOT NULL AND m.ticket_id <> %(ticket)s
    ORDER BY m.id DESC LIMIT %(candidates)s
)
SELECT c.ticket_id FROM candidates c JOIN mentions_ticket t ON t.id = c.ticket_id
WHERE t.status IN ('solved', 'closed') AND t.first_reply_at IS NOT NULL
GROUP BY c.ticket_id
ORDER BY max(ts_rank(c.search, to_tsquery('english', %(query)s))) DESC, c.ticket_id DESC LIMIT %(shown)s
"""


def telling_words(text: str, limit: int = 8) -> list[str]:
    """The longest distinct words: a cheap proxy for rarity that needs no statistics. Pure."""
    words = {match[0].lower(): None for match in _WORD.finditer(re.sub(r"https?://\S+", " ", text))}
    return sorted(words, key=lambda word: (-len(word), word))[:limit]


def solved_like(ticket_id: int, texts: Iterable[str], user: access.User) -> list[Ticket]:
    """Answered and solved tickets this person may see, nearest first."""
    words = telling_words(" ".join(texts))
    if not words:
        return []
    params: dict[str, Any] = {
        "query": " | ".join(words),
        "ticket": ticket_id,
        "candidates": CANDIDATES,
        "shown": SHOWN * 2,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, params)
        ids = [row[0] for row in cursor.fetchall()]
    visible = access.visible_tickets(user).select_related("requester", "channel__connection").in_bulk(ids)
    return [visible[pk] for pk in ids if pk in visible][:SHOWN]
