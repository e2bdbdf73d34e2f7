"""The experts' report: requests and answers by calendar month, and those of the period by topic, person, platform."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.definitions import Filters, Tickets
from metrics.drawing import bars, charts, month_charts
from metrics.drawing.charts import Spec
from metrics.figures import against
from metrics.figures.parts import Part
from metrics.outreaches import conditions, request_counts
from metrics.outreaches.request_counts import NOBODY, RequestsLine
from metrics.periods import Period
from metrics.tables import Cell, Chart, Table, duration

MONTHS = 6
"""Shown at least."""
MAX_MONTHS = 27
MAX_DRAWN = 15
OF_MONTHS = (
    *("requests", "requests_change", "requests_answered", "requests_open", "requests_over", *request_counts.TIMES),
    *("expert_answers", "answers_change", "expert_responded", "responded_change"),
)
OF_PERIOD = (
    *("requests", "requests_before", "requests_change", "requests_answered", "requests_open", "requests_over"),
    *(*request_counts.TIMES, "expert_answers"),
)
CHANGES = {
    "requests_change": "requests",
    "answers_change": "expert_answers",
    "responded_change": "expert_responded",
}


class ExpertsReport:
    name = "experts"
    title = gettext_lazy("Experts")
    has_no_clock = True
    compares = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now
        self.today = now.astimezone(filters.period.tz).date()
        self.rows = conditions.narrowed(tickets, filters)

    @cached_property
    def wanted(self) -> list[date]:
        """The months of the period, and enough before them to compare with."""
        last = self.filters.period.last
        first = min(self.filters.period.first, _months_before(last, MONTHS - 1))
        return request_counts.months(max(first, _months_before(last, MAX_MONTHS - 1)), last)

    @cached_property
    def months(self) -> list[RequestsLine]:
        earlier = _months_before(self.wanted[0], 1)
        lines = request_counts.by_month(self.rows, self.tickets, self.filters, [earlier, *self.wanted], self.now)
        return lines[1:]

    @cached_property
    def is_known(self) -> bool:
        """Whether there was a request by the end of the first day compared with."""
        first = request_counts.first_asked(self.rows)
        return first is not None and first < Period(self.earlier.first, self.earlier.first, self.earlier.tz).end

    @property
    def earlier(self) -> Period:
        return self.filters.earlier

    @cached_property
    def platforms(self) -> list[RequestsLine]:
        return request_counts.by_platform(self.rows, self.filters.period, self.earlier, self.is_known)

    @cached_property
    def topics(self) -> list[RequestsLine]:
        return request_counts.by_topic(self.rows, self.filters.period, self.earlier, self.is_known)

    @cached_property
    def people(self) -> list[RequestsLine]:
        return request_counts.by_person(self.rows, self.filters.period, self.earlier, self.is_known)

    @property
    def charts(self) -> list[Chart]:
        is_quiet = not any(line.count("requests") or line.count("expert_answers") for line in self.months)
        return [
            Chart("by-month", _("Requests to experts and their answers by month"), self._by_month, is_quiet),
            Chart("by-topic", self._titled(_("Requests by topic")), self._by_topic, not _asked(self.topics)),
            Chart(
                "by-platform", self._titled(_("Requests by platform")), self._by_platform, not _asked(self.platforms)
            ),
        ]

    def _by_month(self, theme: str) -> Spec:
        rows = [
            (line.key, self._is_unfinished(line.key), line.count("requests"), line.count("expert_answers"))
            for line in self.months
            if not line.is_gap
        ]
        return month_charts.by_month(rows, (_("Requests"), _("Expert answers")), theme)

    def _by_topic(self, theme: str) -> Spec:
        lines = [(line.label or _("No topic"), line) for line in _asked(self.topics)]
        return bars.beside(_drawn(lines), _("topic"), _("requests"), theme, against.period_in_words(self.earlier))

    def _by_platform(self, theme: str) -> Spec:
        lines = [(line.label, line) for line in _asked(self.platforms)]
        return bars.beside(_drawn(lines), _("platform"), _("requests"), theme, against.period_in_words(self.earlier))

    def _titled(self, title: str) -> str:
        return against.titled(title, self.earlier)

    @property
    def tables(self) -> list[Table]:
        return [
            Table(
                _("Month"),
                OF_MONTHS,
                [self._month(line) for line in reversed(self.months)],
                title=_("By calendar month"),
            ),
            self._table(_("Topic"), [self._topic(line) for line in self.topics], "topics", _("By topic")),
            self._table(_("Person"), [self._person(line) for line in self.people], "people", _("By person")),
            self._table(
                _("Platform"), [self._platform(line) for line in self.platforms], "platforms", _("By platform")
            ),
        ]

    def _table(self, first: str, rows: list[list[Cell]], slug: str, title: str) -> Table:
        return Table(first, OF_PERIOD, rows, slug, title, against=self.earlier)

    def _is_unfinished(self, month: date) -> bool:
        return request_counts.whole(month, self.filters).last >= self.today

    def _month(self, line: RequestsLine) -> list[Cell]:
        is_unfinished = self._is_unfinished(line.key)
        shown = _("%(month)s, so far") % {"month": line.label} if is_unfinished else line.label
        whole = request_counts.whole(line.key, self.filters)
        return [Cell(shown, line.label), *(_cell(line, name, Part(), whole, is_unfinished) for name in OF_MONTHS)]

    def _topic(self, line: RequestsLine) -> list[Cell]:
        label = line.label or _("No topic")
        return [Cell(label, label, pinned=False), *self._cells(line, Part(topic=line.key))]

    def _person(self, line: RequestsLine) -> list[Cell]:
        label = _("A team, nobody in particular") if line.key == NOBODY else line.label
        return [Cell(label, label, pinned=line.key == NOBODY), *self._cells(line, Part(person=line.key))]

    def _platform(self, line: RequestsLine) -> list[Cell]:
        return [Cell(line.label, line.label, platform=line.key), *self._cells(line, Part(platform=line.key))]

    def _cells(self, line: RequestsLine, part: Part) -> list[Cell]:
        return [
            _ago(line, part, self.earlier) if name == "requests_before" else _cell(line, name, part)
            for name in OF_PERIOD
        ]


def _ago(line: RequestsLine, part: Part, earlier: Period) -> Cell:
    if line.before is None:
        return Cell("—", None)
    value = int(line.before.get("requests") or 0)
    return Cell(f"{value:,}", value, "requests", part=part, period=earlier)


def _cell(line: RequestsLine, name: str, part: Part, period: Period | None = None, no_change: bool = False) -> Cell:
    """`no_change`: an unfinished month is not compared with a whole one."""
    if line.is_gap:
        return Cell("—", None)
    if name in request_counts.TIMES:
        took = line.took(name)
        return Cell(
            duration(took), None if took is None else charts.hours(took), "requests_answered", part=part, period=period
        )
    if name in CHANGES:
        change = None if no_change else line.change(CHANGES[name])
        return Cell("—" if change is None else f"{change:+,}" if change else "0", change)
    return Cell(f"{line.count(name):,}", line.count(name), name, part=part, period=period)


def _asked(lines: list[RequestsLine]) -> list[RequestsLine]:
    return [line for line in lines if line.count("requests")]


def _drawn(lines: Sequence[tuple[str, RequestsLine]]) -> list[tuple[str, int, int | None]]:
    return [
        (label, line.count("requests"), None if line.before is None else int(line.before.get("requests") or 0))
        for label, line in lines[:MAX_DRAWN]
    ]


def _months_before(day: date, count: int) -> date:
    """The first day of the month so many before that of `day`."""
    months = day.year * 12 + day.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)
