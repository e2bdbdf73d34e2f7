"""Thin, idempotent tasks."""

from __future__ import annotations

from celery import shared_task

from channels.clocks import desk_now
from metrics.alerts import watching
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
