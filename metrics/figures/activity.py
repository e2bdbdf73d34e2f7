"""Daily ticket activity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count

from metrics.definitions import Filters, Tickets, figure
from metrics.figures.days import day_of


@dataclass(frozen=True, slots=True)
class DayActivity:
    """Tickets that came in, got their first reply, or were solved on one day."""

    day: date
    mentions: int
    replied: int
    solved: int


ACTIVITY = (("mentions", "posted_at"), ("replied", "first_reply_at"), ("solved", "solved_at"))


def daily_activity(tickets: Tickets, filters: Filters, now: datetime) -> list[DayActivity]:
    """Daily ticket activity: one row per day of the period, including empty days."""
    by_day: dict[date, dict[str, int]] = {day: {} for day in filters.period.days}
    for name, column in ACTIVITY:
        rows = (
            filters.narrow(tickets)
            .filter(figure(name, filters.period, now, with_noise=filters.with_noise))
            .annotate(day=day_of(column, filters.period))
            .values("day")
            .annotate(n=Count("pk"))
            .order_by()
        )
        for row in rows:
            by_day[row["day"]][name] = row["n"]
    return [DayActivity(day, *(counts.get(name, 0) for name, _ in ACTIVITY)) for day, counts in by_day.items()]
