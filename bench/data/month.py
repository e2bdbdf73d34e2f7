"""A month of a very busy desk, for the benchmarks of the reports: tickets within 30 days, each with its mention and
three events, most with an answer, every other one with a tag; coverage hours on workdays; about a hundred requests to
experts. Loaded by INSERT … SELECT generate_series."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

DAYS = 30
PEOPLE = 20
AT_ONCE = 50_000
PLATFORMS = ("twitter", "hackernews", "discourse", "youtube")

TICKETS = """
INSERT INTO mentions_ticket (channel_id, requester_id, subject, status, priority, language, waiting_on, wait_note,
    posted_at, created_at, queued_at, last_message_at, due_at, first_reply_at, solved_at, no_reply_reason)
SELECT (%(channels)s::bigint[])[1 + n %% array_length(%(channels)s::bigint[], 1)],
       (%(authors)s::bigint[])[1 + n %% array_length(%(authors)s::bigint[], 1)], 'Question ' || n,
       CASE WHEN n %% 20 = 0 THEN 'new' ELSE 'solved' END, CASE WHEN n %% 5 = 0 THEN 30 ELSE 20 END, '', '', '',
       at, at + interval '40 seconds', at, at, CASE WHEN n %% 20 = 0 THEN at + interval '7 hours' END,
       CASE WHEN n %% 20 > 2 THEN at + interval '1 second' * (60 + (n::bigint * 7919) %% 40000) END,
       CASE WHEN n %% 20 > 0 THEN at + interval '12 hours' END, CASE WHEN n %% 20 IN (1, 2) THEN 'praise' ELSE '' END
FROM (SELECT n, %(now)s::timestamptz - make_interval(secs => n * %(apart_s)s::double precision) AS at
      FROM generate_series(%(first)s::int, %(last)s::int) n) numbers
"""
_MESSAGES = """
INSERT INTO mentions_message (ticket_id, channel_id, namespace, external_id, thread_id, parent_external_id,
    reply_to_external_id, author_id, direction, subject, text, html, url, canonical_url, page_url, language, links,
    thread_title, is_auto, is_deleted, extra, posted_at, ingested_at, digest, version_at)
SELECT t.id, t.channel_id, 'bench', which.id || t.id, 'm' || t.id, '', '',
       CASE which.id WHEN 'q' THEN t.requester_id ELSE (%(team)s::bigint[])[1 + t.id %% %(people)s] END,
       which.direction, '', 'How does it work?', '', '', '', '', '', '[]', '', false, false,
       CASE WHEN which.id = 'q' AND t.id %% 2 = 0
            THEN jsonb_build_object('views', t.id %% 5000, 'likes', t.id %% 90, 'reposts', t.id %% 7) ELSE '{}' END,
       which.at, which.at, '\\x00', which.at
FROM mentions_ticket t CROSS JOIN LATERAL (VALUES ('q', 'in', t.posted_at), ('a', 'team', t.first_reply_at))
    which (id, direction, at)
WHERE t.id BETWEEN %(low)s AND %(high)s AND which.at IS NOT NULL
"""
_EVENTS = """
INSERT INTO mentions_event (ticket_id, at, actor_id, kind, data)
SELECT t.id, which.at, (%(users)s::bigint[])[1 + t.id %% %(people)s], which.kind, which.data
FROM mentions_ticket t CROSS JOIN LATERAL (VALUES
    ('claimed', t.first_reply_at, '{}'::jsonb), ('replied', t.first_reply_at, '{}'),
    ('status', t.solved_at, '{"to": {"status": "solved"}}')) which (kind, at, data)
WHERE t.id BETWEEN %(low)s AND %(high)s AND which.at IS NOT NULL
"""
_TAGGED = """
INSERT INTO mentions_ticket_tags (ticket_id, tag_id)
SELECT t.id, (%(tags)s::bigint[])[1 + t.id %% array_length(%(tags)s::bigint[], 1)]
FROM mentions_ticket t WHERE t.id BETWEEN %(low)s AND %(high)s AND t.id %% 2 = 0
"""


class Month:
    """`count` tickets up to now."""

    def __init__(self, count: int) -> None:
        from mentions.models import Tag
        from mentions.tests.factories import (
            AuthorFactory,
            ChannelFactory,
            ConnectionFactory,
            PersonFactory,
            UserFactory,
        )

        self.count, self.now = count, datetime.now(UTC)
        connections = [ConnectionFactory(platform=platform) for platform in PLATFORMS]
        self.channels = [ChannelFactory(connection=connections[n % len(connections)], rank=n).pk for n in range(8)]
        self.authors = [AuthorFactory(namespace="bench", external_id=f"a{n}").pk for n in range(500)]
        self.users = [UserFactory(username=f"person{n}", role="advocate") for n in range(PEOPLE)]
        people = [PersonFactory(user=user, is_us=True) for user in self.users]
        self.team = [
            AuthorFactory(namespace="bench", external_id=f"t{n}", is_us=True, person=person).pk
            for n, person in enumerate(people)
        ]
        self.tags = [Tag.objects.create(name=f"topic-{n}").pk for n in range(40)]

    def fill(self) -> None:
        self._cover()
        self._drop_search()
        values = {
            "now": self.now,
            "apart_s": DAYS * 86_400 / self.count * 0.999,
            "people": PEOPLE,
            "tags": self.tags,
            "channels": self.channels,
            "authors": self.authors,
            "team": self.team,
            "users": [user.pk for user in self.users],
        }
        with connection.cursor() as cursor:
            for first in range(1, self.count + 1, AT_ONCE):
                self._fill_some(cursor, {**values, "first": first, "last": min(first + AT_ONCE - 1, self.count)})
            self._ask_experts()
            cursor.execute("TRUNCATE metrics_changedhour, metrics_changedticket")
            for table in ("ticket", "message", "event", "ticket_tags"):
                cursor.execute(f"VACUUM ANALYZE mentions_{table}")

    def _fill_some(self, cursor: Any, values: dict[str, Any]) -> None:
        cursor.execute("SELECT coalesce(max(id), 0) FROM mentions_ticket")
        low = cursor.fetchone()[0] + 1
        cursor.execute(TICKETS, values)
        for statement in (_MESSAGES, _EVENTS, _TAGGED):
            cursor.execute(statement, {**values, "low": low, "high": low + AT_ONCE})

    def _cover(self) -> None:
        """8:30 to 17:00 on workdays, from before the period until after it."""
        from mentions.clocks import covered

        days = [self.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=n) for n in range(-70, 30)]
        half = timedelta(minutes=30)
        covered.publish([(day.replace(hour=8) + half, day.replace(hour=17)) for day in days if day.weekday() < 5])

    def _drop_search(self) -> None:
        """No report searches texts; the index takes longer to fill than all the rest."""
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX IF EXISTS message_search")

    def _ask_experts(self) -> None:
        from experts.tests.factories import ExpertFactory, OutreachFactory
        from mentions.models import Ticket

        experts = [ExpertFactory() for _ in range(10)]
        for number, ticket in enumerate(Ticket.objects.order_by("-posted_at")[:120]):
            OutreachFactory(ticket=ticket, expert=experts[number % 10], asked_at=ticket.posted_at)
