"""Counts mentions and first replies within and outside coverage hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from metrics.definitions import Filters, Tickets, figure
from metrics.figures import first_reply, parts
from metrics.figures.first_reply import GOAL_ALL, GOAL_HIGH, PERCENTILES, FirstReply
from metrics.models import DayTally
from metrics.rollups import access, exact, tallies
from metrics.rollups.sides import AWAY, COVERED, TIMED

Name = DayTally.Name
ROLLED = (Name.SIDE_MENTIONS, Name.SIDE_ANSWERED, Name.SIDE_WITHIN, Name.SIDE_OPEN, Name.SIDE_REPLIED)


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


def rolled(tickets: Tickets, filters: Filters, now: datetime) -> list[Side]:
    """`sides`, from roll-ups, except for what is overdue now. Five queries."""
    zone, channels, period = str(filters.period.tz), access.channels_of(filters), filters.period
    tally = tallies.read(zone, channels, period, ROLLED, high=filters.high_only)
    counts = {name: tallies.by_whom(found) for name, found in tally.items()}
    measures = {side: TIMED[filters.clock.from_arrival, side] for side in (COVERED, AWAY)}
    rows = exact.rows(zone, channels, period, measures.values(), high=filters.high_only)
    times = exact.percentiles({side: rows.get(measures[side], []) for side in measures}, list(PERCENTILES.values()))
    late = _by_side(filters.narrow(tickets).filter(figure("overdue", period, now)), "posted_at")
    overdue = {row["is_covered"]: row["number"] for row in late.annotate(number=Count("pk")).order_by()}
    goal = GOAL_HIGH if filters.high_only else GOAL_ALL
    return [_side(side, counts, times[side], overdue.get(side == COVERED, 0), goal) for side in (COVERED, AWAY)]


def _side(
    side: str,
    counts: Mapping[str, Counter[str]],
    times: Mapping[float, timedelta | None],
    overdue: int,
    goal: timedelta,
) -> Side:
    """What is overdue is of this moment, the rest of the last refresh: a row stays the sum of its parts."""
    mentions, answered, within, still_open = (counts[name][side] for name in ROLLED[:4])
    late = min(overdue, still_open)
    median, p75, p90 = (times[share] for share in PERCENTILES.values())
    posted = FirstReply(
        "",
        None,
        goal,
        mentions=mentions,
        answered=answered,
        within=within,
        overdue=late,
        in_time=still_open - late,
        unsettled=0,
        no_reply=0,
        median=median,
        p75=p75,
        p90=p90,
    )
    return Side(int(side == COVERED), posted, counts[DayTally.Name.SIDE_REPLIED][side])


def _by_side(tickets: Tickets, column: str) -> Any:
    return parts.with_coverage(tickets, column).values("is_covered")


_NONE = FirstReply("", None, GOAL_ALL, 0, 0, 0, 0, 0, 0, 0, None)
