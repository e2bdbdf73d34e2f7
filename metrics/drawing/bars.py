"""Bars beside the period before, and channels beside their targets, as Vega-Lite specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.utils.translation import gettext as _

from metrics.drawing import robust
from metrics.drawing.charts import INK, Spec, finish, hours
from metrics.drawing.grammar import altair
from metrics.figures.first_reply import FirstReply

TICKS = 8
"""About as many numbers on the axis: more run into each other on a phone."""


def beside(
    rows: Sequence[tuple[str, float, float | None]], what: str, counted: str, theme: str = "light", against: str = ""
) -> Spec:
    """(name, count, count of the period before or None if unknown): a bar with its number for each, and a mark for
    before. `what` labels the names, `counted` the counts, `against` the mark if it isn't the period before. A bar that
    is far longer than the rest is cut off, but keeps its number."""
    alt = altair()

    against = against or _("the period before")
    values = [
        {"name": name, "count": count, "before": earlier, "ago": "—" if earlier is None else f"{earlier:,}"}
        for name, count, earlier in rows
    ]
    is_known = any(earlier is not None for _name, _count, earlier in rows)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
        tooltip=[
            alt.Tooltip("name:N", title=what),
            alt.Tooltip("count:Q", title=counted),
            *([alt.Tooltip("ago:N", title=against)] if is_known else []),
        ],
    )
    end = robust.top([count for _name, count, _earlier in rows])
    scale, axis = end.scale(alt), alt.Axis(tickMinStep=1, tickCount=TICKS)
    # A field without any value has no extent: Vega warns about it.
    title = _("%(counted)s (mark: %(against)s)") % {"counted": counted, "against": against} if is_known else counted
    drawn = base.mark_bar(color=INK[theme].series[0], height={"band": 0.6}).encode(
        x=alt.X("count:Q", title=end.titled(title), scale=scale, axis=axis)
    )
    numbers = base.mark_text(align="left", dx=5, color=INK[theme].text).encode(
        x=alt.X("count:Q", title=end.titled(title), scale=scale), text=alt.Text("count:Q", format=",~r")
    )
    ticks = base.transform_filter("isValid(datum.before)").mark_tick(
        color=INK[theme].series[1], thickness=3, height={"band": 0.9}
    )
    marks = [ticks.encode(x=alt.X("before:Q", scale=scale))] if is_known else []
    return finish(alt.layer(drawn, *marks, numbers), theme, height=max(2, len(values)) * 26)


def first_reply_by_channel(
    rows: Sequence[FirstReply],
    theme: str = "light",
    before: Mapping[int | None, timedelta | None] | None = None,
    against: str = "",
) -> Spec:
    """Median First Reply Time per channel in hours, as bars, each with its target as a tick. `before`: channel →
    median of the period `against`, a diamond."""
    alt = altair()

    ago = {key: hours(median) for key, median in (before or {}).items() if median is not None}
    values = [
        {"channel": row.label, "hours": hours(row.median), "target": hours(row.goal), "answered": row.answered}
        | {"before": ago.get(row.channel_id), "ago": f"{ago[row.channel_id]:.1f}" if row.channel_id in ago else "—"}
        for row in rows
        if row.median is not None
    ]
    is_known = any(value["before"] is not None for value in values)
    title = _("median hours to first reply")
    if is_known:
        title = _("%(counted)s (line: target; mark: %(against)s)") % {"counted": title, "against": against}
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("channel:N", title=None, sort=None, axis=alt.Axis(labelLimit=220))
    )
    medians = [hours(row.median) for row in rows if row.median is not None]
    end = robust.top(medians, [hours(row.goal) for row in rows if row.median is not None])
    bars = base.mark_bar(color=INK[theme].series[0], height={"band": 0.6}).encode(
        x=alt.X("hours:Q", title=end.titled(title), scale=end.scale(alt), axis=alt.Axis(tickCount=TICKS)),
        tooltip=[
            alt.Tooltip("channel:N", title=_("channel")),
            alt.Tooltip("hours:Q", title=_("median hours"), format=".1f"),
            alt.Tooltip("target:Q", title=_("target hours")),
            alt.Tooltip("answered:Q", title=_("answered")),
            *([alt.Tooltip("ago:N", title=against)] if is_known else []),
        ],
    )
    target = base.mark_tick(color=INK[theme].series[1], thickness=3, height={"band": 0.9}).encode(x="target:Q")
    numbers = base.mark_text(align="left", dx=5, color=INK[theme].text).encode(
        x=alt.X("hours:Q", scale=end.scale(alt)), text=alt.Text("hours:Q", format=".1f")
    )
    point = base.transform_filter("isValid(datum.before)").mark_point(
        shape="diamond", filled=True, size=90, opacity=1, color=INK[theme].series[2], stroke=INK[theme].page
    )
    marks = [point.encode(x=alt.X("before:Q", scale=end.scale(alt)))] if is_known else []
    return finish(alt.layer(bars, target, *marks, numbers), theme, height=max(2, len(values)) * 26)
