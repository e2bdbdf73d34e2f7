"""Hundreds of thousands of tickets for the benchmarks, loaded by INSERT … SELECT generate_series.

Two sizes are in two schemas with the same indexes, and a pair is measured by switching the search path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection

from channels.models import Channel, Connection

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHANNELS = 8
TABLES = ("mentions_author", "mentions_ticket", "mentions_message", "mentions_event", "mentions_handback")

_FILL = (
    """
    INSERT INTO mentions_author (namespace, external_id, handle, name, url, is_us, first_seen_at)
    SELECT 'bench', 'a' || n, 'a' || n, 'Author ' || n, '', false, %(now)s FROM generate_series(1, 5000) n
    ON CONFLICT DO NOTHING
    """,
    # A tenth waits; all tickets and all their times are different.
    """
    INSERT INTO mentions_ticket (channel_id, requester_id, subject, status, priority, language, waiting_on, wait_note,
        posted_at, created_at, queued_at, last_message_at, due_at, first_reply_at, no_reply_reason)
    SELECT (%(channels)s::bigint[])[1 + n %% %(count_channels)s], authors[1 + n %% array_length(authors, 1)],
        'Question ' || n, CASE n %% 10 WHEN 0 THEN 'new' WHEN 1 THEN 'pending' ELSE 'solved' END, 20, '', '', '',
        at, at, at, at, CASE n %% 10 WHEN 0 THEN at + interval '7 hours' END,
        CASE n %% 10 WHEN 0 THEN NULL ELSE at + interval '1 hour' END, ''
    FROM (SELECT n, %(now)s::timestamptz - make_interval(secs => n * 7) AS at FROM generate_series(1, %(count)s) n) x,
        (SELECT array_agg(id) AS authors FROM mentions_author WHERE namespace = 'bench') y
    """,
    """
    INSERT INTO mentions_message (ticket_id, channel_id, namespace, external_id, thread_id, parent_external_id,
        reply_to_external_id, author_id, direction, subject, text, html, url, canonical_url, page_url, language, links,
        thread_title, is_auto, is_deleted, extra, posted_at, ingested_at, digest, version_at)
    SELECT id, channel_id, 'bench', 'm' || id, 'm' || id, '', '', requester_id, 'in', '', 'How does it work?', '', '',
        '', '', '', '[]', '', false, false, '{}', posted_at, posted_at, '\\x00', posted_at
    FROM mentions_ticket
    """,
)


def prepare(schema: str, count: int, with_messages: bool) -> None:
    """`count` tickets in separate tables, analysed and vacuumed; previous contents are dropped."""
    channels = _channels()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
        for table in TABLES:
            cursor.execute(f"CREATE TABLE {schema}.{table} (LIKE public.{table} INCLUDING ALL)")
        _references(cursor, schema)
        with using(schema):
            for sql in _FILL if with_messages else _FILL[:2]:
                values = {"now": NOW, "count": count, "channels": channels, "count_channels": len(channels)}
                cursor.execute(sql, values)
            for table in TABLES:
                cursor.execute(f"VACUUM ANALYZE {table}")


def _references(cursor: Any, schema: str) -> None:
    """Add foreign keys, which LIKE omits: they are part of a write's cost."""
    cursor.execute(
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])""",
        [[f"public.{table}" for table in TABLES]],
    )
    for table, name, definition in cursor.fetchall():
        for own in TABLES:
            definition = definition.replace(f"REFERENCES {own}(", f"REFERENCES {schema}.{own}(")
        cursor.execute(f'ALTER TABLE {schema}.{table} ADD CONSTRAINT "{name}" {definition}')


def _channels() -> list[int]:
    feed, _ = Connection.objects.get_or_create(name="bench", defaults={"platform": "hackernews", "is_active": False})
    made = [
        Channel.objects.get_or_create(slug=f"bench-{n}", defaults={"name": f"Bench {n}", "connection": feed})[0].pk
        for n in range(CHANNELS)
    ]
    return made


def advocate() -> Any:
    """A logged-in advocate as in a request: permissions are read once."""
    user, _ = get_user_model().objects.get_or_create(username="bench-advocate")
    user.groups.add(Group.objects.get(name="advocate"))
    return user


@contextmanager
def using(schema: str) -> Iterator[None]:
    """Use the tables of that size; switching is not timed."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path TO {schema}, public")
        try:
            yield
        finally:
            cursor.execute("SET search_path TO public")


def drop(*schemas: str) -> None:
    with connection.cursor() as cursor:
        for schema in schemas:
            cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
