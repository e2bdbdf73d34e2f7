"""Decides whether the queue grows faster than it is worked, over a sliding window.

An alert opens at the threshold and closes at half of it, so that a single ticket doesn't flip it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count

from mentions.clocks import covered
from mentions.models import Ticket
from mentions.people.audience import for_everybody
from metrics.definitions import Filters, Tickets, figure
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
    """`is_open`: whether an alert is open. A threshold of 0 never alerts. Pure."""
    if not threshold:
        return False
    return 2 * growth.excess > threshold if is_open else growth.excess >= threshold


def may_judge(now: datetime) -> bool:
    """Only a window entirely within coverage hours is judged: at night nobody works the queue."""
    return covered.covers(now - window(), now)


def measure(now: datetime) -> Growth:
    """Of the tickets that everybody may see. One query."""
    return counted(for_everybody(Ticket.objects.all()), now)


def counted(tickets: Tickets, now: datetime) -> Growth:
    """Of these tickets, without internal ones. One query."""
    today = Period(now.date(), now.date())
    arrived, worked = (figure(name, today, now) for name in ("arrived", "worked"))
    chosen = Filters(today).narrow(tickets).filter(arrived | worked)
    row = chosen.aggregate(n_arrived=Count("pk", filter=arrived), n_worked=Count("pk", filter=worked))
    return Growth(row["n_arrived"], row["n_worked"])
