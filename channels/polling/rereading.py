"""Rereads followed threads at growing intervals: answers, edits and deletions that a search doesn't return.

Rereading gives way to polls: one worker at a time goes through the due threads, for a few seconds, and uses only the
quota that polls leave over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection as database
from django.db.models import F
from django.utils.translation import gettext as _

from channels.contract import Item, Page
from channels.db.payloads import MAX_ID
from channels.dispatch import task_after_commit
from channels.errors import AuthFailed, ChannelError, RateLimited, Transient
from channels.inbox import storing_once
from channels.models import Connection, Followed, InboundItem
from channels.parsing import reader
from channels.polling.follow import FIRST_INTERVAL_S
from channels.polling.parsing_apart import parsing_apart
from channels.polling.polling import classify
from channels.registry.configs import ConnectionSource, source_of
from channels.registry.fields import InvalidSettings
from channels.registry.finding_adapters import UnknownPlatform

logger = logging.getLogger(__name__)

MAX_INTERVAL_S = 6 * 3600
BACKOFF_FACTOR = 1.5
"""Backoff factor of the interval after a refetch without news."""
MAX_PER_TICK = 20
MAX_TICK_S = 15
MAX_RUN_S = 90
"""The longest that a tick can take, with its last thread on a slow platform."""
_RUNNING = "rereading-threads"
LEASE_S = 300
LOOKUPS = 100
MAX_KNOWN = 2000
LEAST_LEFT = 5
UNKNOWN_WINDOW_S = 24 * 3600
"""Assumed window of a quota without a reset time."""

_LEASE = """
WITH due AS MATERIALIZED (
    SELECT f.id FROM channels_followed f JOIN channels_connection c ON c.id = f.connection_id
    WHERE f.next_at <= %(now)s AND f.until > %(now)s AND c.is_active
    ORDER BY f.next_at LIMIT %(limit)s FOR UPDATE OF f SKIP LOCKED
)
UPDATE channels_followed f SET next_at = %(until)s FROM due WHERE f.id = due.id RETURNING f.id
"""
"""A materialised CTE: as a subquery in WHERE, the plan could evaluate it per row and lease more than the limit."""
_LEASE_ONE = """
UPDATE channels_followed f SET next_at = %(until)s FROM channels_connection c
 WHERE f.connection_id = %(connection)s AND f.thread_id = %(thread)s AND c.id = f.connection_id AND c.is_active
   AND f.next_at <= %(now)s AND f.until > %(now)s RETURNING f.id
"""


def refetch_due(now: datetime, limit: int = MAX_PER_TICK) -> int:
    """Reread due threads, bounded in number and time; returns how many. Does nothing while another worker is rereading:
    polls need the others, and new mentions never wait behind old threads."""
    Followed.objects.filter(until__lte=now).delete()
    with _single_worker() as is_alone:
        return _refetch_all(_lease(_LEASE, now, limit=limit), now) if is_alone else 0


def reread_soon(connection_id: int, thread_id: str, now: datetime) -> None:
    """Somebody is about to post in this followed thread: reread it once the caller's transaction has ended."""
    Followed.objects.filter(connection_id=connection_id, thread_id=thread_id).update(next_at=now)
    task_after_commit("channels.refetch_thread", connection_id, thread_id)


def refetch_thread(connection_id: int, thread_id: str, now: datetime) -> bool:
    """Reread this thread now; returns whether it was, since another worker may be rereading, or nobody follows it."""
    followed = _lease(_LEASE_ONE, now, connection=connection_id, thread=thread_id)
    return _refetch_all(followed, now) == 1


@contextmanager
def _single_worker() -> Iterator[bool]:
    """Yields whether no other worker is rereading. A killed one's mark expires; without a cache the answer is always
    yes."""
    is_alone = bool(cache.add(_RUNNING, 1, MAX_RUN_S))
    try:
        yield is_alone
    finally:
        if is_alone:
            cache.delete(_RUNNING)


def _refetch_all(threads: Iterable[Followed], now: datetime) -> int:
    began = time.monotonic()
    sources: dict[int, ConnectionSource | None] = {}
    read = 0
    for followed in threads:
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


def _lease(statement: str, now: datetime, **params: Any) -> list[Followed]:
    """Reserve due threads by moving `next_at`: if this worker dies, they are due again after `LEASE_S`."""
    with database.cursor() as cursor:
        cursor.execute(statement, {"now": now, "until": now + timedelta(seconds=LEASE_S), **params})
        ids = [pk for (pk,) in cursor.fetchall()]
    return list(Followed.objects.filter(pk__in=ids).order_by("connection_id", "pk"))


def _give_back(followed: Followed, now: datetime) -> None:
    Followed.objects.filter(pk=followed.pk).update(next_at=now)


def saved_until(connection: Connection, now: datetime) -> datetime | None:
    """The time until which threads must wait because polls need the remaining quota; None if they may be fetched. Each
    fetch counts as one request until the next poll reports the real quota."""
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


def _source(followed: Followed, now: datetime) -> ConnectionSource | None:
    try:
        return source_of(followed.connection_id)
    except (InvalidSettings, UnknownPlatform) as error:
        _failed(followed, str(error), now, followed.interval_s)
        return None


def _refetch(followed: Followed, source: ConnectionSource, now: datetime) -> bool:
    """Fetch one thread; False if the whole connection is refused or rate limited."""
    try:
        with parsing_apart(source.adapter):
            items = source.adapter.fetch_thread(source.config, followed.thread_id)
            returned = {item.external_id for item in items}
            missing = [post for post in followed.known if post not in returned]
            looked_up = source.adapter.lookup(source.config, followed.thread_id, missing[:LOOKUPS]) if missing else []
        page = Page([*items, *looked_up], None)
        stored = storing_once.store_page(
            followed.connection_id, page, fetched_at=now, role=InboundItem.Role.THREAD, source=source
        )
    except ChannelError as error:
        return _after_error(followed, error, now)
    except Exception as error:
        logger.exception("Reading a thread on %s failed with an unexpected error.", source.adapter.platform)
        _failed(followed, classify(error)[1], now, followed.interval_s)
        return True
    interval_s = FIRST_INTERVAL_S if stored else min(MAX_INTERVAL_S, int(followed.interval_s * BACKOFF_FACTOR))
    Followed.objects.filter(pk=followed.pk).update(
        last_at=now,
        last_error="",
        interval_s=interval_s,
        next_at=now + timedelta(seconds=interval_s),
        known=_expected_posts(source, returned, missing, looked_up),
    )
    return True


def _expected_posts(
    source: ConnectionSource, returned: set[str], missing: list[str], looked_up: list[Item]
) -> list[str]:
    """Posts to expect at the next fetch: those returned now, those not looked up yet, and those that exist but are out
    of reach. Deleted posts aren't looked up again."""
    existing = [item.external_id for item in looked_up if not _is_gone(source, item)]
    expected = [*missing[LOOKUPS:], *existing, *sorted(returned, reverse=True)]
    return list(dict.fromkeys(post for post in expected if len(post) <= MAX_ID))[:MAX_KNOWN]


def _is_gone(source: ConnectionSource, item: Item) -> bool:
    mention = reader.read_item(source.adapter, source.config, item).mention
    return mention is None or mention.is_deleted


def _after_error(followed: Followed, error: ChannelError, now: datetime) -> bool:
    retry_after_s = (error.retry_after_s or 0.0) if isinstance(error, Transient) else 0.0
    if isinstance(error, RateLimited) and error.until is not None:
        retry_after_s = max(retry_after_s, (error.until - now).total_seconds())
    _failed(followed, classify(error)[1], now, max(retry_after_s, followed.interval_s))
    if not isinstance(error, RateLimited | AuthFailed):
        return True
    if retry_after_s > 0:
        _wait(followed.connection_id, now + timedelta(seconds=min(retry_after_s, MAX_INTERVAL_S)))
    return False


def _failed(followed: Followed, error: str, now: datetime, pause_s: float) -> None:
    interval_s = min(MAX_INTERVAL_S, int(followed.interval_s * BACKOFF_FACTOR))
    Followed.objects.filter(pk=followed.pk).update(
        last_error=error or _("unknown error"),
        interval_s=interval_s,
        next_at=now + timedelta(seconds=min(MAX_INTERVAL_S, max(pause_s, FIRST_INTERVAL_S))),
    )
