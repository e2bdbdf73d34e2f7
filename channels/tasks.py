"""Celery tasks: thin, idempotent, ids as arguments. Each calls one verb with `desk_now()`.

The schedule is in `advocacy.runtime.beat`.
"""

from __future__ import annotations

from uuid import UUID

from celery import Task, shared_task

from channels.clocks import desk_now
from channels.dispatch import send_task
from channels.inbox import storing_once
from channels.lookups import finding
from channels.monitoring import alarms, connection_test, expiry
from channels.outbox import outbox
from channels.polling import polling, rereading
from channels.web_pages import page_reading


@shared_task(name="channels.dispatch_polls")  # type: ignore[untyped-decorator]
def dispatch_polls() -> int:
    """Lease due connections and queue a task for each. A lost task is dispatched again after the lease's grace
    period."""
    leases = polling.due(desk_now())
    for lease in leases:
        send_task("channels.poll", lease.connection_id, str(lease.token))
    return len(leases)


@shared_task(name="channels.poll", bind=True)  # type: ignore[untyped-decorator]
def poll(self: Task, connection_id: int, lease_token: str | None = None) -> int:
    worker = self.request.hostname or ""
    polled = polling.poll(connection_id, desk_now(), UUID(lease_token) if lease_token else None, worker=worker)
    return polled.items


@shared_task(name="channels.refetch_followed")  # type: ignore[untyped-decorator]
def refetch_followed() -> int:
    return rereading.refetch_due(desk_now())


@shared_task(name="channels.refetch_thread")  # type: ignore[untyped-decorator]
def refetch_thread(connection_id: int, thread_id: str) -> bool:
    return rereading.refetch_thread(connection_id, thread_id, desk_now())


@shared_task(name="channels.send_due")  # type: ignore[untyped-decorator]
def send_due() -> int:
    return outbox.send_due(desk_now())


@shared_task(name="channels.recover_outbox")  # type: ignore[untyped-decorator]
def recover_outbox() -> int:
    return outbox.recover(desk_now())


@shared_task(name="channels.nudge_pending")  # type: ignore[untyped-decorator]
def nudge_pending() -> int:
    return storing_once.nudge_pending()


@shared_task(name="channels.read_page")  # type: ignore[untyped-decorator]
def read_page(url: str, key: str) -> bool:
    """Read a web page for a waiting person: caches the result, or the reason for a failure, under `key` for ten
    minutes."""
    return page_reading.read_into_cache(url, key)


@shared_task(name=finding.TASK)  # type: ignore[untyped-decorator]
def find(lookup_ids: list[int], words: list[str]) -> int:
    """Search for a waiting person: caches each lookup's result, or the reason for its failure."""
    return finding.find_all(lookup_ids, words)


@shared_task(name=connection_test.TASK)  # type: ignore[untyped-decorator]
def try_connection(connection_id: int) -> bool | None:
    return connection_test.tried(connection_id).is_well


@shared_task(name="channels.sweep_alarms")  # type: ignore[untyped-decorator]
def sweep_alarms() -> int:
    return alarms.sweep(desk_now())


@shared_task(name="channels.ask_expiry")  # type: ignore[untyped-decorator]
def ask_expiry() -> int:
    return expiry.ask_all(desk_now())
