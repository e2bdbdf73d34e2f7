"""The report of the tags: the rising ones with samples, and all of them as a chart and a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.definitions import Filters, Tickets
from metrics.drawing import bars
from metrics.drawing.charts import Spec
from metrics.figures import against
from metrics.tables import Cell, Chart, Table
from metrics.tags import tag_counts
from metrics.tags.rising import TagCount

MAX_DRAWN = 15
MAX_RISING = 10


@dataclass(frozen=True, slots=True)
class Rising:
    """A tag that rises, with its newest mentions."""

    tag: TagCount
    cell: Cell
    before: Cell
    samples: list[Any]


class TagsReport:
    name = "tags"
    title = gettext_lazy("Tags")
    has_no_clock = True
    compares = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now

    @cached_property
    def tags(self) -> list[TagCount]:
        return tag_counts.counted(self.tickets, self.filters)

    @cached_property
    def rising(self) -> list[Rising]:
        tags = [tag for tag in self.tags if tag.rises][:MAX_RISING]
        samples = tag_counts.samples(self.tickets, self.filters, [tag.name for tag in tags])
        return [Rising(tag, self._count(tag), self._before(tag), samples[tag.name]) for tag in tags]

    @property
    def charts(self) -> list[Chart]:
        title = against.titled(_("Mentions by tag"), self.filters.earlier)
        return [Chart("tags", title, self._spec, not self.tags)]

    def _spec(self, theme: str) -> Spec:
        most = sorted(self.tags, key=lambda tag: (-tag.count, tag.name))[:MAX_DRAWN]
        rows = [(tag.name, tag.count, tag.before) for tag in most]
        return bars.beside(rows, _("tag"), _("mentions"), theme, against.period_in_words(self.filters.earlier))

    @property
    def table(self) -> Table:
        rows = [self._row(tag) for tag in self.tags]
        return Table(_("Tag"), ("mentions", "before", "change", "rising"), rows, against=self.filters.earlier)

    def _row(self, tag: TagCount) -> list[Cell]:
        change = tag.change
        return [
            Cell(tag.name, tag.name),
            self._count(tag),
            self._before(tag),
            Cell("—" if change is None else f"{change:+,}" if change else "0", change),
            Cell(_("rising") if tag.rises else "", int(tag.rises)),
        ]

    def _count(self, tag: TagCount) -> Cell:
        return Cell(f"{tag.count:,}", tag.count, "mentions", tag=tag.name)

    def _before(self, tag: TagCount) -> Cell:
        if tag.before is None:
            return Cell("—", None)
        earlier = self.filters.earlier
        return Cell(f"{tag.before:,}", tag.before, "mentions", tag=tag.name, period=earlier)
