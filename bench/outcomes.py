"""The report on outcomes, counted from the tickets and their messages, against one plain aggregate of these tickets.

Every ticket lies within the report's 30 days. Three of four answers were sent from the desk, every tenth ticket has a
second question and answer, every twentieth was solved and reopened. The aggregate is a median by channel; both run over
the whole table, so that their ratio holds on any machine and at any size.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from bench import measure
from bench.data.month import Month

COUNT = measure.sized(200_000, 1_000)
ROUNDS = measure.sized(5, 1)
BAR = 30.0
_PLAIN = """
SELECT channel_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY solved_at - posted_at)
  FROM mentions_ticket GROUP BY channel_id
"""
_MORE = """
INSERT INTO mentions_message (ticket_id, channel_id, namespace, external_id, thread_id, author_id, direction, subject,
    text, html, url, parent_external_id, reply_to_external_id, language, links, canonical_url, page_url, thread_title,
    is_auto, is_deleted, extra, posted_at, ingested_at, digest, version_at)
SELECT ticket_id, channel_id, namespace, 'more' || external_id, thread_id, author_id, direction, '', 'And then?', '',
       '', '', '', '', links, '', '', '', false, false, '{}', posted_at + interval '12 hours', ingested_at, digest,
       version_at
  FROM mentions_message WHERE ticket_id % 10 = 3
"""
_REPLIES = """
INSERT INTO mentions_reply (ticket_id, channel_id, key, text, subject, recipients, cc, guard_message_id, status_after,
    status_before, state, send_at, error, created_at, message_id)
SELECT ticket_id, channel_id, gen_random_uuid(), text, '', '[]', '[]', 0, '', '',
       CASE WHEN id % 100 = 1 THEN 'failed' ELSE 'sent' END, posted_at, '', posted_at, id
  FROM mentions_message WHERE direction = 'team' AND id % 4 > 0
"""
_REOPENED = """
INSERT INTO mentions_event (ticket_id, at, kind, data)
SELECT id, solved_at, 'status', '{"from": "solved", "to": "open"}' FROM mentions_ticket WHERE id % 20 = 7
"""


def run() -> bool:
    month = Month(COUNT)
    month.fill()
    with connection.cursor() as cursor:
        for statement in (_MORE, _REPLIES, _REOPENED):
            cursor.execute(statement)
        for table in ("message", "reply", "event"):
            cursor.execute(f"VACUUM ANALYZE mentions_{table}")
    found: list[Any] = []
    pairs = measure.pairs(
        lambda: measure.seconds(lambda: found.append(_outcomes(month))), lambda: measure.seconds(_plain), ROUNDS
    )
    names = ("next_replies", "resolved", "one_touch", "no_reply", "answered_outside", "reopened", "undelivered")
    assert all(found[-1].count(name) for name in names), found[-1]
    our_s, plain_s = pairs.medians
    detail = f"{our_s * 1e3:,.0f} ms, a median by channel {plain_s * 1e3:,.0f} ms"
    return measure.report_at_most(f"outcomes at {COUNT:,} / one aggregate", 1 / pairs.ratio, BAR, detail)


def _outcomes(month: Month) -> Any:
    from mentions.models import Ticket
    from metrics.definitions import Filters
    from metrics.outcomes import outcome_counts
    from metrics.periods import named

    return outcome_counts.outcomes(Ticket.objects.all(), Filters(named("30d", month.now.date())), month.now)


def _plain() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_PLAIN)
        cursor.fetchall()
