"""The tasks of this floor: proof of life, and a look at what else is alive."""

from __future__ import annotations

from celery import shared_task

from advocacy.monitoring import heartbeats, standing
from channels.clocks import desk_now


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def tick() -> None:
    """Beat leaves its mark while it sends this; workers leave theirs by themselves (`monitoring.heartbeats`)."""


@shared_task(name=heartbeats.WATCH, ignore_result=True)  # type: ignore[untyped-decorator]
def watch() -> int:
    """Sent by every worker to itself: whichever part is dead, another one tells."""
    return standing.watch(desk_now())
