"""Keeps the next release days planned, each with an owner by rota, and a shift where nobody would be on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from channels import sweeps
from team import coverage
from team.coverage import DAY
from team.duties import months, rota
from team.models import Release, ReleaseRule, RotaPlace, Shift
from team.release import release_times

AT_LEAST = 3
"""Releases planned ahead; more if the rota has more people, so that everybody has one to swap."""
AT_MOST = 12
NOTE = "Release day"


def plan(now: datetime) -> int:
    """Add missing release days and give those without an owner one. Returns how many changed."""
    count = min(max(AT_LEAST, len(rota.people(RotaPlace.Duty.RELEASE)) + 1), AT_MOST)
    rules = ReleaseRule.objects.filter(is_active=True).values_list("pk", flat=True)
    return sweeps.each("release rules", list(rules), lambda pk: _plan_rule(pk, count, now))


@transaction.atomic
def _plan_rule(rule_id: int, count: int, now: datetime) -> int:
    rule = ReleaseRule.objects.select_for_update().get(pk=rule_id)
    first = now.astimezone(rule.zone).date() - DAY
    wanted = list(months.months_from(first, count + 1))
    known = {release.month: release for release in _ahead(rule, wanted)}
    changed = 0
    for month in wanted:
        release = known.get(month) or Release(rule=rule, month=month, day=release_times.day_in(rule, month))
        if release_times.hours(rule, release.day).end > now:
            changed += _up_to_date(release, rule)
    return changed


def _ahead(rule: ReleaseRule, wanted: list[Any]) -> list[Release]:
    return list(Release.objects.filter(rule=rule, month__in=wanted).select_related("owner", "rule", "shift"))


def _up_to_date(release: Release, rule: ReleaseRule) -> bool:
    """Follow the rule's day unless it was moved by hand, and make sure the owner is still active."""
    release.rule = rule
    day = release.day if release.is_moved else release_times.day_in(rule, release.month)
    has_owner = release.owner is not None and release.owner.is_active
    if release.pk and day == release.day and has_owner:
        return False
    is_new, is_moved = release.pk is None, day != release.day
    release.day = day
    if is_moved:
        reset_announcements(release)
    owner = release.owner if has_owner else _next(release)
    if not is_new and not is_moved and owner == release.owner:
        return False
    release.save()
    give(release, owner)
    return True


def _next(release: Release) -> Any:
    """The user whose turn it is; None if nobody in the rota is available."""
    others = Release.objects.exclude(owner=None).exclude(pk=release.pk).order_by("-day")[: 12 * AT_MOST]
    turns = [(owner, day) for owner, day in others.values_list("owner_id", "day") if owner is not None]
    return rota.next_of(RotaPlace.Duty.RELEASE, turns, release.day, rota.away_on(release.day))


def give(release: Release, owner: Any) -> None:
    """Make `owner` (or nobody) responsible for a locked or new release, with a shift if the day is not covered."""
    old = release.shift_id
    release.owner, release.shift = owner, None
    release.save(update_fields=["owner", "shift"])
    if old is not None:
        Shift.objects.filter(pk=old).delete()
    if owner is not None and release_times.is_uncovered(release, coverage.together()):
        span = release_times.hours_of(release)
        shift, is_new = Shift.objects.get_or_create(
            user=owner, starts_at=span.start, defaults={"ends_at": span.end, "note": NOTE}
        )
        release.shift = shift if is_new else None
        release.save(update_fields=["shift"])


def reset_announcements(release: Release) -> None:
    """Announcements for the old day are repeated for the new one."""
    release.told_ahead_at = release.told_day_at = release.told_summary_at = None


@transaction.atomic
def assign(release_id: int, owner: Any) -> Release:
    """Assign a release to somebody as a manager, without their consent."""
    release = Release.objects.select_for_update(of=("self",)).select_related("rule").get(pk=release_id)
    give(release, owner)
    return release


@transaction.atomic
def move(release_id: int, day: Any) -> Release:
    """Move it to another day, in any month; announcements are repeated for the new day."""
    release = Release.objects.select_for_update(of=("self",)).select_related("rule", "owner").get(pk=release_id)
    if day != release.day:
        release.day, release.is_moved = day, True
        reset_announcements(release)
        release.save(update_fields=["day", "is_moved", "told_ahead_at", "told_day_at", "told_summary_at"])
        give(release, release.owner)
    return release
