"""Release day as a report: against ordinary days, by release and by channel, the biggest increase first."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.definitions import Filters, Tickets
from metrics.drawing import bars, charts
from metrics.drawing.charts import Spec
from metrics.figures.parts import Part
from metrics.release_days import release_counts
from metrics.release_days.days import ALL, ORDINARY, Day, Days
from metrics.release_days.release_counts import EVERY, ByChannel
from metrics.tables import Cell, Chart, Table, duration

OF_SIDES = ("mentions", "answered", "median", "p75", "p90", "within", "overdue")
COLUMNS = ("release_mentions", "ordinary_mentions", "release_mean", "ordinary_mean", "increase")
MAX_DRAWN = 15


class ReleaseDayReport:
    name = "release-day"
    title = gettext_lazy("Release day")
    leaves_out = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now

    @property
    def hint(self) -> str:
        """Shown at the top of the page while there is nothing to count."""
        if self.days.days:
            return ""
        return _("The desk has not seen a whole release day yet. Admins enter the release rule.")

    @property
    def note(self) -> str:
        return _("An ordinary day is the same hours a week before and a week after a release day.")

    @cached_property
    def days(self) -> Days:
        return release_counts.days_of(self.tickets, self.filters, self.now)

    @cached_property
    def found(self) -> ByChannel:
        return release_counts.by_channel(self.tickets, self.filters, self.days)

    def mean(self, channel: int, which: str) -> float | None:
        """Mentions per day; None if there is no such day: unknown, not zero."""
        days = self.days.count(which)
        return round(self.found.counts[channel, which] / days, 1) if days else None

    def increase(self, channel: int, which: str, ordinary: str) -> float | None:
        now, usual = self.mean(channel, which), self.mean(channel, ordinary)
        return None if now is None or usual is None else round(now - usual, 1)

    @cached_property
    def channels(self) -> list[int]:
        """The biggest increase first."""
        return sorted(
            self.found.channels,
            key=lambda channel: (-(self.increase(channel, ALL, ORDINARY) or 0.0), self.found.channels[channel]),
        )

    @property
    def charts(self) -> list[Chart]:
        is_quiet = not self.found.channels
        return [
            Chart("by-release", _("Mentions on release days"), self._by_release, is_quiet),
            Chart("by-channel", _("Mentions per release day by channel"), self._by_channel, is_quiet),
        ]

    def _by_release(self, theme: str) -> Spec:
        rows = [
            (_label(day), self.mean(EVERY, str(day.release.pk)) or 0, self.mean(EVERY, _beside(day)))
            for day in reversed(self.days.days)
        ]
        return bars.beside(rows, _("release"), _("mentions"), theme, against=_("an ordinary day"))

    def _by_channel(self, theme: str) -> Spec:
        rows = [
            (self.found.channels[channel][0], self.mean(channel, ALL) or 0, self.mean(channel, ORDINARY))
            for channel in self.channels[:MAX_DRAWN]
        ]
        return bars.beside(rows, _("channel"), _("mentions per release day"), theme, against=_("an ordinary day"))

    @property
    def tables(self) -> list[Table]:
        releases = [self._row([_label(day)], EVERY, str(day.release.pk), _beside(day)) for day in self.days.days]
        channels = [self._row(self.found.channels[channel], channel, ALL, ORDINARY) for channel in self.channels]
        return [
            Table(_("Days"), OF_SIDES, self._sides(), title=_("Against ordinary days")),
            Table(_("Release"), COLUMNS, releases, "releases", _("By release")),
            Table(_("Channel"), COLUMNS, channels, "channels", _("By channel")),
        ]

    def _sides(self) -> list[list[Cell]]:
        labels = {ALL: _("Release days"), ORDINARY: _("Ordinary days")}
        return [self._side(label, which) for which, label in labels.items() if self.days.spans(which)]

    def _side(self, label: str, which: str) -> list[Cell]:
        row, part = release_counts.side(self.tickets, self.filters, self.days, which, self.now), Part(release=which)
        within = row.within_percent
        times = [
            Cell(duration(time), None if time is None else charts.hours(time), "answered", part=part)
            for time in (row.median, row.p75, row.p90)
        ]
        days = self.days.count(which)
        return [
            Cell(f"{label} ({days})", label),
            Cell(f"{row.mentions:,}", row.mentions, "mentions", part=part),
            Cell(f"{row.answered:,}", row.answered, "answered", part=part),
            *times,
            Cell("—" if within is None else f"{within:.0f} %", within, "within", part=part),
            Cell(f"{row.overdue:,}", row.overdue, "overdue", part=part, state="bad" * bool(row.overdue)),
        ]

    def _row(self, name: Any, channel: int, which: str, ordinary: str) -> list[Cell]:
        counts, of = self.found.counts, channel or None
        pairs = (("release_mentions", which), ("ordinary_mentions", ordinary))
        totals = [
            Cell(f"{counts[channel, days]:,}", counts[channel, days], figure, of, part=Part(release=days))
            for figure, days in pairs
        ]
        means = [
            Cell(_decimal(self.mean(channel, days)), self.mean(channel, days), figure, of, part=Part(release=days))
            for figure, days in pairs
        ]
        increase = self.increase(channel, which, ordinary)
        last = Cell("—" if increase is None else f"{increase:+,.1f}", increase)
        label, platform = (*name, "")[:2]
        return [Cell(label, label, platform=platform), *totals, *means, last]


def _label(day: Day) -> str:
    release = day.release
    return f"{release.name or release.rule.name}, {release.day.isoformat()}"


def _beside(day: Day) -> str:
    return f"{day.release.pk}-{ORDINARY}"


def _decimal(value: float | None) -> str:
    return "—" if value is None else f"{value:,.1f}"
