"""The weekly checklist of channels to look at by hand, with a Slack reminder on Monday morning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.models import Channel
from channels.outbox import slack_posts
from mentions.models import ChannelCheck
from mentions.people import access

REMIND_AT_HOUR = 8
"""UTC, on Mondays: the start of coverage hours."""
_KEYS = UUID("0d5b1c8e-0b0c-4e0e-9f0a-7f2f0f8b6a11")


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """A channel and who checked it this week; `last` is the check before that."""

    channel: Channel
    check: ChannelCheck | None
    last: ChannelCheck | None


def week_of(now: datetime) -> date:
    """The week's Monday (UTC)."""
    day = now.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def lines(user: access.User, now: datetime) -> list[ChecklistLine]:
    """The part of the week's checklist this person may see, unchecked channels first. Two queries."""
    week = week_of(now)
    mine = Channel.objects.filter(is_checked_weekly=True, pk__in=access.visible_channel_ids(user))
    channels = list(mine.select_related("connection"))
    latest = ChannelCheck.objects.filter(channel__in=channels, week__gt=week - timedelta(weeks=26))
    checks: dict[int, list[ChannelCheck]] = {}
    for check in latest.select_related("done_by").order_by("-week"):
        checks.setdefault(check.channel_id, []).append(check)
    found = []
    for channel in channels:
        known = checks.get(channel.pk, [])
        this = next((check for check in known if check.week == week), None)
        found.append(ChecklistLine(channel, this, next((check for check in known if check.week < week), None)))
    return sorted(found, key=lambda line: (line.check is not None, line.channel.name.lower()))


def check(channel: Channel, user: Any, note: str, now: datetime) -> ChannelCheck:
    """Record a check; the first of the week counts, a second click changes nothing."""
    values = {"done_by": user, "done_at": now, "note": note.strip()[:300]}
    return ChannelCheck.objects.get_or_create(channel=channel, week=week_of(now), defaults=values)[0]


def uncheck(channel: Channel, now: datetime) -> None:
    """Remove the check."""
    ChannelCheck.objects.filter(channel=channel, week=week_of(now)).delete()


def remind(now: datetime) -> bool:
    """Remind the team once, on Monday from 08:00 UTC; return whether a message was queued."""
    now = now.astimezone(UTC)
    room = settings.TEAM_SLACK_CHANNEL
    if now.weekday() != 0 or now.hour < REMIND_AT_HOUR or not room or not settings.SLACK_TOKEN:
        return False
    done = ChannelCheck.objects.filter(week=week_of(now)).values("channel")
    channels = list(Channel.objects.filter(is_checked_weekly=True).exclude(pk__in=done).order_by("name"))
    if not channels:
        return False
    first = ngettext(
        "%(count)d channel to check this week:",
        "%(count)d channels to check this week:",
        len(channels),
    )
    named = [f"• {slack_posts.escaped(channel.name)} {channel.web_url}".rstrip() for channel in channels]
    address = settings.BASE_URL + reverse("mentions:checklist")
    last = _("Mark them as checked: %(address)s") % {"address": address}
    slack_posts.post_message(
        key=uuid5(_KEYS, str(week_of(now))),
        conversation=f"slack:{room}",
        channel=room,
        text="\n".join([first % {"count": len(channels)}, *named, last]),
        not_before=now,
    )
    return True
