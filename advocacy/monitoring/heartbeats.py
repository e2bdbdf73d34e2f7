"""Heartbeats of beat and of a worker for each Celery queue. Stored in Redis, judged by its clock alone.

A worker's main process marks its queues every few seconds, whatever its pool is doing; beat marks itself whenever it
sends a tick. No other clock is involved: a mark is a key, and its age follows from its time to live.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from celery import bootsteps
from django.conf import settings

from advocacy.runtime.freshness import fresh_for
from advocacy.runtime.redis_client import client

BEAT = "beat"
MARK_EVERY_S = 10.0
SILENT_AFTER_S = 75.0
"""A part silent this long is reported. A restart takes less."""
CACHE_TTL_S = 7 * 24 * 3600
WATCH = "advocacy.tasks.watch"


def queue_part(queue: str) -> str:
    return f"queue:{queue}"


def queues() -> list[str]:
    """Every queue the desk uses."""
    return [queue.name for queue in settings.CELERY_TASK_QUEUES]


def parts() -> list[str]:
    """All parts that must be alive."""
    return [BEAT, *(queue_part(queue) for queue in queues())]


def mark(names: Iterable[str]) -> None:
    """Mark these as alive now. Raises redis.RedisError."""
    pipe = client().pipeline(transaction=False)
    for name in names:
        pipe.set(_seen(name), 1, ex=CACHE_TTL_S)
        pipe.delete(_missed(name))
    pipe.execute()


def silences() -> dict[str, float]:
    """Part → seconds since last seen. For a part unknown to Redis (it was emptied, or the desk is new) the silence
    starts at the first query. One round trip while all are alive: every page asks. Raises redis.RedisError."""
    names = parts()
    pipe = client().pipeline(transaction=False)
    for name in names:
        pipe.pttl(_seen(name))
    seen_ms = dict(zip(names, pipe.execute(), strict=True))
    found = {name: _age_s(left_ms) for name, left_ms in seen_ms.items() if left_ms >= 0}
    absent = [name for name in names if found.get(name, CACHE_TTL_S) > SILENT_AFTER_S]
    return {**dict.fromkeys(names, 0.0), **_missed_for(absent), **found} if absent else found


def _missed_for(names: list[str]) -> dict[str, float]:
    """Seconds since each of these was first missed."""
    pipe = client().pipeline(transaction=False)
    for name in names:
        pipe.set(_missed(name), 1, ex=CACHE_TTL_S, nx=True)
        pipe.pttl(_missed(name))
    return {name: _age_s(left_ms) for name, left_ms in zip(names, pipe.execute()[1::2], strict=True)}


def was_seen(name: str) -> bool:
    """Whether Redis has a mark for it. Raises redis.RedisError."""
    return bool(client().exists(_seen(name)))


def _age_s(left_ms: int) -> float:
    """The age of a mark with this remaining time to live."""
    return max(0.0, CACHE_TTL_S - left_ms / 1000)


def _seen(name: str) -> str:
    return f"desk:seen:{name}"


def _missed(name: str) -> str:
    """Key for when the part was first missed; used only while it was never seen."""
    return f"desk:missed:{name}"


class Heartbeat(bootsteps.StartStopStep):  # type: ignore[misc]
    """In a worker's main process: marks its queues, and has its pool check on the others."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker: Any, **options: Any) -> None:
        self.timer: Any = None
        super().__init__(worker, **options)

    def start(self, worker: Any) -> None:
        self.timer = worker.timer.call_repeatedly(MARK_EVERY_S, self.tick, (worker,))
        self.tick(worker)

    def stop(self, worker: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def tick(self, worker: Any) -> None:
        """Without Redis there is nothing to mark and nobody to notify."""
        names = sorted(worker.app.amqp.queues.consume_from)
        try:
            mark(queue_part(name) for name in names)
            worker.app.send_task(WATCH, queue=names[0], retry=False, **fresh_for(2 * MARK_EVERY_S))
        except Exception:  # noqa: S110 whatever Redis' clients raise: the worker's loop must go on
            pass
