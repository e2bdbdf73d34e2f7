"""A heat map of the week, as a Vega-Lite spec."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from metrics.drawing.charts import INK, Spec, finish
from metrics.drawing.grammar import altair

ROBUST = 0.95
NUMBERS = {"light": "#1c1c1a", "dark": "#e7e6e2"}
DEEP = {"light": 0.75, "dark": 0.5}
"""From this share of the darkest shade on, numbers take the page colour, to stay legible."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One hour of one weekday. `is_away`: outside coverage hours."""

    weekday: str
    hour: int
    count: int
    is_away: bool


def robust_maximum(counts: Iterable[int]) -> int:
    """The 95th percentile of the counts above zero, so one outlier doesn't pale the rest; 0 if there are none."""
    found = sorted(count for count in counts if count)
    return found[min(len(found) - 1, int(len(found) * ROBUST))] if found else 0


def week(slots: Sequence[Slot], what: str, theme: str = "light") -> Spec:
    """Hours from left to right, a row for each weekday; every cell has its number, hours outside coverage a mark."""
    alt = altair()

    ink = INK[theme]
    most, highest = robust_maximum(slot.count for slot in slots), max(slot.count for slot in slots)
    title = _("%(what)s (darkest: %(most)s or more)") if highest > most else "%(what)s"
    values = [
        {
            "weekday": slot.weekday,
            "hour": f"{slot.hour:02}",
            "count": slot.count,
            "when": _("outside coverage hours") if slot.is_away else _("within coverage hours"),
            "away": slot.is_away,
            "deep": bool(most) and slot.count > DEEP[theme] * most,
        }
        for slot in slots
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("hour:O", title=_("hour"), axis=alt.Axis(labelAngle=0, labelOverlap="greedy", grid=False)),
        y=alt.Y("weekday:O", title=None, sort=None, axis=alt.Axis(grid=False, labelLimit=220)),
        tooltip=[
            alt.Tooltip("weekday:N", title=_("day")),
            alt.Tooltip("hour:N", title=_("hour")),
            alt.Tooltip("count:Q", title=what),
            alt.Tooltip("when:N", title=_("coverage")),
        ],
    )
    scale = alt.Scale(domain=[0, max(1, most)], range=[ink.page, ink.series[0]], clamp=True, interpolate="lab")
    legend = alt.Legend(
        orient="top",
        title=title % {"what": what, "most": most},
        titleLimit=420,
        titleFontWeight="normal",
        gradientLength=160,
        tickMinStep=1,
    )
    cells = base.mark_rect(stroke=ink.grid).encode(color=alt.Color("count:Q", scale=scale, legend=legend))
    inked = alt.condition(alt.datum.deep, alt.value(ink.page), alt.value(NUMBERS[theme]))
    numbers = (
        base.transform_filter("datum.count > 0")
        .mark_text()
        .encode(text="count:Q", color=inked, size=alt.condition("datum.count > 999", alt.value(8), alt.value(11)))
    )
    marks = (
        base.transform_filter(alt.datum.away)
        .mark_point(shape="stroke", angle=45, size=40, strokeWidth=1.5, xOffset=-9, yOffset=-8)
        .encode(color=inked)
    )
    return finish(alt.layer(cells, numbers, marks), theme, height=7 * 30)
