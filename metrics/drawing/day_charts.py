"""Stacked bars by day, as a Vega-Lite spec: weekends are shaded, an unfinished day is pale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _

from metrics.drawing import robust
from metrics.drawing.charts import INK, Spec, day_axis, finish, midnight, so_far, weekends
from metrics.drawing.grammar import altair

FURTHER = {"light": ("#aa22ff", "#553311"), "dark": ("#c04df5", "#dd4466")}
"""Colours after those of the theme, as far from them and each other for colour-blind eyes: a test measures it."""


def stacked(
    days: Sequence[date],
    counts: Mapping[date, Sequence[tuple[str, int]]],
    series: Sequence[str],
    what: str,
    today: date,
    theme: str = "light",
) -> Spec:
    """`counts`: day → (series, number). The order of `series` is that of the stack, from below."""
    alt = altair()

    rows = [
        {"day": midnight(day), "series": name, "count": count, "so_far": day == today, "place": series.index(name)}
        for day in days
        for name, count in _summed(counts.get(day, ())).items()
    ]
    end = robust.top([sum(count for _name, count in found) for found in counts.values()])
    colours = [*INK[theme].series, *FURTHER[theme]][: len(series)]
    stack = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(clip=True, stroke=INK[theme].page, strokeWidth=0.5)
        .encode(
            x=day_axis(alt, days, is_whole=True),
            y=alt.Y(
                "count:Q", title=end.titled(what), scale=alt.Scale(domain=[0, end.value]), axis=alt.Axis(tickMinStep=1)
            ),
            color=alt.Color(
                "series:N",
                sort=list(series),
                scale=alt.Scale(domain=list(series), range=colours),
                legend=alt.Legend(orient="top", title=None, symbolOpacity=1, labelLimit=220),
            ),
            order=alt.Order("place:Q"),
            opacity=alt.condition(alt.datum.so_far, alt.value(0.45), alt.value(1)),
            tooltip=[
                alt.Tooltip("day:T", title=_("day"), format="%a %d %b"),
                alt.Tooltip("series:N", title=_("of")),
                alt.Tooltip("count:Q", title=what),
            ],
        )
    )
    unfinished = today if today in days else None
    return finish(alt.layer(*weekends(alt, days, theme), stack, *so_far(alt, unfinished, theme)), theme)


def _summed(found: Sequence[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for name, count in found:
        total[name] = total.get(name, 0) + count
    return total
