"""The tasks of this floor: proof of life, and a look at what else is alive."""

from __future__ import annotations

from celery import shared_task

from advocacy import health, heartbeats, standing
from channels.clocks import desk_now


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def tick() -> None:
    """Sent by beat, run by a worker: each of the two leaves its own mark (beat's is set while it sends)."""
    health.mark(health.WORKER, desk_now())


@shared_task(name=heartbeats.WATCH, ignore_result=True)  # type: ignore[untyped-decorator]
def watch() -> int:
    """Sent by every worker to itself: whichever part is dead, another one tells."""
    return standing.watch(desk_now())
