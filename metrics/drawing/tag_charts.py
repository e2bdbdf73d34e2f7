"""The chart of tags, as a Vega-Lite spec."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from metrics.drawing.charts import INK, Spec, finish


def by_tag(tags: Sequence[tuple[str, int, int | None]], theme: str = "light") -> Spec:
    """(tag, mentions, mentions of the period before or None if unknown): a bar each, and a tick for before."""
    import altair as alt

    values = [{"tag": name, "count": count, "before": before} for name, count, before in tags]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("tag:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
        tooltip=[
            alt.Tooltip("tag:N", title=_("tag")),
            alt.Tooltip("count:Q", title=_("mentions")),
            alt.Tooltip("before:Q", title=_("period before")),
        ],
    )
    title = _("mentions (mark: the period before)")
    scale, axis = alt.Scale(domainMin=0), alt.Axis(tickMinStep=1)
    bars = base.mark_bar(color=INK[theme].series[0], height={"band": 0.6}).encode(
        x=alt.X("count:Q", title=title, scale=scale, axis=axis)
    )
    ticks = base.transform_filter("isValid(datum.before)").mark_tick(
        color=INK[theme].series[1], thickness=3, height={"band": 0.9}
    )
    # A field without any value has no extent: Vega warns about it.
    is_known = any(before is not None for _name, _count, before in tags)
    layers = [bars, ticks.encode(x="before:Q")] if is_known else [bars]
    return finish(alt.layer(*layers), theme, height=max(2, len(values)) * 26)
