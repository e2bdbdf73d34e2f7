"""The reports by name, each with its charts and table. A new report is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import charts, definitions
from metrics.charts import Spec
from metrics.definitions import DayActivity, Filters, FirstReply, Tickets


@dataclass
class Cell:
    """One table value: the displayed text, the CSV value, and the figure that lists the tickets behind it."""

    shown: str
    value: Any
    figure: str = ""
    channel_id: int | None = None
    day: date | None = None
    high: bool = False
    platform: str = ""
    """Of a channel's name."""
    state: str = ""
    """"good", "bad" or empty; always shown in words too."""


@dataclass
class Table:
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Chart:
    slug: str
    title: str
    spec: Callable[[str], Spec]
    is_empty: bool


class FirstReplyReport:
    """Median First Reply Time: overall, high priority, per channel; goals 7 h and 5 h."""

    name = "first-reply"
    title = gettext_lazy("Median First Reply Time")

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now

    @cached_property
    def totals(self) -> list[FirstReply]:
        return [
            definitions.first_reply(self.tickets, self.filters, self.now, _("All channels")),
            definitions.first_reply(self.tickets, self.filters, self.now, _("High priority"), high=True),
        ]

    @cached_property
    def channels(self) -> list[FirstReply]:
        return definitions.first_reply_by_channel(self.tickets, self.filters, self.now)

    @cached_property
    def by_day(self) -> list[tuple[date, str, timedelta, int]]:
        return definitions.median_by_day(self.tickets, self.filters)

    @property
    def charts(self) -> list[Chart]:
        return [
            Chart("median-by-day", _("Median First Reply Time by day"), self._by_day_spec, not self.by_day),
            Chart("median-by-channel", _("Median First Reply Time by channel"), self._by_channel_spec, not self.by_day),
        ]

    def _by_day_spec(self, theme: str) -> Spec:
        return charts.median_first_reply(self.by_day, theme)

    def _by_channel_spec(self, theme: str) -> Spec:
        return charts.first_reply_by_channel(self.channels, theme)

    @property
    def table(self) -> Table:
        heads = [
            _("Channel"),
            _("Mentions"),
            _("Answered"),
            _("Median"),
            _("Goal"),
            _("Within target"),
            _("Overdue, unanswered"),
            _("Unanswered, within target"),
            _("No reply needed"),
        ]
        rows = [*self.totals, *self.channels]
        table = Table(heads, [_first_reply_cells(row) for row in rows])
        return _with_unsettled(table, rows) if any(row.unsettled for row in rows) else table


def _first_reply_cells(row: FirstReply) -> list[Cell]:
    def leads_to(figure: str, value: int) -> Cell:
        return Cell(f"{value:,}", value, figure, row.channel_id, high=row.high)

    within = row.within_percent
    return [
        Cell(row.label, row.label, platform=row.platform),
        leads_to("mentions", row.mentions),
        leads_to("answered", row.answered),
        Cell(
            duration(row.median),
            _hours(row.median),
            "answered",
            row.channel_id,
            high=row.high,
            state={True: "good", False: "bad", None: ""}[row.meets_goal],
        ),
        Cell(duration(row.goal), _hours(row.goal)),
        Cell("—" if within is None else f"{within:.0f} %", within, "within", row.channel_id, high=row.high),
        Cell(
            f"{row.overdue:,}", row.overdue, "overdue", row.channel_id, high=row.high, state="bad" * bool(row.overdue)
        ),
        leads_to("in_time", row.in_time),
        leads_to("no_reply", row.no_reply),
    ]


def _with_unsettled(table: Table, rows: Sequence[FirstReply]) -> Table:
    """Adds a rarely needed column: tickets that are done without an answer or a reason."""
    cells = [Cell(f"{r.unsettled:,}", r.unsettled, "unsettled", r.channel_id, high=r.high) for r in rows]
    wider = [[*cells_, cell] for cells_, cell in zip(table.rows, cells, strict=True)]
    return Table([*table.heads, _("Solved, no reply or reason")], wider)


class ActivityReport:
    """Daily ticket activity: mentions, first replies, solved tickets."""

    name = "activity"
    title = gettext_lazy("Daily ticket activity")

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now

    @cached_property
    def days(self) -> list[DayActivity]:
        return definitions.daily_activity(self.tickets, self.filters, self.now)

    @property
    def charts(self) -> list[Chart]:
        empty = not any(day.mentions or day.replied or day.solved for day in self.days)
        return [Chart("daily-activity", self.heading, self._spec, empty)]

    @property
    def heading(self) -> str:
        if self.filters.period.name in ("7d", "30d", "90d"):
            return _("Daily ticket activity for the last %(days)d days") % {"days": len(self.filters.period.days)}
        return _("Daily ticket activity")

    def _spec(self, theme: str) -> Spec:
        return charts.daily_activity(self.days, theme)

    @property
    def table(self) -> Table:
        rows = [
            [
                Cell(day.day.isoformat(), day.day.isoformat()),
                *(
                    Cell(f"{getattr(day, name):,}", getattr(day, name), name, day=day.day)
                    for name in ("mentions", "replied", "solved")
                ),
            ]
            for day in reversed(self.days)
        ]
        return Table([_("Day"), _("Mentions"), _("First replies"), _("Solved")], rows)


Report = FirstReplyReport | ActivityReport
REPORTS: dict[str, type[Report]] = {report.name: report for report in (FirstReplyReport, ActivityReport)}


def duration(span: timedelta | None) -> str:
    """`45 min`, `3 h 20 min`, `2 d 4 h`; a dash for None."""
    if span is None:
        return "—"
    minutes = round(span.total_seconds() / 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours and not rest:
        return _("%(hours)d h") % {"hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
    return _("%(minutes)d min") % {"minutes": rest}


def _hours(span: timedelta | None) -> float | None:
    return None if span is None else charts.hours(span)
