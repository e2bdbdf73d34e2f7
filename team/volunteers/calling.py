"""Tells the team about days with too few volunteers: once per day, and again on the working day before it. Only on
working days: a volunteer can prepare in an hour, but has to be found first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from team import coverage
from team.duties import slack
from team.models import VolunteerNeed
from team.volunteers import needs
from team.volunteers.needs import Need

FROM_HOUR = 12
"""UTC."""
AHEAD = 7
"""Days, including today."""


@transaction.atomic
def announce(now: datetime) -> bool:
    """Queue one message with what is new or due again; returns whether one was queued. A day that falls short in the
    afternoon is announced within the hour."""
    now = now.astimezone(UTC)
    hours = coverage.together()
    if now.hour < FROM_HOUR or not slack.is_set_up() or not needs.is_worked(hours, now.date()):
        return False
    found = needs.lacking(now, AHEAD)
    known = {row.day: row for row in VolunteerNeed.objects.filter(day__in=[need.day for need in found])}
    new = [need for need in found if need.day not in known]
    again = [need for need in found if need.day in known and _is_due_again(known[need.day], hours, now)]
    if not new and not again:
        return False
    VolunteerNeed.objects.bulk_create([VolunteerNeed(day=need.day, told_at=now) for need in new], ignore_conflicts=True)
    VolunteerNeed.objects.filter(day__in=[need.day for need in again]).update(reminded_at=now)
    key = " ".join(str(need.day) for need in (*new, *again))
    slack.tell_team(f"volunteers {now.date()} {key}", _text_of(new, again), now)
    return True


def _is_due_again(row: VolunteerNeed, hours: coverage.Together, now: datetime) -> bool:
    is_today = needs.worked_before(hours, row.day) == now.date()
    return is_today and row.reminded_at is None and row.told_at.astimezone(UTC).date() < now.date()


def _text_of(new: list[Need], again: list[Need]) -> str:
    lines = []
    if new:
        lines += [_("On these days an advocate is away:"), *_bullets(new)]
    if again:
        lines += [_("There are still too few volunteers:"), *_bullets(again)]
    last = _("Invite somebody: %(address)s") % {"address": settings.BASE_URL + reverse("team:volunteers")}
    return "\n".join([*lines, last])


def _bullets(found: Iterable[Need]) -> list[str]:
    words = _("%(day)s: %(there)d of %(wanted)d volunteers")
    return [
        "• "
        + words % {"day": formats.date_format(need.day, "l, j F"), "there": len(need.coming), "wanted": needs.WANTED}
        for need in found
    ]
