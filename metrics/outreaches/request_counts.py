"""Counts requests: one row per month, topic, person or platform. A fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, QuerySet
from django.db.models.functions import Coalesce, TruncMonth

from channels.registry.finding_adapters import adapter_for
from experts.models import Topic
from mentions.models import Person
from metrics.definitions import Filters, Tickets, figure
from metrics.figures.first_reply import Percentile
from metrics.outreaches.conditions import ANSWERED, TOOK, condition
from metrics.periods import Period

Rows = QuerySet[Any]
OF_ASKED = ("requests", "requests_answered", "requests_open", "requests_over")
TIMES = {"took": 0.5, "took_p75": 0.75, "took_p90": 0.9}
Counts = dict[str, Any]
"""By the figure's name; times are None if nothing was answered."""
NOBODY = 0
"""The key of requests to a team, and of those to experts without a topic."""


@dataclass(frozen=True, slots=True)
class RequestsLine:
    """One row. `before`: figures of the previous period; None if the desk had no requests yet: unknown, not zero."""

    key: Any
    label: str
    counts: Counts
    before: Counts | None = None
    is_gap: bool = False
    """A month before the first request is unknown, which doesn't mean that nobody asked."""

    def count(self, name: str) -> int:
        return int(self.counts.get(name) or 0)

    def change(self, name: str) -> int | None:
        return None if self.before is None else self.count(name) - int(self.before.get(name) or 0)

    def took(self, name: str) -> timedelta | None:
        """Of one of TIMES."""
        found: timedelta | None = self.counts.get(name)
        return found


def grouped(rows: Rows, key: Any, period: Period) -> dict[Any, Counts]:
    """Key → figures of the requests asked in the period. One query."""
    took = ExpressionWrapper(TOOK, output_field=DurationField())
    figures: dict[str, Any] = {f"n_{name}": Count("pk", filter=condition(name, period)) for name in OF_ASKED}
    times = {name: Percentile(took, share=share, filter=ANSWERED) for name, share in TIMES.items()}
    found = (
        rows.filter(condition("requests", period)).annotate(by=key).values("by").annotate(**figures, **times).order_by()
    )
    return {row.pop("by"): {name.removeprefix("n_"): value for name, value in row.items()} for row in found}


def answers(rows: Rows, key: Any, period: Period) -> dict[Any, int]:
    """Key → answers that were posted in the period. One query."""
    found = rows.filter(condition("expert_answers", period)).annotate(by=key).values("by")
    return {row["by"]: row["number"] for row in found.annotate(number=Count("pk")).order_by()}


def first_asked(rows: Rows) -> datetime | None:
    """One query."""
    found: datetime | None = rows.aggregate(first=Min("asked_at"))["first"]
    return found


# --- calendar months --------------------------------------------------------------------------------------------------


def months(first: date, last: date) -> list[date]:
    """First days of all months from one day's to another's."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [_month(first, number) for number in range(count)]


def _month(first: date, number: int) -> date:
    months_ = first.year * 12 + first.month - 1 + number
    return date(months_ // 12, months_ % 12 + 1, 1)


def whole(month: date, filters: Filters) -> Period:
    """The calendar month as a period."""
    return Period(month, _month(month, 1) - timedelta(days=1), filters.period.tz)


def by_month(
    rows: Rows, tickets: Tickets, filters: Filters, wanted: Sequence[date], now: datetime
) -> list[RequestsLine]:
    """A row for each month, beside the one before it. Four queries."""
    period = Period(wanted[0], whole(wanted[-1], filters).last, filters.period.tz)
    tz = filters.period.tz
    asked = _by_day(grouped(rows, TruncMonth("asked_at", tzinfo=tz), period))
    answered = _by_day(answers(rows, TruncMonth("answered_at", tzinfo=tz), period))
    chosen = filters.narrow(tickets).filter(figure("expert_responded", period, now))
    responded = chosen.annotate(by=TruncMonth("posted_at", tzinfo=tz)).values("by").annotate(number=Count("pk"))
    said = _by_day({row["by"]: row["number"] for row in responded.order_by()})
    first = first_asked(rows)
    begins = first.astimezone(tz).date().replace(day=1) if first else None
    lines: list[RequestsLine] = []
    for month in wanted:
        counts = {
            **asked.get(month, {}), "expert_answers": answered.get(month, 0), "expert_responded": said.get(month, 0)
        }  # fmt: skip
        is_known = begins is not None and bool(lines) and begins <= lines[-1].key
        is_gap = (begins is None or month < begins) and not any(counts.values())
        lines.append(
            RequestsLine(month, month.strftime("%Y-%m"), counts, lines[-1].counts if is_known else None, is_gap)
        )
    return lines


def _by_day(found: Mapping[datetime, Any]) -> dict[date, Any]:
    return {moment.date(): value for moment, value in found.items()}


# --- topics, people, platforms ----------------------------------------------------------------------------------------


def by_platform(rows: Rows, period: Period, earlier: Period, is_known: bool) -> list[RequestsLine]:
    """A row for each platform, most requests first. Three queries."""
    key = F("ticket__channel__connection__platform")
    found, given = grouped(rows, key, period), answers(rows, key, period)
    before = grouped(rows, key, earlier) if is_known else {}
    labels = {name: str(adapter_for(name).label) for name in {*found, *given, *before}}
    return _lines(labels, found, given, before, is_known)


def by_person(rows: Rows, period: Period, earlier: Period, is_known: bool) -> list[RequestsLine]:
    """A row for each person who was asked or answered, by name. Four queries."""
    key = F("expert__person")
    found, given = _keyed(grouped(rows, key, period)), _keyed(answers(rows, F("answered_by"), period))
    before = _keyed(grouped(rows, key, earlier)) if is_known else {}
    keys = {*found, *given, *before}
    labels = dict(Person.objects.filter(pk__in=keys).values_list("pk", "name")) if keys else {}
    lines = _lines({key: labels.get(key, "") for key in keys}, found, given, before, is_known)
    return sorted(lines, key=lambda line: (line.key != NOBODY, line.label.lower(), line.key))


def by_topic(rows: Rows, period: Period, earlier: Period, is_known: bool) -> list[RequestsLine]:
    """A request to an expert counts for each of their topics. Most requests first. Four queries."""
    found, given = _topics(rows, period), _topic_answers(rows, period)
    before = _topics(rows, earlier) if is_known else {}
    keys = {*found, *given, *before}
    labels = dict(Topic.objects.filter(pk__in=keys).values_list("pk", "name"))
    return _lines({key: labels.get(key, "") for key in keys}, found, given, before, is_known)


def _topics(rows: Rows, period: Period) -> dict[int, Counts]:
    """Topic → figures of the requests to it and to its experts, each once. One query."""
    return _keyed(grouped(_with_topics(rows), F("about"), period))


def _topic_answers(rows: Rows, period: Period) -> dict[int, int]:
    return _keyed(answers(_with_topics(rows), F("about"), period))


def _with_topics(rows: Rows) -> Rows:
    """Each request once for each of its topics, as `about`."""
    found: Rows = rows.annotate(about=Coalesce("topic", "expert__topics"))
    return found


def _lines(
    labels: Mapping[Any, str],
    found: Mapping[Any, Counts],
    given: Mapping[Any, int],
    before: Mapping[Any, Counts],
    is_known: bool,
) -> list[RequestsLine]:
    lines = [
        RequestsLine(
            key,
            label,
            {**found.get(key, {}), "expert_answers": given.get(key, 0)},
            before.get(key, {}) if is_known else None,
        )
        for key, label in labels.items()
    ]
    return sorted(
        lines, key=lambda line: (-line.count("requests"), -line.count("expert_answers"), line.label, line.key)
    )


def _keyed(found: Mapping[Any, Any]) -> dict[int, Any]:
    return {key or NOBODY: value for key, value in found.items()}
