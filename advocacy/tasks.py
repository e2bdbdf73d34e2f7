"""The one task of this floor: proof of life."""

from __future__ import annotations

from celery import shared_task

from advocacy import health
from channels.clocks import desk_now


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def tick() -> None:
    """Sent by beat, run by a worker: each of the two leaves its own mark (beat's is set while it sends)."""
    health.mark(health.WORKER, desk_now())
