"""Building blocks of reports: cells, tables, charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from metrics.drawing.charts import Spec
from metrics.figures import against
from metrics.figures.parts import NO_PART, Part
from metrics.meanings import MEANINGS
from metrics.periods import Period

OF_BEFORE = frozenset({"before", "requests_before", "outcome_before"})
"""Figures of the period compared with."""


@dataclass
class Cell:
    """One table value: the displayed text, the CSV value, and the figure that lists the tickets behind it."""

    shown: str
    value: Any
    figure: str = ""
    channel_id: int | None = None
    day: date | None = None
    period: Period | None = None
    """Of the figure, if it is not the page's."""
    at: datetime | None = None
    """The moment of a figure that is true now."""
    high: bool = False
    tag: str = ""
    part: Part = NO_PART
    pinned: bool = False
    """Of a row's name: stays on top, however the table is sorted."""
    platform: str = ""
    """Of a channel's name."""
    state: str = ""
    """"good", "bad", "away" or empty; always shown in words too."""
    level: int = 0
    """Of a heat map's cell: 0 to 4."""


@dataclass
class Table:
    """`figures`: names in `MEANINGS`, one for each column after `first`, which names the rows."""

    first: str
    figures: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    slug: str = "figures"
    title: str = ""
    """Empty if it is the only one."""
    labels: Sequence[str] = ()
    """Heads of the columns, if they all show the same figure."""
    sorts: bool = True
    against: Period | None = None
    """The period of its “before” columns."""

    @property
    def heads(self) -> list[str]:
        return [self.first, *(self.labels or map(self.head, self.figures))]

    def head(self, name: str) -> str:
        """Of a figure's column; one of another period says which."""
        named = self.against is not None and name in OF_BEFORE
        return against.head(self.against) if named and self.against else str(MEANINGS[name].label)

    @property
    def heading(self) -> str:
        title = self.title or _("Figures")
        return against.titled(title, self.against) if self.against else title


def tables_of(report: Any) -> list[Table]:
    """All tables of a report, or its only one."""
    found: list[Table] = getattr(report, "tables", None) or [report.table]
    return found


def zone_in_names(zone: str) -> str:
    """For names of files."""
    return zone.replace("/", "-")


@dataclass(frozen=True)
class Chart:
    slug: str
    title: str
    spec: Callable[[str], Spec]
    is_empty: bool
    is_wide: bool = False
    """Too wide for a phone: it keeps its width there and scrolls."""


def change(now: Cell, ago: Cell, *, is_time: bool = False) -> Cell:
    """Unknown if one of them is. `is_time`: their values are hours."""
    if now.value is None or ago.value is None:
        return Cell("—", None)
    difference = round(now.value - ago.value, 2)
    if is_time:
        shown = duration(timedelta(hours=abs(difference)))
        return Cell(f"{'+' if difference > 0 else '-'}{shown}" if difference else "0", difference)
    return Cell(f"{difference:+,}" if difference else "0", difference)


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
