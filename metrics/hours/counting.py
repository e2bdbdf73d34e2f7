"""Counts mentions and first replies within and outside coverage hours, from the tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count

from metrics.definitions import Filters, Tickets, figure
from metrics.figures import first_reply, parts
from metrics.figures.first_reply import GOAL_ALL, GOAL_HIGH, FirstReply


@dataclass(frozen=True, slots=True)
class Side:
    """Within coverage hours, or outside."""

    covered: int
    posted: FirstReply
    """Of mentions posted then."""
    replied: int
    """First replies posted then."""


def sides(tickets: Tickets, filters: Filters, now: datetime) -> list[Side]:
    """Within coverage hours first. Two queries."""
    chosen = filters.narrow(tickets)
    posted = _by_side(chosen.filter(figure("mentions", filters.period, now)), "posted_at")
    rows = {row["is_covered"]: row for row in posted.annotate(**first_reply.aggregates(filters, now)).order_by()}
    condition = figure("replied", filters.period, now, with_noise=filters.with_noise)
    answered = _by_side(chosen.filter(condition), "first_reply_at")
    replied = {row["is_covered"]: row["number"] for row in answered.annotate(number=Count("pk")).order_by()}
    goal = GOAL_HIGH if filters.high_only else GOAL_ALL
    return [
        Side(
            int(side),
            first_reply.row_of(rows[side], "", None, goal, False) if side in rows else _NONE,
            replied.get(side, 0),
        )
        for side in (True, False)
    ]


def _by_side(tickets: Tickets, column: str) -> Any:
    return parts.with_coverage(tickets, column).values("is_covered")


_NONE = FirstReply("", None, GOAL_ALL, 0, 0, 0, 0, 0, 0, 0, None)
