"""Plans what is sent to whom: each row once, however many workers plan it, and however late."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from channels.audience import seen_by
from metrics.mailing import people
from metrics.models import Package, ReportMessage
from metrics.package import months
from team import roster

DIGEST_AT = timedelta(hours=7)
"""Local time on Mondays."""
WEEK = timedelta(weeks=1)
KEPT = timedelta(days=800)
"""How long sent rows are kept: without them, it would all be sent again."""


def plan(now: datetime) -> int:
    """Plan the messages that are due; returns how many."""
    return _plan_digests(now) + _plan_packages(now)


def digest_week(now: datetime, tz: tzinfo) -> date:
    """The Monday of the latest digest's week. If it was missed on Monday, it is sent later."""
    today = (now - DIGEST_AT).astimezone(tz).date()
    return today - timedelta(days=today.weekday()) - WEEK


def _plan_digests(now: datetime) -> int:
    planned = 0
    for user, ways in people.who_chose("weekly_digest"):
        week = digest_week(now, roster.zone_of(user))
        for way in ways:
            # In another time zone the same Monday may come again, or the one before may still be the latest.
            sent = ReportMessage.objects.filter(user=user, way=way, week__gte=week)
            if not sent.exists():
                row = {"user": user, "way": way, "week": week}
                planned += ReportMessage.objects.get_or_create(**row, defaults={"due_at": now})[1]
    return planned


def _plan_packages(now: datetime) -> int:
    """Plan the messages about the team's package of the last month, once it is ready."""
    planned = 0
    month = months.last_whole(now, ZoneInfo(settings.TIME_ZONE))
    for package in Package.objects.filter(user=None, month=month, state=Package.State.READY):
        for user, ways in people.who_chose("monthly_package"):
            if seen_by(user, Package).filter(pk=package.pk).exists():
                for way in ways:
                    row = {"user": user, "way": way, "package": package}
                    planned += ReportMessage.objects.get_or_create(**row, defaults={"due_at": now})[1]
    return planned


def prune(now: datetime) -> int:
    """Delete old sent rows."""
    old = Q(due_at=None, week__lt=(now - KEPT).date())
    return ReportMessage.objects.filter(old).delete()[0]
