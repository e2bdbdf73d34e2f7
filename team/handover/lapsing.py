"""Reports a day that ended without a hand-over: one Slack post of what is still open. Tickets stay put; lapsed claims
return to the queue anyway."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import ngettext

from channels import sweeps
from channels.outbox import slack_posts
from mentions.models import Event
from mentions.people import audience
from mentions.text.rendering import excerpt
from team import roster
from team.duties import slack
from team.handover import reminding, work
from team.handover.summary import SUBJECT
from team.handover.work import Work
from team.models import HandOver

AFTER = timedelta(hours=1)
"""Delay after the end of the day."""
LATE = timedelta(hours=12)
"""After an outage, posts are made up to this long after the day's end; by then the next day has begun."""
MAX_LINES = 10


def run(now: datetime) -> int:
    """Return how many people were reported."""
    if not slack.is_set_up():
        return 0
    on_shift = {user.pk for user in roster.on_now(now)}
    people = {user.pk: (user, day) for user, day in [*_reminded(now), *_by_shift(now)] if user.pk not in on_shift}
    return sweeps.each("days without a hand-over", list(people.values()), lambda each: _tell(*each, now))


def _by_shift(now: datetime) -> Iterable[tuple[Any, date]]:
    """People whose shift ended without a hand-over, including those whom the desk could not remind."""
    return reminding.by_shift(now - LATE, now - AFTER)


def _reminded(now: datetime) -> Iterable[tuple[Any, date]]:
    span = (now - LATE, now - AFTER - reminding.BEFORE)
    for found in HandOver.objects.filter(reminded_at__range=span, done_at=None).select_related("user__preference"):
        yield found.user, found.day


@transaction.atomic
def _tell(user: Any, day: date, now: datetime) -> bool:
    if HandOver.objects.filter(user=user, day=day).exclude(lapsed_at=None, done_at=None).exists():
        return False
    is_still_there = Event.objects.filter(actor=user, at__gt=now - AFTER).exists()
    left = [] if is_still_there else work.of(user, now)
    if not left:
        return False
    HandOver.objects.get_or_create(user=user, day=day)
    found = HandOver.objects.select_for_update().get(user=user, day=day)
    if found.lapsed_at is not None or found.done_at is not None:
        return False
    found.lapsed_at = now
    found.save(update_fields=["lapsed_at"])
    slack.tell_team(f"hand-over {found.key} lapsed", slack_posts.escaped(text_of(user, left)), now)
    return True


def text_of(user: Any, left: list[Work]) -> str:
    """Plain text; restricted tickets appear only as links."""
    words = ngettext(
        "%(who)s’s day ended without a hand-over. %(count)d conversation is still open:",
        "%(who)s’s day ended without a hand-over. %(count)d conversations are still open:",
        len(left),
    )
    lines = [_line(each) for each in left[:MAX_LINES]]
    if len(left) > MAX_LINES:
        lines.append("…")
    return "\n".join([words % {"who": slack.name_of(user), "count": len(left)}, *lines])


def _line(each: Work) -> str:
    ticket = each.ticket
    address = settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk])
    if audience.circle_of([ticket]).channels:
        return f"• #{ticket.pk} {address}"
    subject = excerpt(ticket.subject or str(ticket.requester), SUBJECT).replace("\n", " ")
    return " · ".join([f"• #{ticket.pk} {address}", subject, ", ".join(each.labels)])
