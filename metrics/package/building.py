"""Builds packages step by step. Each step is stored with its files, so that the next worker resumes there."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from channels import sweeps
from channels.clocks import clock_from
from channels.dispatch import send_task
from metrics.models import Package, PackageFile
from metrics.package.steps import STEPS

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=2)
"""Longer than the task may run."""
MAX_RUN = timedelta(seconds=30)
MAX_ATTEMPTS = 3
"""Of one step."""
KEPT_OWN = timedelta(days=31)
KEPT_TEAM = timedelta(days=800)
BUILDING = Q(state=Package.State.BUILDING)


def follow(now: datetime) -> int:
    """The sweep: packages that nobody is building get a worker; returns how many were handed to one."""
    free = Package.objects.filter(BUILDING & _is_free(now)).order_by("pk")
    return sweeps.each("packages", list(free.values_list("pk", "attempts")[:20]), _hand_on)


def _hand_on(row: tuple[int, int]) -> bool:
    package_id, attempts = row
    if attempts >= MAX_ATTEMPTS:
        Package.objects.filter(BUILDING, pk=package_id, attempts=attempts).update(state=Package.State.FAILED)
        logger.error("Package %s failed: a step was begun %s times and never finished.", package_id, attempts)
        return False
    return send_task("metrics.build_package", package_id)


def build(package_id: int, now: datetime) -> bool:
    """Run a package's next steps, for at most MAX_RUN; returns whether it is ready. Safe to run concurrently."""
    clock = clock_from(now)
    while (package := _lease(package_id, clock())) is not None:
        _do(package, clock())
        if package.state == Package.State.READY:
            return True
        if clock() - now > MAX_RUN:
            send_task("metrics.build_package", package_id)
            return False
    return False


def again(package_id: int) -> bool:
    """Resume a failed package at the step that failed; returns whether it did."""
    failed = Package.objects.filter(pk=package_id, state=Package.State.FAILED)
    return bool(failed.update(state=Package.State.BUILDING, attempts=0, leased_until=None))


def prune(now: datetime) -> int:
    """Delete old packages; the numbers can be counted again."""
    old = Q(user__isnull=False, asked_at__lt=now - KEPT_OWN) | Q(asked_at__lt=now - KEPT_TEAM)
    return Package.objects.filter(old).delete()[0]


def _is_free(now: datetime) -> Q:
    return Q(leased_until=None) | Q(leased_until__lt=now)


def _lease(package_id: int, now: datetime) -> Package | None:
    """Lease a package to build; None if it is ready, failed, or being built by another worker."""
    mine = Package.objects.filter(BUILDING & _is_free(now), pk=package_id, attempts__lt=MAX_ATTEMPTS)
    if not mine.update(leased_until=now + LEASE, attempts=F("attempts") + 1):
        return None
    return Package.objects.get(pk=package_id)


def _do(package: Package, now: datetime) -> None:
    """Run one step. The first worker to finish it stores it; the files of a slower one are dropped."""
    files = STEPS[package.done](package, now)
    is_last = package.done + 1 == len(STEPS)
    state = Package.State.READY if is_last else Package.State.BUILDING
    with transaction.atomic():
        stored = Package.objects.filter(BUILDING, pk=package.pk, done=package.done).update(
            done=package.done + 1,
            state=state,
            attempts=0,
            leased_until=None,
            summary=package.summary,
            ready_at=now if is_last else None,
        )
        if stored:
            rows = [PackageFile(package=package, name=name, content=content) for name, content in files.items()]
            PackageFile.objects.bulk_create(rows)
    package.state = state
