"""Decides whether the queue is growing, over a sliding window.

An alert opens at the threshold and closes at half of it, so that a single ticket doesn't flip it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count

from mentions.clocks import covered
from mentions.models import Ticket
from mentions.people.audience import for_everybody
from metrics.definitions import Filters, Tickets, figure
from metrics.models import Alert
from metrics.periods import Period


@dataclass(frozen=True, slots=True)
class Growth:
    """Within one window."""

    arrived: int
    worked: int

    @property
    def excess(self) -> int:
        return self.arrived - self.worked


def window() -> timedelta:
    return timedelta(hours=settings.GROWTH_HOURS)


def grows(growth: Growth, threshold: int, *, is_open: bool) -> bool:
    """Whether the queue grows faster than it is worked. `is_open`: an alert is open already. A threshold of 0 never
    alerts. Pure."""
    if not threshold:
        return False
    return 2 * growth.excess > threshold if is_open else growth.excess >= threshold


def away(now: datetime) -> list[int]:
    """The teams, the desk among them, whose hours don't cover the whole window: at night nobody works their queue."""
    return sorted(covered.away(now - window(), now))


def may_judge(teams_away: Sequence[int], alert: Alert | None) -> bool:
    """Whether somebody was there in the whole window; for a running alert, all whom it was raised about."""
    if alert is not None:
        return set(teams_away) <= set(alert.figures.get("away", []))
    return covered.is_anybody_there(teams_away)


def measure(now: datetime, teams_away: Sequence[int] = ()) -> Growth:
    """The queue's growth over tickets that everybody may see, without those of these teams. One query."""
    tickets = for_everybody(Ticket.objects.all())
    return counted(tickets.exclude(covered.of_teams(teams_away)) if teams_away else tickets, now)


def counted(tickets: Tickets, now: datetime) -> Growth:
    """The growth of these tickets, without internal ones. One query."""
    today = Period(now.date(), now.date())
    arrived, worked = (figure(name, today, now) for name in ("arrived", "worked"))
    chosen = Filters(today).narrow(tickets).filter(arrived | worked)
    row = chosen.aggregate(n_arrived=Count("pk", filter=arrived), n_worked=Count("pk", filter=worked))
    return Growth(row["n_arrived"], row["n_worked"])
