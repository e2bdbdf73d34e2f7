"""The channels as a report: mentions beside the period before, reply times, backlog, and mentions day by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.by_channel import channel_counts
from metrics.by_channel.channel_counts import ChannelLine
from metrics.definitions import Filters, Tickets
from metrics.drawing import bars, charts, day_charts
from metrics.drawing.charts import Spec
from metrics.figures import against
from metrics.figures.source import Days, source_for
from metrics.tables import Cell, Chart, Table, duration

MAX_DRAWN = 15
MAX_SERIES = 4
"""Channels with a separate colour; the rest are summed."""
COLUMNS = (
    *("mentions", "before", "change", "answered", "median", "p75", "p90", "goal", "within", "overdue"),
    *("no_reply", "solved", "backlog"),
)


class ChannelsReport:
    name = "channels"
    title = gettext_lazy("Channels")
    compares = True
    leaves_out = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now
        self.source = source_for(user, tickets, filters, now)
        self.today = now.astimezone(filters.period.tz).date()

    @cached_property
    def lines(self) -> list[ChannelLine]:
        return channel_counts.lines(self.tickets, self.filters, self.now, self.source)

    @property
    def channels(self) -> list[ChannelLine]:
        """The channels, most mentions first."""
        return sorted(self.lines[1:], key=lambda line: (-line.row.mentions, line.row.label))

    @cached_property
    def days(self) -> Days:
        return self.source.mentions_by_day()

    @property
    def charts(self) -> list[Chart]:
        is_quiet = not self.days
        return [
            Chart("by-channel", self._titled(_("Mentions by channel")), self._by_channel, is_quiet),
            Chart("by-day", _("Mentions by day and channel"), self._by_day, is_quiet),
        ]

    def _by_channel(self, theme: str) -> Spec:
        rows = [(line.row.label, line.row.mentions, line.before) for line in self.channels[:MAX_DRAWN]]
        return bars.beside(rows, _("channel"), _("mentions"), theme, against.period_in_words(self.filters.earlier))

    def _by_day(self, theme: str) -> Spec:
        """Mentions by day of the busiest channels, with the other channels together."""
        largest = {line.row.channel_id: line.row.label for line in self.channels[:MAX_SERIES]}
        rest = _("other channels")
        series = [*dict.fromkeys(largest.values()), *([rest] if len(self.channels) > MAX_SERIES else [])]
        counts = {
            day: [(largest.get(channel, rest), count) for channel, count in found.items()]
            for day, found in self.days.items()
        }
        return day_charts.stacked(self.filters.period.days, counts, series, _("mentions"), self.today, theme)

    @property
    def table(self) -> Table:
        rows = [self._row(line) for line in self.lines]
        return Table(_("Channel"), COLUMNS, rows, against=self.filters.earlier)

    def _titled(self, title: str) -> str:
        return against.titled(title, self.filters.earlier)

    def _row(self, line: ChannelLine) -> list[Cell]:
        row = line.row
        is_total = row.channel_id is None
        label = _("All channels") if is_total else row.label
        within, change = row.within_percent, line.change
        return [
            Cell(label, label, platform=row.platform, pinned=is_total),
            self._count(line, "mentions", row.mentions),
            self._before(line),
            Cell("—" if change is None else f"{change:+,}" if change else "0", change),
            self._count(line, "answered", row.answered),
            Cell(
                duration(row.median),
                None if row.median is None else charts.hours(row.median),
                "answered",
                row.channel_id,
                state={True: "good", False: "bad", None: ""}[row.meets_goal],
            ),
            *(_time(line, span) for span in (row.p75, row.p90)),
            Cell(duration(row.goal), charts.hours(row.goal)),
            Cell("—" if within is None else f"{within:.0f} %", within, "within", row.channel_id),
            Cell(f"{row.overdue:,}", row.overdue, "overdue", row.channel_id, state="bad" * bool(row.overdue)),
            self._count(line, "no_reply", row.no_reply),
            self._count(line, "solved", line.solved),
            Cell(f"{line.backlog:,}", line.backlog, "backlog", row.channel_id, at=self.now),
        ]

    def _count(self, line: ChannelLine, name: str, value: int) -> Cell:
        return Cell(f"{value:,}", value, name, line.row.channel_id)

    def _before(self, line: ChannelLine) -> Cell:
        if line.before is None:
            return Cell("—", None)
        earlier = self.filters.earlier
        return Cell(f"{line.before:,}", line.before, "mentions", line.row.channel_id, period=earlier)


def _time(line: ChannelLine, span: timedelta | None) -> Cell:
    return Cell(duration(span), None if span is None else charts.hours(span), "answered", line.row.channel_id)
