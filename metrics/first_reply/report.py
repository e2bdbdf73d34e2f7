"""First reply times as a report: overall, high priority, per channel; goals 7 h and 5 h."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.by_channel.channel_counts import begins
from metrics.definitions import Filters, Tickets
from metrics.drawing import bars, charts
from metrics.drawing.charts import Spec
from metrics.figures import against
from metrics.figures.first_reply import FirstReply
from metrics.figures.source import ReportSource, source_for
from metrics.first_reply.comparing import Pair, pairs
from metrics.periods import Period
from metrics.tables import Cell, Chart, Table, change, duration


class FirstReplyReport:
    """Median First Reply Time: overall, high priority, per channel; goals 7 h and 5 h."""

    name = "first-reply"
    title = gettext_lazy("Median First Reply Time")
    compares = True
    leaves_out = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now, self.user = tickets, filters, now, user
        self.source = source_for(user, tickets, filters, now)

    @cached_property
    def totals(self) -> list[FirstReply]:
        return _totals(self.source)

    @cached_property
    def channels(self) -> list[FirstReply]:
        return self.source.channels()

    @cached_property
    def by_day(self) -> list[tuple[date, str, timedelta, int]]:
        return self.source.by_day()

    @cached_property
    def pairs(self) -> list[Pair]:
        """The totals, then the channels with mentions in one of the periods."""
        if not begins(self.filters.narrow(self.tickets), self.filters.earlier):
            return [Pair(row, None) for row in (*self.totals, *self.channels)]
        source = source_for(self.user, self.tickets, self.filters.over(self.filters.earlier), self.now)
        totals = [Pair(now, before) for now, before in zip(self.totals, _totals(source), strict=True)]
        return [*totals, *pairs(self.channels, source.channels())]

    @property
    def charts(self) -> list[Chart]:
        title = against.titled(_("Median First Reply Time by channel"), self.filters.earlier)
        return [
            Chart("median-by-day", _("Median First Reply Time by day"), self._by_day_spec, not self.by_day),
            Chart("median-by-channel", title, self._by_channel_spec, not self.by_day),
        ]

    def _by_day_spec(self, theme: str) -> Spec:
        today = self.now.astimezone(self.filters.period.tz).date()
        return charts.median_first_reply(self.by_day, theme, unfinished=today)

    def _by_channel_spec(self, theme: str) -> Spec:
        before = {pair.now.channel_id: pair.before.median for pair in self.pairs if pair.before}
        return bars.first_reply_by_channel(self.channels, theme, before, against.period_in_words(self.filters.earlier))

    @property
    def tables(self) -> list[Table]:
        earlier = self.filters.earlier
        rows = [_compared(pair, earlier) for pair in self.pairs]
        return [self._figures, Table(_("Channel"), COMPARED_COLUMNS, rows, "beside", _("By channel"), against=earlier)]

    @property
    def _figures(self) -> Table:
        rows = [*self.totals, *self.channels]
        table = Table(_("Channel"), FIRST_REPLY_COLUMNS, [_first_reply_cells(row) for row in rows])
        return _with_unsettled(table, rows) if any(row.unsettled for row in rows) else table


FIRST_REPLY_COLUMNS = (
    *("mentions", "answered", "median", "p75", "p90", "goal", "within", "overdue", "in_time", "no_reply", "lag"),
)
COMPARED_COLUMNS = (
    *("mentions", "before", "change", "median", "median_before", "median_change", "within", "within_before"),
)


def _totals(source: ReportSource) -> list[FirstReply]:
    return [source.total(_("All channels")), source.total(_("High priority"), high=True)]


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


def _compared(pair: Pair, earlier: Period) -> list[Cell]:
    row = pair.now
    now, ago = _period_cells(row), [Cell("—", None)] * 3 if pair.before is None else _period_cells(pair.before, earlier)
    (mentions, median, within), (mentions_ago, median_ago, within_ago) = now, ago
    return [
        Cell(row.label, row.label, platform=row.platform, pinned=row.channel_id is None),
        *(mentions, mentions_ago, change(mentions, mentions_ago)),
        *(median, median_ago, change(median, median_ago, is_time=True)),
        *(within, within_ago),
    ]


def _period_cells(row: FirstReply, period: Period | None = None) -> list[Cell]:
    """Mentions, median and share within target, of the page's period or of another."""
    share = row.within_percent
    found = (
        (f"{row.mentions:,}", row.mentions, "mentions"),
        (duration(row.median), _hours(row.median), "answered"),
        ("—" if share is None else f"{share:.0f} %", share, "within"),
    )
    return [Cell(shown, value, figure, row.channel_id, period=period, high=row.high) for shown, value, figure in found]


def _hours(span: timedelta | None) -> float | None:
    return None if span is None else charts.hours(span)
