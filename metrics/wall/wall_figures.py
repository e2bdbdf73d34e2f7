"""Counts what the wall shows, from the tickets that everybody may see, whoever is logged in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.utils.translation import gettext as _

from channels.registry.icons import with_platform
from mentions.clocks.counted import UNANSWERED
from mentions.people import access
from metrics import definitions
from metrics.definitions import Filters
from metrics.figures import first_reply
from metrics.figures.first_reply import FirstReply
from metrics.package import scope
from metrics.periods import Period
from team import roster


@dataclass(frozen=True, slots=True)
class Wall:
    """`waits` is None if nobody is waiting; `channel`: of the oldest."""

    at: datetime
    queued: int
    overdue: int
    due_soon: int
    waits: timedelta | None
    channel: str
    replies: list[FirstReply]
    """Of mentions posted today: of all, and of high priority."""
    people: list[str]
    on_call: list[str]


def wall(user: Any, now: datetime, tz: tzinfo) -> Wall:
    """A dozen queries, however many tickets there are."""
    today = now.astimezone(tz).date()
    channels = scope.channels_in_sight(None)
    filters = Filters(Period(today, today, tz), channels or [scope.NO_CHANNEL])
    tickets = scope.tickets_of(channels if user.has_perm(access.VIEW) else [])
    counts = definitions.counted_now(tickets, filters, now)
    waiting = filters.narrow(tickets).filter(UNANSWERED, is_queued=True)
    oldest = waiting.select_related("channel__connection").order_by("posted_at", "pk").first()
    replies = [
        first_reply.first_reply(tickets, filters, now, _("All channels")),
        first_reply.first_reply(tickets, filters, now, _("High priority"), high=True),
    ]
    return Wall(
        now,
        counts["queued"],
        counts["overdue_now"],
        counts["due_soon"],
        max(now - oldest.posted_at, timedelta()) if oldest else None,
        with_platform(oldest.channel.name, oldest.channel.connection.platform) if oldest else "",
        replies,
        sorted(_name(each) for each in roster.on_now(now)),
        sorted(_name(each) for each in roster.on_call_now(now)),
    )


def _name(user: Any) -> str:
    return str(user.get_short_name() or user.username)
