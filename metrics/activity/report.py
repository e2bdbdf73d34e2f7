"""The daily ticket activity as a report: mentions, first replies, solved tickets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.by_channel.channel_counts import begins
from metrics.definitions import Filters, Tickets, first_posted
from metrics.drawing import bars, charts
from metrics.drawing.charts import Spec
from metrics.figures import activity, against
from metrics.figures.activity import DayActivity
from metrics.figures.source import source_for
from metrics.meanings import MEANINGS
from metrics.tables import Cell, Chart, Table, change

NAMES = tuple(name for name, _column in activity.ACTIVITY)


class ActivityReport:
    """Daily ticket activity: mentions, first replies, solved tickets."""

    name = "activity"
    title = gettext_lazy("Daily ticket activity")
    has_no_clock = True
    compares = True
    leaves_out = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now, self.user = tickets, filters, now, user
        self.source = source_for(user, tickets, filters, now)

    @cached_property
    def days(self) -> list[DayActivity]:
        """The days to show, from the first with any activity: before that the desk didn't exist, so the days weren't
        quiet."""
        posted = first_posted(self.filters.narrow(self.tickets))
        first = posted.astimezone(self.filters.period.tz).date() if posted else date.max
        return [day for day in self.found if day.day >= first]

    @cached_property
    def found(self) -> list[DayActivity]:
        """Every day of the period."""
        return self.source.activity()

    @cached_property
    def before(self) -> Counter[str] | None:
        """Totals of the period compared with. None if the desk didn't exist for all of it: unknown, not zero."""
        earlier = self.filters.earlier
        if not begins(self.filters.narrow(self.tickets), earlier):
            return None
        return _in_all(source_for(self.user, self.tickets, self.filters.over(earlier), self.now).activity())

    @property
    def charts(self) -> list[Chart]:
        empty = not any(day.mentions or day.replied or day.solved for day in self.days)
        in_all = against.titled(_("Ticket activity"), self.filters.earlier)
        return [
            Chart("daily-activity", self.heading, self._spec, empty),
            Chart("in-all", in_all, self._in_all_spec, empty and not self.before),
        ]

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

    def _in_all_spec(self, theme: str) -> Spec:
        now, ago = _in_all(self.found), self.before
        rows = [(_label(name), now[name], None if ago is None else ago[name]) for name in NAMES]
        return bars.beside(rows, _("what"), _("tickets"), theme, against.period_in_words(self.filters.earlier))

    @property
    def tables(self) -> list[Table]:
        return [self._by_day, self._beside]

    @property
    def _beside(self) -> Table:
        """Totals of both periods, side by side."""
        earlier, now, then = self.filters.earlier, _in_all(self.found), self.before

        def row(name: str) -> list[Cell]:
            label, count = _label(name), Cell(f"{now[name]:,}", now[name], name)
            ago = Cell("—", None) if then is None else Cell(f"{then[name]:,}", then[name], name, period=earlier)
            return [Cell(label, label), count, ago, change(count, ago)]

        columns = ("outcome_now", "outcome_before", "outcome_change")
        return Table(_("Figure"), columns, [row(name) for name in NAMES], "beside", _("Overall"), against=earlier)

    @property
    def _by_day(self) -> Table:
        rows = [
            [
                Cell(self._shown(day.day), day.day.isoformat()),
                *(Cell(f"{getattr(day, name):,}", getattr(day, name), name, day=day.day) for name in NAMES),
            ]
            for day in reversed(self.days)
        ]
        return Table(_("Day"), NAMES, rows)


def _in_all(days: Sequence[DayActivity]) -> Counter[str]:
    return Counter({name: sum(getattr(day, name) for day in days) for name in NAMES})


def _label(name: str) -> str:
    return str(MEANINGS[name].label)
