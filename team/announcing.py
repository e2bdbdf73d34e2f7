"""Posts tomorrow's open hours to the team's Slack channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.outbox import slack_posts
from team import roster
from team.coverage import Span

ANNOUNCE_AT_HOUR = 12
"""UTC. Early enough to find somebody for tomorrow."""
AHEAD = timedelta(hours=36)
_KEYS = UUID("7a4b7f0e-5a2e-4a57-9f0d-2b7c0a0c9d55")


def announce_gaps(now: datetime) -> bool:
    """Queue one message a day, from 12:00 UTC on, with the gaps of the next AHEAD; returns whether one was queued. A
    desk that was down at noon catches up the same day, never later."""
    room = settings.TEAM_SLACK_CHANNEL
    now = now.astimezone(UTC)
    if now.hour < ANNOUNCE_AT_HOUR or not room or not settings.SLACK_TOKEN:
        return False
    gaps = roster.between(now, now + AHEAD, now).gaps
    if not gaps:
        return False
    first = _("Nobody is on shift at these covered hours:")
    address = settings.BASE_URL + reverse("team:coverage")
    last = _("Take a shift: %(address)s") % {"address": address}
    slack_posts.post_message(
        key=uuid5(_KEYS, str(now.date())),
        conversation=f"slack:{room}",
        channel=room,
        text="\n".join([first, *(f"• {_when(gap)}" for gap in gaps), last]),
        not_before=now,
    )
    return True


def _when(gap: Span) -> str:
    """Slack shows times in each reader's own zone.

    Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    start, end = int(gap.start.timestamp()), int(gap.end.timestamp())
    plain = f"{gap.start:%Y-%m-%d %H:%M}–{gap.end:%H:%M} UTC"
    return f"<!date^{start}^{{date_short_pretty}} {{time}}|{plain}> – <!date^{end}^{{time}}|{gap.end:%H:%M} UTC>"
