"""Reminds people at the end of their day, in their own time zone, of what is still open and theirs; once a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid5

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils.translation import ngettext

from channels import sweeps
from channels.outbox import slack_posts
from mentions.models import Event, Preference
from mentions.notifications import delivery_news
from team import roster
from team.handover import work
from team.models import HandOver, Shift

BEFORE = timedelta(minutes=30)
"""How long before the end of a shift."""
LATE = timedelta(hours=2)
"""After an outage, reminders are sent until this long after the end of the day."""
PAUSE = timedelta(hours=4)
"""If another shift starts within this time, the day has not ended."""
WITHOUT_SHIFT = (time(16, 30), time(19))
"""Local times between which somebody without a shift is reminded, if they were active today."""


def run(now: datetime) -> int:
    """Returns how many people were reminded."""
    people = {user.pk: (user, day) for user, day in [*_by_activity(now), *by_shift(now - LATE, now + BEFORE)]}
    return sweeps.each("hand-over reminders", list(people.values()), lambda each: _remind(*each, now))


def by_shift(since: datetime, until: datetime) -> Iterable[tuple[Any, date]]:
    """People whose day ends within this time: by a shift, or by what they entered in their settings."""
    ending = Shift.objects.filter(is_on_call=False, ends_at__gt=since, ends_at__lte=until)
    for shift in ending.select_related("user__preference"):
        later_shifts = Shift.objects.filter(user=shift.user_id, is_on_call=False, ends_at__gt=shift.ends_at)
        if shift.user.is_active and not later_shifts.filter(starts_at__lte=shift.ends_at + PAUSE).exists():
            yield shift.user, shift.ends_at.astimezone(roster.zone_of(shift.user)).date()
    by_setting = Preference.objects.filter(shift_until__gt=since, shift_until__lte=until, user__is_active=True)
    for preference in by_setting.select_related("user__preference"):
        ends = preference.shift_until or until
        yield preference.user, ends.astimezone(roster.zone_of(preference.user)).date()


def _by_activity(now: datetime) -> Iterable[tuple[Any, date]]:
    """People without a shift today who have worked today."""
    active = Event.objects.filter(at__gt=now - timedelta(hours=12), actor__is_active=True).values("actor")
    for user in get_user_model().objects.filter(pk__in=active).select_related("preference"):
        local = now.astimezone(roster.zone_of(user))
        day = roster.day_span(local.date(), roster.zone_of(user))
        planned = Shift.objects.filter(user=user, is_on_call=False, starts_at__lt=day.end, ends_at__gt=day.start)
        if WITHOUT_SHIFT[0] <= local.time() <= WITHOUT_SHIFT[1] and not planned.exists():
            yield user, local.date()


@transaction.atomic
def _remind(user: Any, day: date, now: datetime) -> bool:
    """Remind somebody by a Slack message and a note on every page, unless nothing is open or they have handed over."""
    if HandOver.objects.filter(user=user, day=day).exclude(reminded_at=None, done_at=None).exists():
        return False
    count = len(work.of(user, now))
    if not count:
        return False
    HandOver.objects.get_or_create(user=user, day=day)
    found = HandOver.objects.select_for_update().get(user=user, day=day)
    if found.reminded_at is not None or found.done_at is not None:
        return False
    found.reminded_at = now
    found.save(update_fields=["reminded_at"])
    _say(found, count, now)
    return True


def _say(found: HandOver, count: int, now: datetime) -> None:
    direct = delivery_news.slack_id_of(found.user)
    if not direct or not settings.SLACK_TOKEN:
        return
    words = ngettext(
        "Your day is ending, and %(count)d conversation is still yours. Hand it over: %(address)s",
        "Your day is ending, and %(count)d conversations are still yours. Hand them over: %(address)s",
        count,
    )
    address = settings.BASE_URL + reverse("team:hand_over")
    slack_posts.post_message(
        key=uuid5(found.key, "reminder"),
        conversation=f"slack:{direct}",
        channel=direct,
        text=words % {"count": count, "address": address},
        not_before=now,
    )
