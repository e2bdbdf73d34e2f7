"""Messages to the team or to one member, each queued once per key."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings

from channels.outbox import slack_posts
from mentions.notifications import delivery_news
from team import roster
from team.coverage import Span

_KEYS = UUID("c3d1a0be-3f0f-4c63-8c1c-7f6f0a9f2f11")


def is_set_up() -> bool:
    return bool(settings.SLACK_TOKEN and settings.TEAM_SLACK_CHANNEL)


def post(room: str, key: str, text: str, now: datetime) -> None:
    """Post a message to the team, once per key. `text` is Slack markup. Does nothing without Slack."""
    if not room or not settings.SLACK_TOKEN:
        return
    slack_posts.post_message(
        key=uuid5(_KEYS, key), conversation=f"slack:{room}", channel=room, text=text, not_before=now
    )


def tell_team(key: str, text: str, now: datetime) -> None:
    post(settings.TEAM_SLACK_CHANNEL, key, text, now)


def tell(user: Any, key: str, text: str, now: datetime) -> None:
    """Send a member a direct message once they are at work, or post in the team's channel if their member id is
    unknown."""
    member = delivery_news.slack_id_of(user)
    post(member or settings.TEAM_SLACK_CHANNEL, key, text, roster.reachable_at(user, now) if member else now)


def tell_team_and(user: Any, key: str, text: str, now: datetime) -> None:
    """Tell the team at once, and also `user` by direct message if they aren't at work: the post only names them
    then."""
    tell_team(key, text, now)
    if user is not None and delivery_news.slack_id_of(user) and roster.reachable_at(user, now) > now:
        tell(user, f"{key} {user.pk}", text, now)


def times(span: Span, *, with_day: bool = False) -> str:
    """Markup that shows a span in each reader's own zone.

    Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    start, end = int(span.start.timestamp()), int(span.end.timestamp())
    day, plain = ("", f"{span.start:%H:%M}")
    if with_day:
        day, plain = "{date_short_pretty} ", f"{span.start:%Y-%m-%d %H:%M}–{span.end:%H:%M} UTC"
    return f"<!date^{start}^{day}{{time}}|{plain}>–<!date^{end}^{{time}}|{span.end:%H:%M} UTC>"


def name_of(user: Any) -> str:
    return str(user.get_full_name() or user.username)


def ping(user: Any, now: datetime) -> str:
    """Markup that notifies them if they are at work and their member id is known; else their name."""
    member = delivery_news.slack_id_of(user)
    if not member or roster.reachable_at(user, now) > now:
        return slack_posts.escaped(name_of(user))
    return f"<@{member}>"
