"""The reports by name, each with its charts and table. A new report is one entry here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.advocates.report import AdvocatesReport
from metrics.by_channel.report import ChannelsReport
from metrics.definitions import Filters, Tickets, first_posted
from metrics.drawing import bars, charts
from metrics.drawing.charts import Spec
from metrics.figures import activity
from metrics.figures.activity import DayActivity
from metrics.figures.first_reply import FirstReply
from metrics.figures.source import source_for
from metrics.hours.report import HoursReport
from metrics.outcomes.report import OutcomesReport
from metrics.outreaches.report import ExpertsReport
from metrics.overview.report import OverviewReport
from metrics.reach.report import PlatformsReport
from metrics.release_days.report import ReleaseDayReport
from metrics.tables import Cell, Chart, Table, duration
from metrics.tags.report import TagsReport


class FirstReplyReport:
    """Median First Reply Time: overall, high priority, per channel; goals 7 h and 5 h."""

    name = "first-reply"
    title = gettext_lazy("Median First Reply Time")
    leaves_out = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now
        self.source = source_for(user, tickets, filters, now)

    @cached_property
    def totals(self) -> list[FirstReply]:
        return [
            self.source.total(_("All channels")),
            self.source.total(_("High priority"), high=True),
        ]

    @cached_property
    def channels(self) -> list[FirstReply]:
        return self.source.channels()

    @cached_property
    def by_day(self) -> list[tuple[date, str, timedelta, int]]:
        return self.source.by_day()

    @property
    def charts(self) -> list[Chart]:
        return [
            Chart("median-by-day", _("Median First Reply Time by day"), self._by_day_spec, not self.by_day),
            Chart("median-by-channel", _("Median First Reply Time by channel"), self._by_channel_spec, not self.by_day),
        ]

    def _by_day_spec(self, theme: str) -> Spec:
        today = self.now.astimezone(self.filters.period.tz).date()
        return charts.median_first_reply(self.by_day, theme, unfinished=today)

    def _by_channel_spec(self, theme: str) -> Spec:
        return bars.first_reply_by_channel(self.channels, theme)

    @property
    def table(self) -> Table:
        rows = [*self.totals, *self.channels]
        table = Table(_("Channel"), FIRST_REPLY_COLUMNS, [_first_reply_cells(row) for row in rows])
        return _with_unsettled(table, rows) if any(row.unsettled for row in rows) else table


FIRST_REPLY_COLUMNS = (
    *("mentions", "answered", "median", "p75", "p90", "goal", "within", "overdue", "in_time", "no_reply", "lag"),
)


def _first_reply_cells(row: FirstReply) -> list[Cell]:
    def leads_to(figure: str, value: int) -> Cell:
        return Cell(f"{value:,}", value, figure, row.channel_id, high=row.high)

    within = row.within_percent
    return [
        Cell(row.label, row.label, platform=row.platform, pinned=row.channel_id is None),
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
        Cell(duration(row.p75), _hours(row.p75), "answered", row.channel_id, high=row.high),
        Cell(duration(row.p90), _hours(row.p90), "answered", row.channel_id, high=row.high),
        Cell(duration(row.goal), _hours(row.goal)),
        Cell("—" if within is None else f"{within:.0f} %", within, "within", row.channel_id, high=row.high),
        Cell(
            f"{row.overdue:,}", row.overdue, "overdue", row.channel_id, high=row.high, state="bad" * bool(row.overdue)
        ),
        leads_to("in_time", row.in_time),
        leads_to("no_reply", row.no_reply),
        Cell(duration(row.lag), _hours(row.lag), "mentions", row.channel_id, high=row.high),
    ]


def _with_unsettled(table: Table, rows: Sequence[FirstReply]) -> Table:
    """Adds a rarely needed column: tickets that are done without an answer or a reason."""
    cells = [Cell(f"{r.unsettled:,}", r.unsettled, "unsettled", r.channel_id, high=r.high) for r in rows]
    wider = [[*cells_, cell] for cells_, cell in zip(table.rows, cells, strict=True)]
    return Table(table.first, [*table.figures, "unsettled"], wider)


class ActivityReport:
    """Daily ticket activity: mentions, first replies, solved tickets."""

    name = "activity"
    title = gettext_lazy("Daily ticket activity")
    has_no_clock = True
    leaves_out = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now
        self.source = source_for(user, tickets, filters, now)

    @cached_property
    def days(self) -> list[DayActivity]:
        """From the first day on which anything happened: before that there was no desk, not a quiet day."""
        first = first_posted(self.filters.narrow(self.tickets))
        begins = first.astimezone(self.filters.period.tz).date() if first else date.max
        return [day for day in self.source.activity() if day.day >= begins]

    @property
    def charts(self) -> list[Chart]:
        empty = not any(day.mentions or day.replied or day.solved for day in self.days)
        return [Chart("daily-activity", self.heading, self._spec, empty)]

    @property
    def heading(self) -> str:
        if self.filters.period.name in ("7d", "30d", "90d"):
            return _("Daily ticket activity for the last %(days)d days") % {"days": len(self.filters.period.days)}
        return _("Daily ticket activity")

    @property
    def today(self) -> date:
        return self.now.astimezone(self.filters.period.tz).date()

    def _shown(self, day: date) -> str:
        return _("%(day)s, so far") % {"day": day.isoformat()} if day == self.today else day.isoformat()

    def _spec(self, theme: str) -> Spec:
        unfinished = self.today if self.today in self.filters.period.days else None
        return charts.daily_activity(self.days, theme, unfinished=unfinished, axis=self.filters.period.days)

    @property
    def table(self) -> Table:
        rows = [
            [
                Cell(self._shown(day.day), day.day.isoformat()),
                *(
                    Cell(f"{getattr(day, name):,}", getattr(day, name), name, day=day.day)
                    for name, _column in activity.ACTIVITY
                ),
            ]
            for day in reversed(self.days)
        ]
        return Table(_("Day"), [name for name, _column in activity.ACTIVITY], rows)


Report = (
    OverviewReport
    | FirstReplyReport
    | ActivityReport
    | ChannelsReport
    | OutcomesReport
    | PlatformsReport
    | AdvocatesReport
    | ExpertsReport
    | HoursReport
    | ReleaseDayReport
    | TagsReport
)
REPORTS: dict[str, type[Report]] = {
    report.name: report
    for report in (
        OverviewReport,
        FirstReplyReport,
        ActivityReport,
        ChannelsReport,
        OutcomesReport,
        PlatformsReport,
        AdvocatesReport,
        ExpertsReport,
        HoursReport,
        ReleaseDayReport,
        TagsReport,
    )
}


def _hours(span: timedelta | None) -> float | None:
    return None if span is None else charts.hours(span)
