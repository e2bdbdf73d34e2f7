"""Thin, idempotent tasks."""

from __future__ import annotations

from celery import shared_task

from channels.clocks import desk_now
from team import announcing, coverage


@shared_task(name="team.announce_gaps", ignore_result=True)  # type: ignore[untyped-decorator]
def announce_gaps() -> None:
    announcing.announce_gaps(desk_now())


@shared_task(name="team.publish_coverage", ignore_result=True)  # type: ignore[untyped-decorator]
def publish_coverage() -> None:
    coverage.publish(desk_now())
