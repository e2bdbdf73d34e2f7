"""The report of the hours: heat maps of mentions and first replies against coverage hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.models import Channel
from mentions.clocks import covered
from metrics.definitions import Filters, Tickets
from metrics.drawing import charts, heat_maps
from metrics.drawing.charts import Spec
from metrics.figures.parts import Part
from metrics.figures.source import Rolled, source_for
from metrics.hours import coverage_counts
from metrics.hours.coverage_counts import Side
from metrics.hours.shares import HALF, Slot, shares
from metrics.tables import Cell, Chart, Table, duration
from team import coverage

OF_SIDES = ("mentions", "answered", "median", "p75", "p90", "within", "overdue", "replied")
WEEKDAYS = range(1, 8)
LEVELS = 4


class HoursReport:
    name = "hours"
    title = gettext_lazy("Hours")
    leaves_out = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now
        self.source = source_for(user, tickets, filters, now)

    @cached_property
    def coverage(self) -> coverage.Coverage:
        return coverage.load(self.team)

    @cached_property
    def team(self) -> int:
        """The team that the cells are compared with: that of the chosen channels if they share one, else the desk. The
        table counts each mention by the hours of its own channel's team."""
        chosen = Channel.objects.filter(pk__in=self.filters.channel_ids).order_by().values_list("team", flat=True)
        teams = set(chosen.distinct())
        return (teams.pop() or covered.DESK) if len(teams) == 1 else covered.DESK

    @cached_property
    def shares(self) -> dict[Slot, float]:
        """The covered share of each hour of the week; empty without coverage hours, as then all hours count."""
        period = self.filters.period
        if not self.coverage.periods:
            return {}
        return shares(self.coverage.spans(period.start, period.end), period)

    @cached_property
    def mentions(self) -> dict[Slot, int]:
        return self.source.by_slot("mentions")

    @cached_property
    def replied(self) -> dict[Slot, int]:
        return self.source.by_slot("replied")

    @cached_property
    def sides(self) -> list[Side]:
        count = coverage_counts.rolled if isinstance(self.source, Rolled) else coverage_counts.sides
        return count(self.tickets, self.filters, self.now)

    @property
    def note(self) -> str:
        if not self.coverage.periods:
            return _("No coverage hours entered: every hour counts as covered.")
        return _("Hatched cells (marked in charts) are outside coverage hours for most of the period.")

    @property
    def charts(self) -> list[Chart]:
        return [
            Chart("mentions", _("When mentions are posted"), self._mentions_spec, not self.mentions, True),
            Chart("replies", _("When first replies are posted"), self._replies_spec, not self.replied, True),
        ]

    def _mentions_spec(self, theme: str) -> Spec:
        return self._spec(self.mentions, _("mentions"), theme)

    def _replies_spec(self, theme: str) -> Spec:
        return self._spec(self.replied, _("first replies"), theme)

    def _spec(self, counts: dict[Slot, int], what: str, theme: str) -> Spec:
        slots = [
            heat_maps.Slot(weekday(day), hour, counts.get((day, hour), 0), self._is_away((day, hour)))
            for day in WEEKDAYS
            for hour in range(24)
        ]
        return heat_maps.week(slots, what, theme)

    @property
    def tables(self) -> list[Table]:
        return [
            Table(_("Posted"), OF_SIDES, [_side(side) for side in self.sides], title=_("Coverage hours")),
            self._heat("mentions", self.mentions, _("Mentions by weekday and hour"), "mentions"),
            self._heat("replied", self.replied, _("First replies by weekday and hour"), "replies"),
        ]

    def _heat(self, figure: str, counts: dict[Slot, int], title: str, slug: str) -> Table:
        most = heat_maps.robust_maximum(counts.values())
        rows = [
            [
                Cell(f"{hour:02}:00", f"{hour:02}:00"),
                *(self._slot(figure, counts, (day, hour), most) for day in WEEKDAYS),
            ]
            for hour in range(24)
        ]
        return Table(_("Hour"), [figure] * 7, rows, slug, title, [weekday(day) for day in WEEKDAYS])

    def _slot(self, figure: str, counts: dict[Slot, int], slot: Slot, most: int) -> Cell:
        count = counts.get(slot, 0)
        level = min(LEVELS, -(-LEVELS * count // most)) if most else 0
        state = "away" if self._is_away(slot) else ""
        return Cell(f"{count:,}", count, figure, part=Part(weekday=slot[0], hour=slot[1]), state=state, level=level)

    def _is_away(self, slot: Slot) -> bool:
        return bool(self.shares) and self.shares.get(slot, 0.0) < HALF


def weekday(number: int) -> str:
    """Its short name; weekends are marked."""
    name = formats.date_format(date(2024, 1, 7) + timedelta(days=number), "D")
    return _("%(day)s (weekend)") % {"day": name} if number >= 6 else name


def _side(side: Side) -> list[Cell]:
    label = _("Within coverage hours") if side.covered else _("Outside coverage hours")
    part, row = Part(covered=side.covered), side.posted
    within = row.within_percent
    times = [
        Cell(duration(time), None if time is None else charts.hours(time), "answered", part=part)
        for time in (row.median, row.p75, row.p90)
    ]
    return [
        Cell(label, label),
        Cell(f"{row.mentions:,}", row.mentions, "mentions", part=part),
        Cell(f"{row.answered:,}", row.answered, "answered", part=part),
        *times,
        Cell("—" if within is None else f"{within:.0f} %", within, "within", part=part),
        Cell(f"{row.overdue:,}", row.overdue, "overdue", part=part, state="bad" * bool(row.overdue)),
        Cell(f"{side.replied:,}", side.replied, "replied", part=part),
    ]
