"""Swaps release duties: one owner asks, the other agrees, and only then both days change hands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from team.models import Release, ReleaseSwap
from team.release import planning, release_times, telling

State = ReleaseSwap.State


class SwapRefused(Exception):
    """Nothing was changed; the text tells the user why."""


@transaction.atomic
def ask(release_id: int, other_id: int, user: Any, now: datetime) -> ReleaseSwap:
    """Ask the owner of the other day. Raises SwapRefused."""
    releases = _locked(release_id, other_id)
    release, other = releases.get(release_id), releases.get(other_id)
    if release is None or other is None or release == other:
        raise SwapRefused(_("Choose a release day of somebody else."))
    if release.owner_id != user.pk:
        raise SwapRefused(_("This release day is not yours, so only its owner can swap it."))
    if other.owner is None or other.owner_id == user.pk or not other.owner.is_active:
        raise SwapRefused(_("Choose a release day of somebody else."))
    if _has_begun(release, now) or _has_begun(other, now):
        raise SwapRefused(_("One of these days has already begun. Ask a manager to assign it."))
    if ReleaseSwap.objects.filter(release=release, state=State.OPEN).exists():
        raise SwapRefused(_("You have asked somebody already. Withdraw that first."))
    swap = ReleaseSwap.objects.create(
        release=release, other=other, asked_by=user, asked=other.owner, asked_at=now, state=State.OPEN
    )
    telling.asked(swap, now)
    return swap


@transaction.atomic
def agree(swap_id: int, user: Any, now: datetime) -> ReleaseSwap:
    """Both days change hands. Raises SwapRefused; a swap that is no longer possible lapses."""
    swap = _open(swap_id, Q(asked=user.pk))
    releases = _locked(swap.release_id, swap.other_id)
    release, other = releases[swap.release_id], releases[swap.other_id]
    is_as_asked = release.owner_id == swap.asked_by_id and other.owner_id == swap.asked_id
    if not is_as_asked or _has_begun(release, now) or _has_begun(other, now) or not swap.asked_by.is_active:
        return _end(swap, State.LAPSED, now)
    # Both shifts go first: one person can't have two that begin at the same time.
    planning.give(release, None)
    planning.give(other, None)
    planning.give(release, swap.asked)
    planning.give(other, swap.asked_by)
    _end(swap, State.AGREED, now)
    telling.decided(swap, now)
    return swap


@transaction.atomic
def decline(swap_id: int, user: Any, now: datetime) -> ReleaseSwap:
    swap = _end(_open(swap_id, Q(asked=user.pk)), State.DECLINED, now)
    telling.decided(swap, now)
    return swap


@transaction.atomic
def withdraw(swap_id: int, user: Any, now: datetime) -> ReleaseSwap:
    return _end(_open(swap_id, Q(asked_by=user.pk)), State.WITHDRAWN, now)


def lapse(now: datetime) -> int:
    """End requests that nobody answered before one of the days began. Returns how many."""
    rows = ReleaseSwap.objects.filter(state=State.OPEN).select_related("release__rule", "other__rule")
    late = [swap.pk for swap in rows if _has_begun(swap.release, now) or _has_begun(swap.other, now)]
    return ReleaseSwap.objects.filter(pk__in=late, state=State.OPEN).update(state=State.LAPSED, decided_at=now)


def _open(swap_id: int, condition: Q) -> ReleaseSwap:
    """An open swap, locked. Raises SwapRefused."""
    rows = ReleaseSwap.objects.select_for_update(of=("self",)).select_related("asked", "asked_by")
    swap = rows.filter(condition, pk=swap_id, state=State.OPEN).first()
    if swap is None:
        raise SwapRefused(_("This request has ended, or is not yours to decide."))
    return swap


def _locked(*ids: int) -> dict[int, Release]:
    """Both releases, locked in id order."""
    rows = Release.objects.select_for_update(of=("self",)).select_related("rule", "owner").filter(pk__in=ids)
    return {release.pk: release for release in rows.order_by("pk")}


def _has_begun(release: Release, now: datetime) -> bool:
    return release_times.hours_of(release).start <= now


def _end(swap: ReleaseSwap, state: str, now: datetime) -> ReleaseSwap:
    swap.state, swap.decided_at = state, now
    swap.save(update_fields=["state", "decided_at"])
    return swap
