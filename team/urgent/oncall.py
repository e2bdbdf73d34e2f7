"""Who is called when something is urgent, and in which order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Min, Q

from mentions.clocks.covered import DESK
from mentions.models import Ticket
from mentions.people import access
from team import coverage, roster

ENTERS_SHIFTS = "add_shift"


def is_covered(ticket: Ticket, now: datetime) -> bool:
    """Whether the team of the ticket's channel is there. A team without coverage hours always is."""
    hours = coverage.load(_team_of(ticket))
    return not hours.periods or hours.covers(now)


def on_duty(ticket: Ticket, now: datetime, *, besides: int | None = None) -> list[Any]:
    """Who is called first outside of coverage hours: everybody on call for the channel's team, else on shift, else
    whoever is on call or on shift for others, else the next in order; not `besides`, who calls."""
    for people in (who(now, team) for team in (_team_of(ticket), None) for who in (roster.on_call_now, roster.on_now)):
        if found := [user for user in _able(people, ticket) if user.pk != besides]:
            return found
    return [user for user in in_order(ticket, now) if user.pk != besides][:1]


def in_order(ticket: Ticket, now: datetime) -> list[Any]:
    """Everybody who can take the ticket: on call first, for the channel's team before others; then as `everybody`."""
    on_call = [*roster.on_call_now(now, _team_of(ticket)), *roster.on_call_now(now)]
    ordered = {user.pk: user for user in [*on_call, *everybody(now)]}
    return _able(ordered.values(), ticket)


def everybody(now: datetime) -> list[Any]:
    """Everybody who plays the queue: on shift, then by whose shift begins next, then by name. Nobody who is away."""
    ordered = {user.pk: user for user in [*roster.on_now(now), *_rota(now)]}
    return [user for user in ordered.values() if user.has_perm(access.PLAY) and not roster.is_away(user, now)]


def _rota(now: datetime) -> Any:
    """The people who enter shifts, that is: advocates."""
    rights = Q(groups__permissions__codename=ENTERS_SHIFTS, groups__permissions__content_type__app_label="team")
    people = get_user_model().objects.filter(rights, is_active=True).select_related("preference")
    soonest = Min("shifts__starts_at", filter=Q(shifts__starts_at__gt=now))
    return people.annotate(next_shift=soonest).order_by("next_shift", "username")


def _able(people: Any, ticket: Ticket) -> list[Any]:
    return [user for user in people if may_take(user, ticket)]


def _team_of(ticket: Ticket) -> int:
    return ticket.channel.team_id or DESK


def may_take(user: Any, ticket: Ticket) -> bool:
    """Whether they play the queue and may see the ticket."""
    return user.has_perm(access.PLAY) and access.visible_tickets(user).filter(pk=ticket.pk).exists()
