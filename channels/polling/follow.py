"""Starts and stops following threads: those where somebody waits for an answer. `rereading` rereads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection as database

from channels.contract import Capability
from channels.models import Connection, Followed
from channels.registry.finding_adapters import adapter_for

FIRST_INTERVAL_S = 120
"""Until a thread is reread for the first time."""

_FOLLOW = """
INSERT INTO channels_followed AS f
    (connection_id, namespace, thread_id, until, next_at, interval_s, last_error, known)
VALUES (%(connection)s, %(namespace)s, %(thread)s, %(until)s, %(next)s, %(first)s, '', '{}')
ON CONFLICT (connection_id, thread_id) DO UPDATE SET
    until = GREATEST(f.until, excluded.until), next_at = LEAST(f.next_at, excluded.next_at),
    interval_s = excluded.interval_s, namespace = excluded.namespace
"""
_FOLLOW_ALL = """
INSERT INTO channels_followed AS f
    (connection_id, namespace, thread_id, until, next_at, interval_s, last_error, known)
SELECT connection_id, min(namespace), thread_id, max(until), min(next_at), %(first)s, '', array_agg(post)
  FROM unnest(%(connections)s::bigint[], %(spaces)s::text[], %(threads)s::text[], %(posts)s::text[],
              %(untils)s::timestamptz[], %(nexts)s::timestamptz[])
    AS x (connection_id, namespace, thread_id, post, until, next_at)
 GROUP BY connection_id, thread_id ORDER BY connection_id, thread_id
ON CONFLICT (connection_id, thread_id) DO UPDATE SET
    until = GREATEST(f.until, excluded.until), next_at = LEAST(f.next_at, excluded.next_at),
    interval_s = excluded.interval_s, known = array_cat(f.known, excluded.known)
"""
_PROLONG = """
INSERT INTO channels_followed AS f
    (connection_id, namespace, thread_id, until, next_at, interval_s, last_error, known)
SELECT DISTINCT ON (connection_id, thread_id) connection_id, namespace, thread_id, %(until)s::timestamptz,
       %(now)s::timestamptz + random() * interval '10 minutes', %(first)s, '', '{}'::text[]
  FROM unnest(%(connections)s::bigint[], %(spaces)s::text[], %(threads)s::text[])
    AS x (connection_id, namespace, thread_id)
 ORDER BY connection_id, thread_id
ON CONFLICT (connection_id, thread_id) DO UPDATE SET until = excluded.until WHERE f.until < %(soon)s
"""


def follow(connection_id: int, namespace: str, thread_id: str, until: datetime, now: datetime) -> bool:
    """Refetch this thread until `until`, soon at first; following it again resets the interval.

    Returns whether the platform can fetch single threads.
    """
    platform = Connection.objects.values_list("platform", flat=True).get(pk=connection_id)
    if not adapter_for(platform).can(Capability.FETCH_THREAD):
        return False
    with database.cursor() as cursor:
        cursor.execute(
            _FOLLOW,
            {
                "connection": connection_id,
                "namespace": namespace,
                "thread": thread_id,
                "until": until,
                "next": now + timedelta(seconds=FIRST_INTERVAL_S),
                "first": FIRST_INTERVAL_S,
            },
        )
    return True


class Thread(NamedTuple):
    """A thread to follow, with a known post in it. `since`: the time of its last news (aware UTC)."""

    connection_id: int
    namespace: str
    thread_id: str
    post_id: str
    until: datetime
    since: datetime


def follow_all(threads: Sequence[Thread]) -> None:
    """Follow many threads in one statement. The caller has checked that their platforms can fetch single threads."""
    if not threads:
        return
    with database.cursor() as cursor:
        cursor.execute(
            _FOLLOW_ALL,
            {
                "first": FIRST_INTERVAL_S,
                "connections": [thread.connection_id for thread in threads],
                "spaces": [thread.namespace for thread in threads],
                "threads": [thread.thread_id for thread in threads],
                "posts": [thread.post_id for thread in threads],
                "untils": [thread.until for thread in threads],
                "nexts": [thread.since + timedelta(seconds=FIRST_INTERVAL_S) for thread in threads],
            },
        )


def prolong(threads: Sequence[tuple[int, str, str]], until: datetime, soon: datetime, now: datetime) -> int:
    """Follow (connection, namespace, thread) until `until` where that would end before `soon`; returns how many."""
    if not threads:
        return 0
    connections, spaces, ids = (list(column) for column in zip(*threads, strict=True))
    params: dict[str, Any] = {"connections": connections, "spaces": spaces, "threads": ids, "first": FIRST_INTERVAL_S}
    with database.cursor() as cursor:
        cursor.execute(_PROLONG, {**params, "until": until, "soon": soon, "now": now})
        return int(cursor.rowcount)


def forget(namespace: str, ids: Sequence[str]) -> None:
    """Stop following these threads, and forget these posts in the others."""
    Followed.objects.filter(namespace=namespace, thread_id__in=ids).delete()
    for followed in Followed.objects.filter(namespace=namespace, known__overlap=list(ids)):
        followed.known = [post for post in followed.known if post not in ids]
        followed.save(update_fields=["known"])


def unfollow(connection_id: int, thread_id: str) -> None:
    """Stop following a thread: nobody waits for an answer there."""
    Followed.objects.filter(connection_id=connection_id, thread_id=thread_id).delete()
