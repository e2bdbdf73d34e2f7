"""Requests packages: on demand, once per click, and by schedule, once per month if somebody wants it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from channels.dispatch import task_after_commit
from mentions.models import Preference
from metrics.models import Package, ReportMessage
from metrics.package import months, scope


@transaction.atomic
def ask(user: Any, month: date, zone: str, ways: Sequence[str], *, key: UUID, now: datetime) -> Package:
    """A package of what this person may see, sent to them in these ways once it is ready. The same key gives the same
    package; if somebody else used it, raises PermissionError."""
    values = {
        "month": month, "zone": zone, "user": user, "asked_at": now, "channel_ids": scope.channels_in_sight(user)
    }  # fmt: skip
    package, is_new = Package.objects.get_or_create(key=key, defaults=values)
    if package.user_id != user.pk:
        raise PermissionError(key)
    if is_new:
        for way in ways:
            ReportMessage.objects.create(user=user, way=way, package=package, due_at=now)
        task_after_commit("metrics.build_package", package.pk)
    return package


def schedule(now: datetime) -> Package | None:
    """The team's package of the last month, if somebody wants it and it isn't started yet. A scheduler that was down
    starts it late; a month that nobody wanted in time is never made."""
    month = months.last_whole(now, ZoneInfo(settings.TIME_ZONE))
    if not is_wanted() or Package.objects.filter(user=None, month=month).exists():
        return None
    values = {"zone": settings.TIME_ZONE, "asked_at": now, "channel_ids": scope.channels_in_sight(None)}
    with transaction.atomic():
        package, is_new = Package.objects.get_or_create(user=None, month=month, defaults=values)
        if is_new:
            task_after_commit("metrics.build_package", package.pk)
    return package if is_new else None


def is_wanted() -> bool:
    """Whether somebody, or a Slack channel, gets the team's package."""
    if settings.PACKAGE_SLACK_CHANNEL and settings.SLACK_TOKEN:
        return True
    return Preference.objects.filter(user__is_active=True).exclude(monthly_package=Preference.Ways.NONE).exists()
