"""Pauses and resumes connections, and polls them right away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from channels.dispatch import task_after_commit
from channels.models import Connection


def pause(ids: Iterable[int], reason: str) -> int:
    """Stop polling and sending; a running poll stops after its current page. Returns how many were active."""
    with transaction.atomic():
        active = Connection.objects.select_for_update().filter(pk__in=list(ids), is_active=True).order_by("pk")
        found = list(active)
        Connection.objects.filter(pk__in=[c.pk for c in found]).update(is_active=False, paused_reason=reason[:200])
        _record(found, {"paused": reason[:200]})
    return len(found)


def resume(ids: Iterable[int], now: datetime) -> int:
    """Resume polling and sending, at once. Returns how many were paused."""
    with transaction.atomic():
        paused = Connection.objects.filter(pk__in=list(ids), is_active=False)
        resumed = list(paused.order_by("pk"))
        found = [connection.pk for connection in resumed]
        _record(resumed, {"resumed": True})
        paused.update(is_active=True, paused_reason="", failures=0, next_poll_at=now)
        for pk in found:
            task_after_commit("channels.poll", pk)
    return len(found)


def _due_by(connections: QuerySet[Connection], now: datetime) -> None:
    """Make connections due now, unless they have been due for longer: *poll now* must not hide that no worker polls."""
    connections.filter(next_poll_at__gt=now).update(next_poll_at=now)


def poll_soon(ids: Iterable[int], now: datetime) -> int:
    """Make active connections due now; if the task is lost, the next tick polls them. Returns how many."""
    with transaction.atomic():
        active = Connection.objects.filter(pk__in=list(ids), is_active=True)
        found = list(active.values_list("pk", flat=True))
        _due_by(active, now)
        for pk in found:
            task_after_commit("channels.poll", pk)
    return len(found)


def _record(connections: Iterable[Connection], details: Mapping[str, object]) -> None:
    for connection in connections:
        log.record(EntryKind.CONNECTION_CHANGED, now=desk_now(), subject=connection, details=details)
