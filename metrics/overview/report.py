"""The overview as a report: its figures, charts and table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import definitions
from metrics.definitions import AGES, Filters, Tickets
from metrics.drawing import charts
from metrics.drawing.charts import Spec
from metrics.figures.activity import ACTIVITY, DayActivity
from metrics.meanings import MEANINGS
from metrics.overview.figure_sources import FigureSource, SpanFigures, figure_source
from metrics.overview.spans import Span, spans
from metrics.periods import YEAR, Period
from metrics.tables import Cell, Chart, Table, duration

DAYS = 30
QUEUE = ("queued", "overdue_now", "due_soon", "parked")


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of one span, with that of the span before."""

    figure: str
    cell: Cell
    before: Cell
    change: str
    """In words: “12 more”, “no change”; empty if either value is unknown."""


class OverviewReport:
    name = "overview"
    title = gettext_lazy("Overview")
    heading = title
    compares = True
    leaves_out = True
    has_own_periods = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.now, self.user = tickets, now, user
        self.today = now.astimezone(filters.period.tz).date()
        first = self.today - timedelta(days=DAYS - 1)
        self.of_last_year = filters.earlier.name == YEAR
        self.filters = filters.over(Period(first, self.today, filters.period.tz))

    @cached_property
    def spans(self) -> list[Span]:
        return spans(self.today, self.filters.period.tz, self.of_last_year)

    @cached_property
    def source(self) -> FigureSource:
        return figure_source(self.user, self.tickets, self.filters, self.whole, self.now)

    @cached_property
    def whole(self) -> Period:
        """The period that covers everything shown."""
        earliest = min(self.filters.period.first, *(span.before.first for span in self.spans))
        return Period(earliest, self.today, self.filters.period.tz)

    @cached_property
    def first_day(self) -> date:
        """The first of these days with any activity: before that the desk didn't exist, so the days weren't quiet."""
        return min(self.source.days(self.whole), default=self.today)

    @cached_property
    def tiles(self) -> list[tuple[Span, list[Tile]]]:
        return [(span, _tiles(span, self.source.figures(span.period), self._before(span))) for span in self.spans]

    def _before(self, span: Span) -> SpanFigures | None:
        return self.source.figures(span.before) if span.before.last >= self.first_day else None

    @cached_property
    def days(self) -> list[DayActivity]:
        found = self.source.days(self.filters.period)
        names = [name for name, _column in ACTIVITY]
        return [
            DayActivity(day, *(found.get(day, {}).get(name, 0) for name in names))
            for day in self.filters.period.days
            if day >= self.first_day
        ]

    @cached_property
    def counted_now(self) -> dict[str, int]:
        return definitions.counted_now(self.tickets, self.filters, self.now)

    @property
    def queue(self) -> list[Cell]:
        bad = {"overdue_now"}
        return [self._now_cell(name, "bad" if name in bad and self.counted_now[name] else "") for name in QUEUE]

    @property
    def ages(self) -> list[Cell]:
        return [self._now_cell(name) for name in ("backlog", *AGES)]

    def _now_cell(self, name: str, state: str = "") -> Cell:
        value = self.counted_now[name]
        return Cell(f"{value:,}", value, name, state=state, at=self.now)

    @property
    def charts(self) -> list[Chart]:
        is_quiet = not any(day.mentions or day.replied or day.solved for day in self.days)
        title = _("Mentions, first replies and solved in the last %(days)d days") % {"days": DAYS}
        return [
            Chart("daily-activity", title, self._activity, is_quiet),
            Chart("backlog-by-age", _("Backlog by age"), self._backlog, not self.counted_now["backlog"]),
        ]

    def _activity(self, theme: str) -> Spec:
        return charts.daily_activity(self.days, theme, unfinished=self.today, axis=self.filters.period.days)

    def _backlog(self, theme: str) -> Spec:
        return charts.backlog([(str(MEANINGS[name].label), self.counted_now[name]) for name in AGES], theme)

    @property
    def table(self) -> Table:
        names = [name for name, _column in ACTIVITY]
        rows = [
            [Cell(_shown(day.day, self.today), day.day.isoformat()), *(_count(day, name) for name in names)]
            for day in reversed(self.days)
        ]
        return Table(_("Day"), names, rows)


def _shown(day: date, today: date) -> str:
    return _("%(day)s, so far") % {"day": day.isoformat()} if day == today else day.isoformat()


def _count(day: DayActivity, name: str) -> Cell:
    value = getattr(day, name)
    return Cell(f"{value:,}", value, name, day=day.day)


def _tiles(span: Span, now: SpanFigures, before: SpanFigures | None) -> list[Tile]:
    """`before` is None if the desk has no data from then: unknown, not zero."""
    tiles = [_count_tile(name, span, now, before) for name in ("mentions", "replied", "solved")]
    if before is None:
        gap = Cell("—", 0)
        times = (("median", _median(span.period, now)), ("within", _share(span.period, now)))
        return [*tiles, *(Tile(name, cell, gap, "") for name, cell in times)]
    return [
        *tiles,
        Tile("median", _median(span.period, now), _median(span.before, before), _slower(now.median, before.median)),
        Tile("within", _share(span.period, now), _share(span.before, before), _points(now, before)),
    ]


def _count_tile(name: str, span: Span, now: SpanFigures, before: SpanFigures | None) -> Tile:
    cell = _number(span.period, name, now)
    if before is None:
        return Tile(name, cell, Cell("—", 0), "")
    return Tile(name, cell, _number(span.before, name, before), _more(name, now, before))


def _number(period: Period, name: str, figures: SpanFigures) -> Cell:
    value = getattr(figures, name)
    return Cell(f"{value:,}", value, name, period=period)


def _median(period: Period, figures: SpanFigures) -> Cell:
    return Cell(duration(figures.median), figures.answered, "answered", period=period)


def _share(period: Period, figures: SpanFigures) -> Cell:
    percent = figures.within_percent
    return Cell("—" if percent is None else f"{percent:.0f} %", figures.within, "within", period=period)


def _more(name: str, now: SpanFigures, before: SpanFigures) -> str:
    change = getattr(now, name) - getattr(before, name)
    if not change:
        return _("no change")
    return (_("%(count)s more") if change > 0 else _("%(count)s fewer")) % {"count": f"{abs(change):,}"}


def _slower(now: timedelta | None, before: timedelta | None) -> str:
    if now is None or before is None:
        return ""
    change = duration(abs(now - before))
    if change == duration(timedelta()):
        return _("no change")
    return (_("%(time)s longer") if now > before else _("%(time)s shorter")) % {"time": change}


def _points(now: SpanFigures, before: SpanFigures) -> str:
    if now.within_percent is None or before.within_percent is None:
        return ""
    change = round(now.within_percent) - round(before.within_percent)
    return _("%(points)+d points") % {"points": change} if change else _("no change")
