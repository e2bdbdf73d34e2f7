"""The platforms as a report: mentions and people beside the period before, and their reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.models import Channel
from channels.registry.finding_adapters import adapter_for
from metrics.by_channel.channel_counts import begins
from metrics.definitions import Filters, Tickets, figure
from metrics.drawing import bars
from metrics.drawing.charts import Spec
from metrics.figures import against
from metrics.figures.parts import Part
from metrics.figures.source import Rolled, source_for
from metrics.meanings import MEANINGS
from metrics.reach import counts
from metrics.reach_keys import NAMES
from metrics.tables import Cell, Chart, Table

COLUMNS = ("mentions", "before", "change", "requesters", *NAMES)


@dataclass(frozen=True, slots=True)
class PlatformLine:
    """`before` and each of `reach` are None if unknown, which is not zero."""

    platform: str
    label: str
    mentions: int
    requesters: int
    before: int | None
    reach: Mapping[str, int | None]

    @property
    def change(self) -> int | None:
        return None if self.before is None else self.mentions - self.before


class PlatformsReport:
    name = "platforms"
    title = gettext_lazy("Platforms")
    has_no_clock = True
    compares = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now
        self.source = source_for(user, tickets, filters, now)

    @property
    def note(self) -> str:
        return _("Views, likes, shares and comments are as last reported by the platform; a dash means not reported.")

    @cached_property
    def lines(self) -> list[PlatformLine]:
        """The platforms, most mentions first."""
        chosen, earlier = self.filters.narrow(self.tickets), self.filters.earlier
        posted = chosen.filter(figure("mentions", self.filters.period, self.now))
        is_known, reach, ago = begins(chosen, earlier), self._reach_of(posted), Counter[str]()
        for channel, number in self.source.by_channel("mentions", earlier).items():
            ago[self._platforms[channel]] += number
        found = [
            PlatformLine(
                platform,
                str(adapter_for(platform).label),
                number,
                people,
                ago[platform] if is_known else None,
                reach.get(platform, {}),
            )
            for platform, (number, people) in counts.people_by_platform(posted).items()
        ]
        return sorted(found, key=lambda line: (-line.mentions, line.label))

    @cached_property
    def _platforms(self) -> dict[int, str]:
        """The platform of each channel. One query."""
        return dict(Channel.objects.values_list("pk", "connection__platform"))

    def _reach_of(self, posted: Tickets) -> dict[str, dict[str, int | None]]:
        if isinstance(self.source, Rolled):
            return counts.rolled_by_platform(self.filters, self._platforms)
        return counts.by_platform(posted)

    @property
    def charts(self) -> list[Chart]:
        drawn = [
            Chart(
                "mentions",
                against.titled(_("Mentions by platform"), self.filters.earlier),
                self._mentions,
                not self.lines,
            ),
            *(self._reach_chart(name) for name in ("views", "likes")),
        ]
        return drawn

    def _mentions(self, theme: str) -> Spec:
        rows = [(line.label, line.mentions, line.before) for line in self.lines]
        return bars.beside(rows, _("platform"), _("mentions"), theme, against.period_in_words(self.filters.earlier))

    def _reach_chart(self, name: str) -> Chart:
        rows = [(line.label, line.reach[name] or 0, None) for line in self.lines if line.reach.get(name)]
        rows.sort(key=lambda row: -row[1])
        label = str(MEANINGS[name].label)

        def spec(theme: str) -> Spec:
            return bars.beside(rows, _("platform"), label.lower(), theme)

        return Chart(name, _("%(what)s by platform") % {"what": label}, spec, not rows)

    @property
    def table(self) -> Table:
        rows = [self._row(line) for line in self.lines]
        return Table(_("Platform"), COLUMNS, rows, against=self.filters.earlier)

    def _row(self, line: PlatformLine) -> list[Cell]:
        part, change = Part(platform=line.platform), line.change
        return [
            Cell(line.label, line.label, platform=line.platform),
            Cell(f"{line.mentions:,}", line.mentions, "mentions", part=part),
            Cell("—", None)
            if line.before is None
            else Cell(f"{line.before:,}", line.before, "mentions", part=part, period=self.filters.earlier),
            Cell("—" if change is None else f"{change:+,}" if change else "0", change),
            Cell(f"{line.requesters:,}", line.requesters),
            *(self._reach(line.reach.get(name), name, part) for name in NAMES),
        ]

    def _reach(self, value: int | None, name: str, part: Part) -> Cell:
        return Cell("—", None) if value is None else Cell(f"{value:,}", value, name, part=part)
