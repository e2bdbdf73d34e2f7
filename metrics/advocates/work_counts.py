"""Counts and lists the tickets that somebody worked on, by one condition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from mentions.models import Event, EventKind, Message, Ticket
from metrics.definitions import BACKLOG, Filters, Tickets
from metrics.figures.over_rows import fetched
from metrics.models import DayTally
from metrics.outreaches import conditions
from metrics.periods import Period, within_days
from metrics.rollups import access, tallies
from team.models import Shift

NAMES = ("worked_on", "answered_by", "solved_by", "no_reply_by", "assigned")
PLAYS = "play_ticket"
ROLLED = (DayTally.Name.WORKED_ON, DayTally.Name.ANSWERED_BY, DayTally.Name.SOLVED_BY, DayTally.Name.NO_REPLY_BY)
DID = {
    "worked_on": Q(actor__isnull=False),
    "solved_by": Q(data__to__status=Ticket.Status.SOLVED),
    "no_reply_by": Q(kind=EventKind.NO_REPLY),
}


def events(name: str, period: Period) -> QuerySet[Any]:
    """What people did in the period."""
    return Event.objects.filter(DID[name], within_days("at", period), actor__isnull=False)


def replies(period: Period) -> QuerySet[Any]:
    """Public messages of the period, with their author as `who`: sent from the desk or from a personal account."""
    said = Message.objects.filter(
        within_days("posted_at", period), direction=Message.Direction.TEAM, is_deleted=False, is_bounced=False
    )
    return said.annotate(who=Coalesce("reply__author", "author__person__user")).filter(who__isnull=False)


def condition(name: str, period: Period, user: int) -> Q:
    """Tickets that one of NAMES counts for this person. Raises KeyError."""
    if name == "assigned":
        return BACKLOG & Q(assignee=user)
    if name == "answered_by":
        return Q(pk__in=replies(period).filter(who=user, ticket__isnull=False).values("ticket"))
    return Q(pk__in=events(name, period).filter(actor=user).values("ticket"))


def counted(tickets: Tickets, period: Period) -> dict[str, dict[int, int]]:
    """Figure → user → tickets. `tickets` are filtered, but not by period. Two queries."""
    chosen = tickets.values("pk")
    found = _did(events("worked_on", period).filter(ticket__in=chosen))
    return found | {"answered_by": _tickets(replies(period).filter(ticket__in=chosen))}


def rolled(filters: Filters) -> dict[str, dict[int, int]]:
    """`counted`, from roll-ups. Two queries."""
    zone, channels = str(filters.period.tz), access.channels_of(filters)
    found = tallies.read(zone, channels, filters.period, ROLLED, high=filters.high_only)
    return {name: {int(who): number for who, number in tallies.by_whom(tally).items()} for name, tally in found.items()}


def assigned(tickets: Tickets) -> dict[int, int]:
    """User → tickets assigned to them now. One query."""
    rows = tickets.filter(BACKLOG, assignee__isnull=False).values("assignee").annotate(number=Count("pk"))
    return {row["assignee"]: row["number"] for row in rows.order_by()}


def _did(rows: QuerySet[Any]) -> dict[str, dict[int, int]]:
    """Figure → user → tickets, over everything people did; each ticket counts once per person. One query."""
    did = {f"n_{name}": Count("pk", filter=DID[name]) for name in DID}
    counts = ", ".join(f"count(*) FILTER (WHERE {name} > 0)" for name in did)
    statement = f"SELECT who, {counts} FROM (%rows%) x (who, ticket, {', '.join(did)}) GROUP BY 1"  # noqa: S608
    found = fetched(rows.values("actor", "ticket").annotate(**did).order_by(), statement)
    return {name: {who: counts[n] for who, *counts in found if counts[n]} for n, name in enumerate(DID)}


def _tickets(rows: QuerySet[Any]) -> dict[int, int]:
    """Each ticket once, however often somebody worked on it."""
    counts = rows.values("who").annotate(number=Count("ticket", distinct=True)).order_by()
    return {row["who"]: row["number"] for row in counts}


def requests(rows: QuerySet[Any], period: Period) -> dict[int, int]:
    """User → requests to experts. One query."""
    asked = rows.filter(conditions.condition("requests", period), asked_by__isnull=False)
    found = asked.values("asked_by").annotate(number=Count("pk")).order_by()
    return {row["asked_by"]: row["number"] for row in found}


def shift_hours(period: Period, now: datetime) -> dict[int, timedelta]:
    """User → time on the desk within the period, up to now. One query."""
    found: dict[int, timedelta] = {}
    end = min(period.end, now)
    rows = Shift.objects.filter(is_on_call=False, starts_at__lt=end, ends_at__gt=period.start)
    for shift in rows:
        span = min(shift.ends_at, end) - max(shift.starts_at, period.start)
        found[shift.user_id] = found.get(shift.user_id, timedelta()) + span
    return found


def people(counts: Mapping[str, Mapping[int, Any]]) -> list[User]:
    """Everybody who worked, or is active and may work, by name. One query."""
    seen = {user for found in counts.values() for user in found}
    allowed = Q(is_active=True, groups__permissions__codename=PLAYS)
    rows = User.objects.filter(Q(pk__in=seen) | allowed).distinct()
    return sorted(rows, key=lambda user: ((user.get_full_name() or user.username).lower(), user.pk))
