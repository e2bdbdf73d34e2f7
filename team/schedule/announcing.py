"""Posts tomorrow's open hours, of the desk and of each team, to the team's Slack channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.models import Team
from channels.outbox import slack_posts
from mentions.clocks.covered import DESK
from team import roster
from team.coverage import Span
from team.duties import slack

ANNOUNCE_AT_HOUR = 12
"""UTC. Early enough to find somebody for tomorrow."""
AHEAD = timedelta(hours=36)
"""From then until the end of tomorrow."""


def announce_gaps(now: datetime) -> bool:
    """Queue one message a day, from 12:00 UTC on, about uncovered hours until the end of tomorrow; return whether one
    was queued. After an outage at noon it is made up for on the same day, never later. An hour that comes nearer is
    announced the day after."""
    now = now.astimezone(UTC)
    if now.hour < ANNOUNCE_AT_HOUR or not slack.is_set_up():
        return False
    lines = _open_hours(now)
    if not lines:
        return False
    slack.tell_team(f"gaps {now.date()}", "\n".join(lines), now)
    return True


def _open_hours(now: datetime) -> list[str]:
    noon = now.replace(hour=ANNOUNCE_AT_HOUR, minute=0, second=0, microsecond=0)
    teams = [(DESK, ""), *Team.objects.values_list("pk", "name")]
    gaps = [(gap, name) for team, name in teams for gap in roster.between(now, noon + AHEAD, now, team).gaps]
    if not gaps:
        return []
    first = _("Nobody is on shift at these covered hours:")
    last = _("Take a shift: %(address)s") % {"address": settings.BASE_URL + reverse("team:coverage")}
    return [first, *(_line(gap, name) for gap, name in sorted(gaps)), last]


def _line(gap: Span, team: str) -> str:
    times = slack.times(gap, with_day=True)
    return f"• {slack_posts.escaped(team)}: {times}" if team else f"• {times}"
