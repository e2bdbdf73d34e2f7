"""This floor's tasks: heartbeats, and watching the other parts."""

from __future__ import annotations

from celery import shared_task

from advocacy.monitoring import heartbeats, standing
from channels.clocks import desk_now


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def tick() -> None:
    """Beat marks itself when it sends this; workers mark themselves (`monitoring.heartbeats`)."""


@shared_task(name=heartbeats.WATCH, ignore_result=True)  # type: ignore[untyped-decorator]
def watch() -> int:
    """Sent by every worker to itself: whichever part is dead, another one reports it."""
    return standing.watch(desk_now())
