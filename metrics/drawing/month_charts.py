"""Bars by calendar month, as a Vega-Lite spec."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from metrics.drawing.charts import INK, Spec, finish
from metrics.drawing.grammar import altair

Month = tuple[date, bool, int, int]
"""(first day, whether the month is unfinished, first count, second count)."""


def by_month(months: Sequence[Month], names: tuple[str, str], theme: str = "light") -> Spec:
    """Two bars with their numbers for each month; those of an unfinished month are pale and say so."""
    alt = altair()

    rows = [
        {"month": _label(day, unfinished), "series": name, "count": count, "so_far": unfinished}
        for day, unfinished, *counts in months
        for name, count in zip(names, counts, strict=True)
    ]
    colours = alt.Scale(domain=list(names), range=list(INK[theme].series[: len(names)]))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("month:N", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        xOffset=alt.XOffset("series:N", sort=list(names)),
        y=alt.Y("count:Q", title=None, scale=alt.Scale(domainMin=0), axis=alt.Axis(tickMinStep=1)),
        tooltip=[
            alt.Tooltip("month:N", title=_("month")),
            alt.Tooltip("series:N", title=_("what")),
            alt.Tooltip("count:Q", title=_("number")),
        ],
    )
    opacity = alt.condition(alt.datum.so_far, alt.value(0.45), alt.value(1))
    legend = alt.Legend(orient="top", title=None, symbolOpacity=1)
    bars = base.mark_bar().encode(color=alt.Color("series:N", scale=colours, legend=legend), opacity=opacity)
    numbers = base.mark_text(dy=-7, color=INK[theme].text, fontSize=12).encode(text="count:Q")
    return finish(alt.layer(bars, numbers), theme)


def _label(day: date, unfinished: bool) -> str:
    return _("%(month)s, so far") % {"month": f"{day:%Y-%m}"} if unfinished else f"{day:%Y-%m}"
