"""Thin, idempotent tasks."""

from __future__ import annotations

from celery import shared_task

from channels.clocks import desk_now
from team import announcing


@shared_task(name="team.announce_gaps", ignore_result=True)  # type: ignore[untyped-decorator]
def announce_gaps() -> None:
    announcing.announce_gaps(desk_now())
