"""Bars that stand beside the period before, as a Vega-Lite spec."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from metrics.drawing.charts import INK, Spec, finish


def beside(
    rows: Sequence[tuple[str, float, float | None]], what: str, counted: str, theme: str = "light", against: str = ""
) -> Spec:
    """(name, count, count of the period before or None if unknown): a bar each, and a mark for before. `what`: of the
    names; `counted`: of the counts; `against`: what the mark is, if not the period before."""
    import altair as alt

    against = against or _("the period before")
    values = [{"name": name, "count": count, "before": earlier} for name, count, earlier in rows]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
        tooltip=[
            alt.Tooltip("name:N", title=what),
            alt.Tooltip("count:Q", title=counted),
            alt.Tooltip("before:Q", title=against),
        ],
    )
    scale, axis = alt.Scale(domainMin=0), alt.Axis(tickMinStep=1)
    # A field without any value has no extent: Vega warns about it.
    is_known = any(earlier is not None for _name, _count, earlier in rows)
    title = _("%(counted)s (mark: %(against)s)") % {"counted": counted, "against": against} if is_known else counted
    drawn = base.mark_bar(color=INK[theme].series[0], height={"band": 0.6}).encode(
        x=alt.X("count:Q", title=title, scale=scale, axis=axis)
    )
    ticks = base.transform_filter("isValid(datum.before)").mark_tick(
        color=INK[theme].series[1], thickness=3, height={"band": 0.9}
    )
    layers = [drawn, ticks.encode(x="before:Q")] if is_known else [drawn]
    return finish(alt.layer(*layers), theme, height=max(2, len(values)) * 26)
