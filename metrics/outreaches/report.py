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
from metrics.figures.parts import Part
from metrics.outreaches import conditions, counting
from metrics.outreaches.counting import NOBODY, Line
from metrics.periods import Period, before
from metrics.tables import Cell, Chart, Table, duration

MONTHS = 6
"""At least so many are shown."""
MAX_MONTHS = 27
MAX_DRAWN = 15
OF_MONTHS = (
    *("requests", "requests_change", "requests_answered", "requests_open", "requests_over", "took"),
    *("expert_answers", "answers_change", "expert_responded", "responded_change"),
)
OF_PERIOD = (
    *("requests", "requests_change", "requests_answered", "requests_open", "requests_over", "took", "expert_answers"),
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

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now
        self.today = now.astimezone(filters.period.tz).date()
        self.rows = conditions.narrowed(tickets, filters)

    @cached_property
    def wanted(self) -> list[date]:
        """The months of the period, and those before it, so that there is something to compare."""
        last = self.filters.period.last
        first = min(self.filters.period.first, _months_before(last, MONTHS - 1))
        return counting.months(max(first, _months_before(last, MAX_MONTHS - 1)), last)

    @cached_property
    def months(self) -> list[Line]:
        earlier = _months_before(self.wanted[0], 1)
        lines = counting.by_month(self.rows, self.tickets, self.filters, [earlier, *self.wanted], self.now)
        return lines[1:]

    @cached_property
    def is_known(self) -> bool:
        """Whether there were requests before the end of the first day of the period before."""
        first = counting.first_asked(self.rows)
        return first is not None and first < Period(self.earlier.first, self.earlier.first, self.earlier.tz).end

    @property
    def earlier(self) -> Period:
        return before(self.filters.period)

    @cached_property
    def platforms(self) -> list[Line]:
        return counting.by_platform(self.rows, self.filters.period, self.earlier, self.is_known)

    @cached_property
    def topics(self) -> list[Line]:
        return counting.by_topic(self.rows, self.filters.period, self.earlier, self.is_known)

    @cached_property
    def people(self) -> list[Line]:
        return counting.by_person(self.rows, self.filters.period, self.earlier, self.is_known)

    @property
    def charts(self) -> list[Chart]:
        is_quiet = not any(line.count("requests") or line.count("expert_answers") for line in self.months)
        return [
            Chart("by-month", _("Requests to experts and their answers by month"), self._by_month, is_quiet),
            Chart("by-topic", _("Requests by topic"), self._by_topic, not _asked(self.topics)),
            Chart("by-platform", _("Requests by platform"), self._by_platform, not _asked(self.platforms)),
        ]

    def _by_month(self, theme: str) -> Spec:
        rows = [
            (line.key, self._is_unfinished(line.key), line.count("requests"), line.count("expert_answers"))
            for line in self.months
        ]
        return month_charts.by_month(rows, (_("Requests"), _("Expert answers")), theme)

    def _by_topic(self, theme: str) -> Spec:
        lines = [(line.label or _("No topic"), line) for line in _asked(self.topics)]
        return bars.beside(_drawn(lines), _("topic"), _("requests"), theme)

    def _by_platform(self, theme: str) -> Spec:
        return bars.beside(
            _drawn([(line.label, line) for line in _asked(self.platforms)]), _("platform"), _("requests"), theme
        )

    @property
    def tables(self) -> list[Table]:
        return [
            Table(
                _("Month"),
                OF_MONTHS,
                [self._month(line) for line in reversed(self.months)],
                title=_("By calendar month"),
            ),
            Table(_("Topic"), OF_PERIOD, [self._topic(line) for line in self.topics], "topics", _("By topic")),
            Table(_("Person"), OF_PERIOD, [self._person(line) for line in self.people], "people", _("By person")),
            Table(
                _("Platform"),
                OF_PERIOD,
                [self._platform(line) for line in self.platforms],
                "platforms",
                _("By platform"),
            ),
        ]

    def _is_unfinished(self, month: date) -> bool:
        return counting.whole(month, self.filters).last >= self.today

    def _month(self, line: Line) -> list[Cell]:
        is_unfinished = self._is_unfinished(line.key)
        shown = _("%(month)s, so far") % {"month": line.label} if is_unfinished else line.label
        cells = _cells(line, OF_MONTHS, Part(), counting.whole(line.key, self.filters), no_change=is_unfinished)
        return [Cell(shown, line.label), *cells]

    def _topic(self, line: Line) -> list[Cell]:
        label = line.label or _("No topic")
        return [Cell(label, label, pinned=False), *_cells(line, OF_PERIOD, Part(topic=line.key))]

    def _person(self, line: Line) -> list[Cell]:
        label = _("A team, nobody in particular") if line.key == NOBODY else line.label
        return [Cell(label, label, pinned=line.key == NOBODY), *_cells(line, OF_PERIOD, Part(person=line.key))]

    def _platform(self, line: Line) -> list[Cell]:
        return [Cell(line.label, line.label, platform=line.key), *_cells(line, OF_PERIOD, Part(platform=line.key))]


def _cells(
    line: Line, names: Sequence[str], part: Part, period: Period | None = None, *, no_change: bool = False
) -> list[Cell]:
    """`no_change`: a month that is not over is not compared with a whole one."""
    return [_cell(line, name, part, period, no_change) for name in names]


def _cell(line: Line, name: str, part: Part, period: Period | None, no_change: bool) -> Cell:
    if name == "took":
        hours = None if line.took is None else charts.hours(line.took)
        return Cell(duration(line.took), hours, "requests_answered", part=part, period=period)
    if name in CHANGES:
        change = None if no_change else line.change(CHANGES[name])
        return Cell("—" if change is None else f"{change:+,}" if change else "0", change)
    return Cell(f"{line.count(name):,}", line.count(name), name, part=part, period=period)


def _asked(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.count("requests")]


def _drawn(lines: Sequence[tuple[str, Line]]) -> list[tuple[str, int, int | None]]:
    return [
        (label, line.count("requests"), None if line.before is None else int(line.before.get("requests") or 0))
        for label, line in lines[:MAX_DRAWN]
    ]


def _months_before(day: date, count: int) -> date:
    """The first day of the month so many before that of `day`."""
    months = day.year * 12 + day.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)
