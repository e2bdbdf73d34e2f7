"""Is the desk alive, and is it ready? For load balancers and monitors: no login, and nothing secret in the answer.

`/healthz`: this process answers. `/readyz`: database, Redis, migrations, beat and a worker are there; 200 when all are,
503 when one is not, with one line for each that says which and why.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import redis
from celery.signals import before_task_publish
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from advocacy.redis_client import client
from channels.clocks import desk_now

BEAT = "desk:seen:beat"
WORKER = "desk:seen:worker"
BEAT_SILENCE = timedelta(seconds=60)
WORKER_SILENCE = timedelta(minutes=6)  # longer than the time limit of a task: a busy worker is no dead one
KEPT_S = 24 * 3600


class NotReady(Exception):
    """What is missing, in words that may be shown to anybody."""


def _redis() -> redis.Redis:
    return client()


def mark(who: str, now: datetime) -> None:
    """Remembers that BEAT or WORKER was alive at `now` (aware UTC)."""
    _redis().set(who, now.timestamp(), ex=KEPT_S)


@before_task_publish.connect  # type: ignore[untyped-decorator]
def _beat_was_seen(sender: str | None = None, **_kwargs: object) -> None:
    """Only beat sends ticks, and this runs in the process that sends."""
    if sender == "advocacy.tasks.tick":
        mark(BEAT, desk_now())


def _seen_within(who: str, limit: timedelta, now: datetime) -> str:
    try:
        value = _redis().get(who)
    except redis.RedisError as error:
        raise NotReady("unknown without Redis") from error
    if value is None:
        raise NotReady("not seen yet")
    silence = now - datetime.fromtimestamp(float(value), UTC)
    if silence > limit:
        raise NotReady(f"last seen {int(silence.total_seconds())} s ago")
    return f"seen {max(0, int(silence.total_seconds()))} s ago"


def check_database(now: datetime) -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        raise NotReady("does not answer") from error
    return "answers"


def check_redis(now: datetime) -> str:
    try:
        _redis().ping()
    except redis.RedisError as error:
        raise NotReady("does not answer") from error
    return "answers"


_migrated = False


def check_migrations(now: datetime) -> str:
    """Reads the files only until all are applied; nothing takes that back while the process lives."""
    global _migrated
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as error:
            raise NotReady("unknown without the database") from error
        if waiting:
            raise NotReady(f"{len(waiting)} not applied: run `manage.py migrate`")
        _migrated = True
    return "applied"


def check_beat(now: datetime) -> str:
    return _seen_within(BEAT, BEAT_SILENCE, now)


def check_worker(now: datetime) -> str:
    return _seen_within(WORKER, WORKER_SILENCE, now)


CHECKS: dict[str, Callable[[datetime], str]] = {
    "database": check_database,
    "redis": check_redis,
    "migrations": check_migrations,
    "beat": check_beat,
    "worker": check_worker,
}


def report(now: datetime) -> tuple[bool, dict[str, str]]:
    """(all is well, part → what was found)."""
    well, parts = True, {}
    for name, check in CHECKS.items():
        try:
            parts[name] = check(now)
        except NotReady as reason:
            well, parts[name] = False, str(reason)
    return well, parts


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    well, parts = report(desk_now())
    return JsonResponse({"ready": well, **parts}, status=200 if well else 503)
