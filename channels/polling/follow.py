"""Followed threads: refetched at growing intervals while somebody waits for an answer there.

This finds answers, edits and deletions that a search doesn't return.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection as database
from django.db.models import F
from django.utils.translation import gettext as _

from channels.contract import Capability, Item, Page
from channels.db.payloads import MAX_ID
from channels.errors import AuthFailed, ChannelError, RateLimited, Transient
from channels.inbox import inbox
from channels.models import Connection, Followed, InboundItem
from channels.parsing import reader
from channels.polling.parsing_apart import parsing_apart
from channels.polling.polling import classify
from channels.registry.configs import Source, source_of
from channels.registry.fields import InvalidSettings
from channels.registry.lookup import UnknownPlatform, adapter_for

logger = logging.getLogger(__name__)

FIRST_INTERVAL_S = 120
MAX_INTERVAL_S = 6 * 3600
BACKOFF_FACTOR = 1.5
"""Backoff factor of the interval after a refetch without news."""
MAX_PER_TICK = 20
MAX_TICK_S = 60
LEASE_S = 300
LOOKUPS = 100
MAX_KNOWN = 2000
LEAST_LEFT = 5
UNKNOWN_WINDOW_S = 24 * 3600
"""Assumed window of a quota without a reset time."""

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
_LEASE = """
WITH due AS MATERIALIZED (
    SELECT f.id FROM channels_followed f JOIN channels_connection c ON c.id = f.connection_id
    WHERE f.next_at <= %(now)s AND f.until > %(now)s AND c.is_active
    ORDER BY f.next_at LIMIT %(limit)s FOR UPDATE OF f SKIP LOCKED
)
UPDATE channels_followed f SET next_at = %(until)s FROM due WHERE f.id = due.id RETURNING f.id
"""
"""A materialised CTE: as a subquery in WHERE, the plan could evaluate it per row and lease more than the limit."""


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
    """A thread to follow, with a post in it that is known. `since`: the last news in it; aware UTC."""

    connection_id: int
    namespace: str
    thread_id: str
    post_id: str
    until: datetime
    since: datetime


def follow_all(threads: Sequence[Thread]) -> None:
    """Follow many threads in one statement; the caller knows that their platforms can read one thread."""
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
    """Follow none of these threads, and remember none of these posts in the others."""
    Followed.objects.filter(namespace=namespace, thread_id__in=ids).delete()
    for followed in Followed.objects.filter(namespace=namespace, known__overlap=list(ids)):
        followed.known = [one for one in followed.known if one not in ids]
        followed.save(update_fields=["known"])


def unfollow(connection_id: int, thread_id: str) -> None:
    """Stop refetching: nobody waits for an answer there."""
    Followed.objects.filter(connection_id=connection_id, thread_id=thread_id).delete()


def refetch_due(now: datetime, limit: int = MAX_PER_TICK) -> int:
    """Refetch due threads, bounded in number and time; returns how many. Several workers may run concurrently."""
    Followed.objects.filter(until__lte=now).delete()
    began = time.monotonic()
    sources: dict[int, Source | None] = {}
    read = 0
    for followed in _leased(now, limit):
        elapsed_s = time.monotonic() - began
        if elapsed_s > MAX_TICK_S:
            _give_back(followed, now)
            continue
        at = now + timedelta(seconds=elapsed_s)
        if followed.connection_id not in sources:
            sources[followed.connection_id] = _source(followed, at)
        source = sources[followed.connection_id]
        if source is None:
            continue
        if waits_until := saved_until(source.connection, at):
            _wait(followed.connection_id, waits_until)
            sources[followed.connection_id] = None  # the rest of the quota is reserved for polls
            continue
        if not _refetch(followed, source, at):
            sources[followed.connection_id] = None  # the connection is refused: its other threads wait too
        read += 1
    return read


def _leased(now: datetime, limit: int) -> list[Followed]:
    """Reserve due threads by moving `next_at`: if this worker dies, they are due again after `LEASE_S`."""
    with database.cursor() as cursor:
        until = now + timedelta(seconds=LEASE_S)
        cursor.execute(_LEASE, {"now": now, "until": until, "limit": limit})
        ids = [pk for (pk,) in cursor.fetchall()]
    return list(Followed.objects.filter(pk__in=ids).order_by("connection_id", "pk"))


def _give_back(followed: Followed, now: datetime) -> None:
    Followed.objects.filter(pk=followed.pk).update(next_at=now)


def saved_until(connection: Connection, now: datetime) -> datetime | None:
    """Until when threads wait because polls need the remaining quota; None: they may be fetched. Each fetch counts as
    one request until the next poll reports the real quota."""
    left, resets_at = connection.quota_left, connection.quota_resets_at
    if left is None or (resets_at is not None and resets_at <= now):
        return None
    window_s = (resets_at - now).total_seconds() if resets_at is not None else UNKNOWN_WINDOW_S
    polls = window_s / max(1, connection.interval_s)
    if left > max(LEAST_LEFT, min(polls, left / 2)):
        connection.quota_left = left - 1
        Connection.objects.filter(pk=connection.pk, quota_left__isnull=False).update(quota_left=F("quota_left") - 1)
        return None
    return min(resets_at or now + timedelta(seconds=MAX_INTERVAL_S), now + timedelta(seconds=MAX_INTERVAL_S))


def _wait(connection_id: int, until: datetime) -> None:
    Followed.objects.filter(connection_id=connection_id, next_at__lt=until).update(next_at=until)


def _source(followed: Followed, now: datetime) -> Source | None:
    try:
        return source_of(followed.connection_id)
    except (InvalidSettings, UnknownPlatform) as error:
        _failed(followed, str(error), now, followed.interval_s)
        return None


def _refetch(followed: Followed, source: Source, now: datetime) -> bool:
    """Fetch one thread; False if the whole connection is refused or rate limited."""
    try:
        with parsing_apart(source.adapter):
            items = source.adapter.fetch_thread(source.config, followed.thread_id)
            shown = {item.external_id for item in items}
            missing = [post for post in followed.known if post not in shown]
            told = source.adapter.lookup(source.config, followed.thread_id, missing[:LOOKUPS]) if missing else []
        page = Page([*items, *told], None)
        stored = inbox.store_page(
            followed.connection_id, page, fetched_at=now, role=InboundItem.Role.THREAD, source=source
        )
    except ChannelError as error:
        return _after_error(followed, error, now)
    except Exception as error:
        logger.exception("Reading a thread on %s failed in a way that no adapter should.", source.adapter.platform)
        _failed(followed, classify(error)[1], now, followed.interval_s)
        return True
    interval_s = FIRST_INTERVAL_S if stored else min(MAX_INTERVAL_S, int(followed.interval_s * BACKOFF_FACTOR))
    Followed.objects.filter(pk=followed.pk).update(
        last_at=now,
        last_error="",
        interval_s=interval_s,
        next_at=now + timedelta(seconds=interval_s),
        known=_known(source, shown, missing, told),
    )
    return True


def _known(source: Source, shown: set[str], missing: list[str], told: list[Item]) -> list[str]:
    """Posts to expect at the next fetch: those shown, those not looked up yet, and those that exist but are out of
    reach. Deleted posts aren't looked up again."""
    standing = [item.external_id for item in told if not _is_gone(source, item)]
    expected = [*missing[LOOKUPS:], *standing, *sorted(shown, reverse=True)]
    return list(dict.fromkeys(post for post in expected if len(post) <= MAX_ID))[:MAX_KNOWN]


def _is_gone(source: Source, item: Item) -> bool:
    mention = reader.read_item(source.adapter, source.config, item).mention
    return mention is None or mention.is_deleted


def _after_error(followed: Followed, error: ChannelError, now: datetime) -> bool:
    told_s = (error.retry_after_s or 0.0) if isinstance(error, Transient) else 0.0
    if isinstance(error, RateLimited) and error.until is not None:
        told_s = max(told_s, (error.until - now).total_seconds())
    _failed(followed, classify(error)[1], now, max(told_s, followed.interval_s))
    if not isinstance(error, RateLimited | AuthFailed):
        return True
    if told_s > 0:
        _wait(followed.connection_id, now + timedelta(seconds=min(told_s, MAX_INTERVAL_S)))
    return False


def _failed(followed: Followed, error: str, now: datetime, pause_s: float) -> None:
    interval_s = min(MAX_INTERVAL_S, int(followed.interval_s * BACKOFF_FACTOR))
    Followed.objects.filter(pk=followed.pk).update(
        last_error=error or _("unknown error"),
        interval_s=interval_s,
        next_at=now + timedelta(seconds=min(MAX_INTERVAL_S, max(pause_s, FIRST_INTERVAL_S))),
    )
