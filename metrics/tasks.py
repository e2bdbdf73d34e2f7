"""Thin, idempotent tasks."""

from __future__ import annotations

from celery import shared_task

from channels.clocks import desk_now
from metrics.alerts import watching
from metrics.exports import running
from metrics.mailing import planning, room, sending
from metrics.package import asking, building
from metrics.rollups import keeping


@shared_task(name="metrics.refresh", ignore_result=True)  # type: ignore[untyped-decorator]
def refresh() -> None:
    keeping.refresh(desk_now())


@shared_task(name="metrics.check", ignore_result=True)  # type: ignore[untyped-decorator]
def check() -> None:
    keeping.check(desk_now())


@shared_task(name="metrics.watch", ignore_result=True)  # type: ignore[untyped-decorator]
def watch() -> None:
    watching.watch(desk_now())


@shared_task(name="metrics.build_package", ignore_result=True)  # type: ignore[untyped-decorator]
def build_package(package_id: int) -> None:
    building.build(package_id, desk_now())


@shared_task(name="metrics.follow_packages", ignore_result=True)  # type: ignore[untyped-decorator]
def follow_packages() -> None:
    """Every minute: the month's package, lost workers, and messages to send."""
    now = desk_now()
    asking.schedule(now)
    building.follow(now)
    planning.plan(now)
    room.announce(now)
    sending.send_due(now)


@shared_task(name="metrics.prune_packages", ignore_result=True)  # type: ignore[untyped-decorator]
def prune_packages() -> None:
    now = desk_now()
    building.prune(now)
    planning.prune(now)
    running.prune(now)
