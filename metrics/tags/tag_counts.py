"""Counts mentions by tag, from the tickets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber

from metrics.definitions import Filters, Tickets, first_posted
from metrics.periods import Period, within_days
from metrics.tags.rising import TagCount, ranked

SAMPLES = 3


def counted(tickets: Tickets, filters: Filters) -> list[TagCount]:
    """Every tag with mentions in either period, the most certain rise first; only one if the filters name a tag. Two
    queries."""
    period, earlier = filters.period, filters.earlier
    now_, then = within_days("posted_at", period), within_days("posted_at", earlier)
    chosen = filters.narrow(tickets)
    is_known = _begins(chosen, earlier)
    of_tag = Q(tags__name=filters.tag) if filters.tag else Q(tags__isnull=False)
    rows = (
        chosen.filter(now_ | then, of_tag)
        .values("tags__name")
        .annotate(n_now=Count("pk", filter=now_), n_before=Count("pk", filter=then))
        .order_by()
    )
    longer = len(period.days) / len(earlier.days)
    return ranked([TagCount(r["tags__name"], r["n_now"], r["n_before"] if is_known else None, longer) for r in rows])


def _begins(tickets: Tickets, earlier: Period) -> bool:
    """Whether there was any mention before the end of the first of these days."""
    first = first_posted(tickets)
    return first is not None and first < Period(earlier.first, earlier.first, earlier.tz).end


def samples(tickets: Tickets, filters: Filters, names: Sequence[str]) -> dict[str, list[Any]]:
    """Tag → its newest mentions of the period. One query."""
    newest = Window(RowNumber(), partition_by="tags__name", order_by=[F("posted_at").desc(), F("pk").desc()])
    chosen = filters.narrow(tickets).filter(within_days("posted_at", filters.period), tags__name__in=list(names))
    rows = chosen.annotate(tag_name=F("tags__name"), newest=newest).filter(newest__lte=SAMPLES)
    found: dict[str, list[Any]] = {name: [] for name in names}
    for ticket in rows.select_related("requester", "channel__connection").order_by("newest") if names else ():
        found[ticket.tag_name].append(ticket)
    return found
