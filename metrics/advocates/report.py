"""The report of the team's workload, by name. It ranks nobody: tickets differ, and so do hours."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.advocates import work_counts
from metrics.definitions import Filters, Tickets
from metrics.drawing import bars, charts
from metrics.drawing.charts import Spec
from metrics.figures.parts import Part
from metrics.outreaches import conditions
from metrics.rollups import access
from metrics.tables import Cell, Chart, Table, duration

COLUMNS = ("worked_on", "answered_by", "solved_by", "no_reply_by", "requests_by", "assigned", "shift_hours")


class AdvocatesReport:
    name = "advocates"
    title = gettext_lazy("Advocates")
    has_no_clock = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now
        self.is_rolled = access.may_answer(user, filters, str(filters.period.tz))

    @property
    def note(self) -> str:
        return _("Listed by name and not sortable by work: tickets differ, and so do people’s hours.")

    @cached_property
    def counts(self) -> dict[str, dict[int, Any]]:
        """Figure → user → number."""
        period, chosen = self.filters.period, self.filters.narrow(self.tickets)
        worked = work_counts.rolled(self.filters) if self.is_rolled else work_counts.counted(chosen, period)
        found: dict[str, dict[int, Any]] = {**worked, "assigned": work_counts.assigned(chosen)}
        found["requests_by"] = work_counts.requests(conditions.narrowed(self.tickets, self.filters), period)
        return found | {"shift_hours": work_counts.shift_hours(period, self.now)}

    @cached_property
    def people(self) -> list[User]:
        return work_counts.people(self.counts)

    @property
    def charts(self) -> list[Chart]:
        is_quiet = not any(self.counts[name] for name in ("worked_on", "answered_by"))
        return [Chart("worked-on", _("Tickets worked on, by name"), self._spec, is_quiet)]

    def _spec(self, theme: str) -> Spec:
        rows = [(_name(user), self.counts["worked_on"].get(user.pk, 0), None) for user in self.people]
        return bars.beside(rows, _("person"), _("tickets worked on"), theme)

    @property
    def table(self) -> Table:
        return Table(_("Person"), COLUMNS, [self._row(user) for user in self.people], sorts=False)

    def _row(self, user: User) -> list[Cell]:
        return [Cell(_name(user), _name(user)), *(self._cell(user, name) for name in COLUMNS)]

    def _cell(self, user: User, name: str) -> Cell:
        part = Part(advocate=user.pk)
        value = self.counts[name].get(user.pk)
        if name == "shift_hours":
            return Cell(duration(value), None if value is None else charts.hours(value))
        figure = "requests" if name == "requests_by" else name
        return Cell(f"{value or 0:,}", value or 0, figure, part=part, at=self.now if name == "assigned" else None)


def _name(user: User) -> str:
    return user.get_full_name() or user.username
