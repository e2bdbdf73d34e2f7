"""Counts the tickets of release days and of the ordinary days beside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncHour

from metrics.definitions import Filters, Tickets, figure, first_posted
from metrics.figures import first_reply
from metrics.figures.first_reply import GOAL_ALL, GOAL_HIGH, FirstReply
from metrics.release_days.days import ALL, ORDINARY, Days, load, posted_in, whole

EVERY = 0
NAMES = ("release_mentions", "ordinary_mentions")
"""Separate figures, since both appear in one row. Others are the reports' figures for release days or ordinary ones."""
SIDES = {"release_mentions": ALL, "ordinary_mentions": ORDINARY}


def days_of(tickets: Tickets, filters: Filters, now: datetime) -> Days:
    """`tickets`: all that the reader may see, so that a figure's list has the days of its page. Two queries."""
    return load(filters.period, now, first_posted(tickets))


def listed(chosen: Tickets, name: str, which: str, days: Days, now: datetime, *, with_noise: bool) -> Tickets:
    """The tickets among the narrowed ones that a figure counts on these days. Raises KeyError."""
    spans = days.spans(which)
    counted = "mentions" if name in NAMES else name
    return chosen.filter(figure(counted, whole(spans), now, with_noise=with_noise), posted_in(spans))


def side(tickets: Tickets, filters: Filters, days: Days, which: str, now: datetime) -> FirstReply:
    """All mentions of these days. One query."""
    spans = days.spans(which)
    over = filters.over(whole(spans))
    chosen = over.narrow(tickets).filter(posted_in(spans))
    goal = GOAL_HIGH if filters.high_only else GOAL_ALL
    return first_reply.row_of(chosen.aggregate(**first_reply.aggregates(over, now)), "", None, goal, False)


@dataclass(frozen=True, slots=True)
class ByChannel:
    """`counts`: (channel, which days) → mentions; `which` as in `Days.spans`, 0 for all channels together. `channels`:
    id → (name, platform)."""

    counts: Counter[tuple[int, str]]
    channels: dict[int, tuple[str, str]]


def by_channel(tickets: Tickets, filters: Filters, days: Days) -> ByChannel:
    """All release days, all ordinary days, and those of each release. One query."""
    kinds = [
        ALL,
        ORDINARY,
        *(name for day in days.days for name in (str(day.release.pk), f"{day.release.pk}-{ORDINARY}")),
    ]
    spans = {which: days.spans(which) for which in kinds}
    rows: Any = filters.narrow(tickets).filter(posted_in([*spans[ALL], *spans[ORDINARY]]))
    names = ("channel_id", "channel__name", "channel__connection__platform")
    rows = rows.annotate(hour=TruncHour("posted_at", tzinfo=UTC)).values("hour", *names)
    counts: Counter[tuple[int, str]] = Counter()
    channels: dict[int, tuple[str, str]] = {}
    for row in rows.annotate(number=Count("pk")).order_by():
        channels[row["channel_id"]] = (row["channel__name"], row["channel__connection__platform"])
        for which, each in spans.items():
            if any(span.start <= row["hour"] < span.end for span in each):  # they begin at whole hours of UTC
                counts[row["channel_id"], which] += row["number"]
                counts[EVERY, which] += row["number"]
    return ByChannel(counts, channels)
