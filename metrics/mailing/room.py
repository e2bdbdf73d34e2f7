"""Announces the team's package in a Slack channel once it is ready: the first lines of the summary and the address."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings

from channels.outbox import slack_posts
from mentions.people.audience import restricted_channels
from metrics.mailing import wording
from metrics.models import Package
from metrics.package import months

_KEYS = UUID("5b1f7a52-6f0e-4f0c-9a35-2f6c8d1e7b40")
NEWS = timedelta(days=3)


def is_set_up() -> bool:
    """Whether a channel for announcing packages is set."""
    return bool(settings.PACKAGE_SLACK_CHANNEL and settings.SLACK_TOKEN)


def announce(now: datetime) -> int:
    """Announce the last month's package, which counts what everybody may see; returns how many are announced by now.
    The key is the package's, so the outbox holds one post, however often this runs. If the channel was chosen more than
    NEWS after the package was ready, only the next one is announced."""
    if not is_set_up():
        return 0
    month = months.last_whole(now, ZoneInfo(settings.TIME_ZONE))
    team = Package.objects.filter(user=None, month=month, state=Package.State.READY)
    hidden = set(restricted_channels().values_list("pk", flat=True))
    ready = [each for each in team.filter(ready_at__gt=now - NEWS) if hidden.isdisjoint(each.channel_ids)]
    for package in ready:
        slack_posts.post_message(
            key=uuid5(_KEYS, str(package.key)),
            conversation=f"slack:{settings.PACKAGE_SLACK_CHANNEL}",
            channel=settings.PACKAGE_SLACK_CHANNEL,
            text=wording.room_text(package),
            not_before=now,
        )
    return len(ready)
