"""Health checks of the desk's parts, behind `/readyz` and `/healthz`.

READINESS covers what this process needs to serve pages, for a load balancer. CHECKS covers everything, for people and
alerts: a dead beat takes no web process out of service. Responses hold counts and states, no secrets, no names.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from celery.signals import before_task_publish
from django.db import DatabaseError, NotSupportedError, connection
from django.db.migrations.executor import MigrationExecutor

from advocacy.monitoring import heartbeats
from advocacy.runtime import static_files
from advocacy.runtime.redis_client import client
from channels.models import Alarm, InboundItem, OutboundItem
from channels.outbox import hold_sending
from channels.outbox.states import due

logger = logging.getLogger(__name__)

BACKLOG_AGE = timedelta(minutes=2)


class NotReady(Exception):
    """The missing part, described in text that may be public."""


class NeedsLook(Exception):
    """The desk works, but a person should look at this; the text may be public too."""


def _redis() -> redis.Redis:
    return client()


@before_task_publish.connect  # type: ignore[untyped-decorator]
def _beat_was_seen(sender: str | None = None, **_kwargs: object) -> None:
    """Only beat sends ticks, and this runs in the sending process."""
    if sender == "advocacy.tasks.tick":
        heartbeats.mark([heartbeats.BEAT])


def check_database(now: datetime) -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except NotSupportedError as error:
        raise NotReady("too old: PostgreSQL 16 or newer is needed") from error
    except DatabaseError as error:
        raise NotReady("not responding") from error
    return "responding"


def check_redis(now: datetime) -> str:
    try:
        _redis().ping()
    except redis.RedisError as error:
        raise NotReady("not responding") from error
    return "responding"


_migrated = False


def check_migrations(now: datetime) -> str:
    """Reads the migration files only until all are applied, which lasts for the process's lifetime."""
    global _migrated
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as error:
            raise NotReady("unknown without the database") from error
        if waiting:
            raise NotReady(f"{len(waiting)} not applied: run `manage.py upgrade`")
        _migrated = True
    return "applied"


def seen(name: str) -> Callable[[datetime], str]:
    """The check of one part with heartbeats (`heartbeats`)."""

    def check(now: datetime) -> str:
        try:
            if not heartbeats.was_seen(name):
                raise NotReady("not seen yet")
            silence_s = heartbeats.silences()[name]
        except redis.RedisError as error:
            raise NotReady("unknown without Redis") from error
        if silence_s > heartbeats.SILENT_AFTER_S:
            raise NotReady(f"last seen {int(silence_s)} s ago")
        return f"seen {int(silence_s)} s ago"

    return check


_collected = ""


def check_static(now: datetime) -> str:
    """Every static file of this release was collected before this process started. Compared until that holds."""
    global _collected
    if not _collected:
        try:
            _collected = static_files.collected()
        except static_files.NotCollected as reason:
            raise NotReady(str(reason)) from reason
    return _collected


def check_alarms(now: datetime) -> str:
    count = Alarm.objects.filter(cleared_at__isnull=True).count()
    if count:
        raise NeedsLook(f"{count} open: see the channels page")
    return "none open"


def check_inbox(now: datetime) -> str:
    """Fetched items become tickets within seconds; minutes of waiting mean no worker takes them."""
    late = InboundItem.objects.filter(state=InboundItem.State.PENDING, fetched_at__lt=now - BACKLOG_AGE).count()
    if late:
        raise NotReady(f"{late} mentions waiting for more than {_minutes(BACKLOG_AGE)} to become tickets")
    return "no backlog"


def check_quarantine(now: datetime) -> str:
    count = InboundItem.objects.filter(state=InboundItem.State.FAILED).count()
    if count:
        raise NeedsLook(f"{count} mentions could not be read: see the inbox in the admin")
    return "empty"


def check_outbox(now: datetime) -> str:
    if reason := hold_sending.why_held_back():
        raise NeedsLook("held by DESK_HOLD_SENDING" if reason == hold_sending.SETTING else "held: a restored copy")
    late = due(now - BACKLOG_AGE).count()
    if late:
        raise NotReady(f"{late} items waiting for more than {_minutes(BACKLOG_AGE)} to be sent")
    return "no backlog"


def check_uncertain(now: datetime) -> str:
    count = OutboundItem.objects.filter(state=OutboundItem.State.UNCERTAIN).count()
    if count:
        raise NeedsLook(f"{count} may or may not have been posted: see the outbox in the admin")
    return "none"


def _minutes(span: timedelta) -> str:
    return f"{int(span.total_seconds() // 60)} minutes"


@dataclass(frozen=True)
class Check:
    """`ask(now)` describes the state in a few words, or raises NotReady or NeedsLook. `needs`: another check; while
    that one fails this one is skipped, so a report takes no longer than one timeout."""

    ask: Callable[[datetime], str]
    needs: str = ""


@dataclass(frozen=True)
class Part:
    """The state of one part: `state` is "ok", "look" (works, but a person should look) or "failed"."""

    state: str
    said: str


READINESS: dict[str, Check] = {
    "database": Check(check_database),
    "migrations": Check(check_migrations, needs="database"),
    "static files": Check(check_static),
}
CHECKS: dict[str, Check] = {
    **READINESS,
    "redis": Check(check_redis),
    "beat": Check(seen(heartbeats.BEAT), needs="redis"),
    **{f"worker for {name}": Check(seen(heartbeats.queue_part(name)), needs="redis") for name in heartbeats.queues()},
    "inbox": Check(check_inbox, needs="database"),
    "outbox": Check(check_outbox, needs="database"),
    "alarms": Check(check_alarms, needs="database"),
    "quarantine": Check(check_quarantine, needs="database"),
    "uncertain replies": Check(check_uncertain, needs="database"),
}


def report(now: datetime, checks: Mapping[str, Check]) -> dict[str, Part]:
    """Name → state, in the order of `checks`."""
    parts: dict[str, Part] = {}
    for name, check in checks.items():
        if check.needs and parts[check.needs].state == "failed":
            parts[name] = Part("failed", f"unknown while the {check.needs} is down")
        else:
            parts[name] = _found(check, now)
    return parts


def is_well(parts: Mapping[str, Part]) -> bool:
    return all(part.state != "failed" for part in parts.values())


def _found(check: Check, now: datetime) -> Part:
    try:
        return Part("ok", check.ask(now))
    except NotReady as reason:
        return Part("failed", str(reason))
    except NeedsLook as reason:
        return Part("look", str(reason))
    except DatabaseError:
        return Part("failed", "the database is not responding")
    except Exception:
        logger.exception("A health check failed.")
        return Part("failed", "unknown: the check itself failed, see the log")
