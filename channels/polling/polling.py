"""Polling: lease due connections, fetch page by page, adapt the interval, record failures.

The lease token fences: a poller that lost its lease may still store items, but updates neither cursor nor health.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection as database
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from channels.clocks import Clock, clock_from
from channels.contract import Page
from channels.errors import AuthFailed, ChannelError, Malformed, RateLimited, Transient, fit
from channels.inbox import storing_once
from channels.inbox.imports import Import, import_of
from channels.models import Batch, Connection
from channels.polling.parsing_apart import parsing_apart
from channels.registry.configs import ConnectionSource, source_for
from channels.registry.fields import InvalidSettings
from channels.registry.finding_adapters import UnknownPlatform, adapter_for, not_polled
from channels.secrets.vault import without_secrets

logger = logging.getLogger(__name__)
Trouble = Connection.Trouble

DISPATCH_GRACE_S = 60
"""A dispatched task that hasn't started by then, or by the end of its lease, counts as lost: the connection is due
again."""
MAX_PAGES_PER_RUN = 50
MAX_RUN_S = 120
MAX_QUOTA = 2**31 - 1
"""The database column's maximum."""
MAX_DUE_PER_TICK = 200
BUSY_ITEMS = 5
MAX_BACKOFF_S = 3600
MAX_WAIT_S = 24 * 3600
MENDED_BY_ADMIN_S = 1800
"""Pause after an error that only an admin can fix; saving the connection ends it at once."""

_DUE = """
WITH due AS MATERIALIZED (
    SELECT id FROM channels_connection
    WHERE is_active AND platform <> ALL(%(silent)s) AND (next_poll_at IS NULL OR next_poll_at <= %(now)s)
        AND (lease_until IS NULL OR lease_until <= %(now)s)
    ORDER BY next_poll_at NULLS FIRST LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE channels_connection c SET lease_token = gen_random_uuid(), lease_until = %(until)s, lease_holder = ''
FROM due WHERE c.id = due.id RETURNING c.id, c.lease_token
"""
"""A materialised CTE: as a subquery in WHERE, the plan could evaluate it per row and lease more than the limit."""
_rng = random.SystemRandom()


class Lease(NamedTuple):
    connection_id: int
    token: UUID


@dataclass(frozen=True, slots=True)
class Polled:
    """Result of one poll: number of new or edited items, pages read; `error` in words, "" on success.

    `leased` is False if another worker polls the connection or it is paused; then nothing was done.
    """

    leased: bool
    items: int = 0
    pages: int = 0
    more: bool = False
    error: str = ""


@dataclass(slots=True)
class _Run:
    """A running poll."""

    source: ConnectionSource
    token: UUID
    clock: Clock
    batch: Import
    items: int = 0
    pages: int = 0
    more: bool = False
    is_stopped: bool = False
    """The lease was lost, or an admin paused the connection."""
    quota_left: int | None = None
    quota_resets_at: datetime | None = None
    trouble: str = ""
    again_soon: bool = False


def due(now: datetime, limit: int = MAX_DUE_PER_TICK) -> list[Lease]:
    """Lease the active connections that are due, in one statement; the caller passes each lease to a `poll` task."""
    with database.cursor() as cursor:
        until = now + min(timedelta(seconds=DISPATCH_GRACE_S), lease())
        cursor.execute(_DUE, {"now": now, "until": until, "limit": limit, "silent": not_polled()})
        return [Lease(pk, token) for pk, token in cursor.fetchall()]


def poll(connection_id: int, now: datetime, lease_token: UUID | None = None, *, worker: str = "") -> Polled:
    """Poll one connection once. With a token from `due`, takes over that lease; without, takes a free one.

    `worker`: its name, so that a successor knows its leases (`channels.polling.lost_workers`). A platform's errors
    are recorded in the connection's health, never raised.
    """
    token = _lease(connection_id, now, lease_token, worker)
    if token is None:
        return Polled(leased=False)
    clock = clock_from(now)
    left_open = Batch.objects.filter(connection=OuterRef("pk"), is_open=True, undone_at=None).order_by("-pk")
    connections = Connection.objects.annotate(open_batch=Subquery(left_open.values("pk")[:1]))
    connection = connections.prefetch_related("channels").get(pk=connection_id)
    run: _Run | None = None
    try:
        batch = import_of(connection.pk, is_first=connection.cursor is None, open_id=connection.open_batch, now=now)
        run = _Run(source_for(connection), token, clock, batch)
        with parsing_apart(run.source.adapter):
            _read_pages(run)
    except Exception as error:
        return _record_failure(connection, token, error, clock(), run)
    run.batch.ended(more=run.more or (run.batch.is_open and _is_unfinished(run)))
    _record_success(connection, run, clock())
    return Polled(True, run.items, run.pages, run.more)


def _is_unfinished(run: _Run) -> bool:
    """Whether a first import isn't finished: an admin paused it, part of it is failing for now, or the quota is
    exhausted. Later items then belong to the same import, so it can be undone as a whole."""
    return run.is_stopped or run.again_soon or run.quota_left == 0


def lease() -> timedelta:
    """How long a poller may be silent; each page renews it. Longer than any single request, and short enough that a
    killed worker's connection is soon polled again."""
    return timedelta(seconds=settings.POLL_LEASE_SECONDS)


def _lease(connection_id: int, now: datetime, current_token: UUID | None, worker: str) -> UUID | None:
    """Take the lease with a new token, so that a task delivered twice polls once. None if somebody else holds it."""
    available = Connection.objects.filter(pk=connection_id, is_active=True)
    available = (
        available.exclude(lease_until__gt=now) if current_token is None else available.filter(lease_token=current_token)
    )
    token = uuid4()
    is_taken = available.update(lease_token=token, lease_until=now + lease(), lease_holder=worker[:255])
    return token if is_taken else None


def _read_pages(run: _Run) -> None:
    """Store page by page; stop at the limits of one run (the rest is due at once) or when the lease is lost."""
    connection, clock = run.source.connection, run.clock
    deadline = clock() + timedelta(seconds=MAX_RUN_S)
    fetched_at = clock()
    pages = run.source.adapter.fetch(run.source.config, connection.cursor)
    try:
        for page in pages:
            stored = storing_once.store_page(
                connection.pk,
                page,
                fetched_at=fetched_at,
                lease_token=run.token,
                source=run.source,
                batch=run.batch,
            )
            run.items += len(stored)
            run.pages += 1
            run.again_soon = run.again_soon or page.again_soon
            run.trouble = run.trouble or fit(without_secrets(page.trouble))
            _note_quota(run, page)
            if not _renew(connection.pk, run.token, clock()):
                run.is_stopped = True
                return
            if run.pages >= MAX_PAGES_PER_RUN or clock() > deadline:
                run.more = True
                return
            fetched_at = clock()
    finally:
        if isinstance(pages, Generator):
            pages.close()  # an IMAP session must not stay open until garbage collection


def _note_quota(run: _Run, page: Page) -> None:
    if page.quota_left is not None:
        run.quota_left, run.quota_resets_at = min(page.quota_left, MAX_QUOTA), page.quota_resets_at


def _renew(connection_id: int, token: UUID, now: datetime) -> bool:
    """Extend the lease; False if we lost it or the connection was paused."""
    leased = Connection.objects.filter(pk=connection_id, lease_token=token, is_active=True)
    return bool(leased.update(lease_until=now + lease()))


def _record_success(connection: Connection, run: _Run, now: datetime) -> None:
    interval_s = next_interval_s(connection.interval_s, run.items, run.source.adapter.poll_interval_s)
    next_s = min(interval_s, _shortest_s(connection)) if run.again_soon else interval_s
    pause_s = 0.0 if run.more else max(next_s, quota_pause_s(run.quota_left, run.quota_resets_at, run.pages, now))
    _release(
        connection.pk,
        run.token,
        next_poll_at=now + timedelta(seconds=pause_s),
        interval_s=interval_s,
        failures=0,
        quota_left=run.quota_left,
        quota_resets_at=run.quota_resets_at,
        last_success_at=now,
        last_error=run.trouble,
        last_error_at=now if run.trouble else None,
        trouble=Trouble.REFUSED if run.trouble else "",
    )


def _record_failure(connection: Connection, token: UUID, error: Exception, now: datetime, run: _Run | None) -> Polled:
    trouble, message = classify(error)
    if trouble == Trouble.BUG:
        logger.exception("Polling connection %s failed with an unexpected error.", connection.pk)
    failures = connection.failures + 1
    values: dict[str, Any] = {}
    if run is not None and run.quota_left is not None:
        values = {"quota_left": run.quota_left, "quota_resets_at": run.quota_resets_at}
    _release(
        connection.pk,
        token,
        next_poll_at=now + timedelta(seconds=failure_pause_s(error, trouble, failures, connection, now)),
        failures=failures,
        last_error=message,
        last_error_at=now,
        trouble=trouble,
        **values,
    )
    return Polled(True, run.items if run else 0, run.pages if run else 0, error=message)


def _release(connection_id: int, token: UUID, **values: Any) -> None:
    leased = Connection.objects.filter(pk=connection_id, lease_token=token)
    leased.update(lease_token=None, lease_until=None, lease_holder="", **values)


def classify(error: Exception) -> tuple[str, str]:
    """(kind of trouble, message for the admin). The message never contains a secret."""
    if isinstance(error, SoftTimeLimitExceeded):
        return Trouble.TRANSIENT, _(
            "The poll took too long and was stopped. The next poll continues from the last stored page."
        )
    if isinstance(error, UnknownPlatform):
        return Trouble.SETTINGS, str(error)
    if not isinstance(error, ChannelError):
        message = _("Internal error (%(kind)s). Nothing is lost; the log has the details.")
        return Trouble.BUG, message % {"kind": type(error).__name__}
    text = without_secrets(str(error)) or type(error).__name__
    for kind, trouble in (
        (InvalidSettings, Trouble.SETTINGS),
        (RateLimited, Trouble.QUOTA),
        (Transient, Trouble.TRANSIENT),
        (AuthFailed, Trouble.AUTH),
        (Malformed, Trouble.MALFORMED),
    ):
        if isinstance(error, kind):
            return trouble, text
    return Trouble.REFUSED, text


def next_interval_s(interval_s: int, items: int, bounds: tuple[int, int]) -> int:
    """Seconds until the next poll: half the interval while the connection is busy, a quarter more after each poll
    without items."""
    shortest, longest = bounds
    if items >= BUSY_ITEMS:
        interval_s //= 2
    elif items == 0:
        interval_s = interval_s * 5 // 4 + 1
    return min(longest, max(shortest, interval_s))


def quota_pause_s(left: int | None, resets_at: datetime | None, requests: int, now: datetime) -> float:
    """Seconds to wait so that the remaining quota lasts until it resets; 0 if no quota applies."""
    if left is None or resets_at is None or resets_at <= now:
        return 0.0
    window_s = (resets_at - now).total_seconds()
    polls_left = left // max(1, requests)
    return min(MAX_WAIT_S, window_s if polls_left < 1 else window_s / (polls_left + 1))


def failure_pause_s(error: Exception, trouble: str, failures: int, connection: Connection, now: datetime) -> float:
    """Seconds until the next attempt: what the platform asks for, a long pause if an admin is needed, else exponential
    backoff."""
    shortest = _shortest_s(connection)
    if trouble in (Trouble.AUTH, Trouble.SETTINGS):
        return MENDED_BY_ADMIN_S * _rng.uniform(1.0, 1.2)
    retry_after_s = (error.retry_after_s or 0.0) if isinstance(error, Transient) else 0.0
    if isinstance(error, RateLimited) and error.until is not None:
        retry_after_s = max(retry_after_s, (error.until - now).total_seconds())
    if isinstance(error, RateLimited) and retry_after_s > 0:
        return min(MAX_WAIT_S, max(retry_after_s, shortest)) + _rng.uniform(0, 5)
    doubling: float = min(MAX_BACKOFF_S, shortest * 2 ** min(failures - 1, 12))
    return min(MAX_WAIT_S, max(retry_after_s, doubling * _rng.uniform(0.8, 1.2)))


def _shortest_s(connection: Connection) -> int:
    try:
        return max(1, adapter_for(connection.platform).poll_interval_s[0])
    except UnknownPlatform:
        return 60
