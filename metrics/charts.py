"""The charts as Vega-Lite specs: the same spec is interactive on the page and a picture in slides and mails.

Altair is imported with the first chart, not at startup: it is slow to import, and only reports need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from metrics.definitions import GOAL_ALL, GOAL_HIGH, DayActivity, FirstReply

Spec = dict[str, Any]


# Each series has a colour and a second cue (dash, shape): never colour alone. Values as in static/css/tokens.css.
@dataclass(frozen=True, slots=True)
class ChartTheme:
    text: str
    grid: str
    page: str
    series: tuple[str, ...]


INK = {
    "light": ChartTheme("#5a5955", "#dfdeda", "#ffffff", ("#0b6660", "#b4560f", "#5a4fb0")),
    "dark": ChartTheme("#a9abb0", "#31343a", "#1b1d20", ("#5fcabe", "#f0a35f", "#b3a8ff")),
}


def hours(span: timedelta) -> float:
    return round(span.total_seconds() / 3600, 2)


def median_first_reply(days: Sequence[tuple[date, str, timedelta, int]], theme: str = "light") -> Spec:
    """Median First Reply Time by day in hours, for all and high priority, with both goals as dashed lines."""
    import altair as alt

    names = {"all": _("All mentions"), "high": _("High priority")}
    rows = [
        {"day": _midnight(day), "series": names[series], "hours": hours(median), "answered": n}
        for day, series, median, n in days
    ]
    lines = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=_day_axis(alt, (day for day, *_rest in days)),
            y=alt.Y("hours:Q", title=_("hours to first reply"), scale=alt.Scale(domainMin=0)),
            color=_series_colour(alt, list(names.values()), theme),
            shape=alt.Shape("series:N", title=None, scale=alt.Scale(domain=list(names.values())), legend=_legend(alt)),
            tooltip=[
                alt.Tooltip("day:T", title=_("day"), format="%a %d %b"),
                alt.Tooltip("series:N", title=_("of")),
                alt.Tooltip("hours:Q", title=_("median hours"), format=".1f"),
                alt.Tooltip("answered:Q", title=_("answered")),
            ],
        )
    )
    goals = [
        {"hours": hours(GOAL_ALL), "goal": _("goal 7 h")},
        {"hours": hours(GOAL_HIGH), "goal": _("goal 5 h, high")},
    ]
    base = alt.Chart(alt.InlineData(values=goals))
    rule = base.mark_rule(strokeDash=[5, 4], color=INK[theme].text, opacity=0.7).encode(y="hours:Q")
    label = base.mark_text(align="left", dx=4, dy=-6, color=INK[theme].text).encode(
        y="hours:Q", x=alt.value(0), text="goal:N"
    )
    return _finish(alt.layer(lines, rule, label), theme)


def first_reply_by_channel(rows: Sequence[FirstReply], theme: str = "light") -> Spec:
    """Median First Reply Time per channel in hours, as bars, each with its target as a tick."""
    import altair as alt

    values = [
        {"channel": row.label, "hours": hours(row.median), "target": hours(row.goal), "answered": row.answered}
        for row in rows
        if row.median is not None
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("channel:N", title=None, sort=None, axis=alt.Axis(labelLimit=220))
    )
    bars = base.mark_bar(color=INK[theme].series[0], height={"band": 0.6}).encode(
        x=alt.X("hours:Q", title=_("median hours to first reply"), scale=alt.Scale(domainMin=0)),
        tooltip=[
            alt.Tooltip("channel:N", title=_("channel")),
            alt.Tooltip("hours:Q", title=_("median hours"), format=".1f"),
            alt.Tooltip("target:Q", title=_("target hours")),
            alt.Tooltip("answered:Q", title=_("answered")),
        ],
    )
    target = base.mark_tick(color=INK[theme].series[1], thickness=3, height={"band": 0.9}).encode(x="target:Q")
    return _finish(alt.layer(bars, target), theme, height=max(2, len(values)) * 26)


def daily_activity(days: Sequence[DayActivity], theme: str = "light") -> Spec:
    """Daily ticket activity in tickets per day: incoming mentions as bars, first replies and solved as lines."""
    import altair as alt

    names = {"mentions": _("Mentions"), "replied": _("First replies"), "solved": _("Solved")}
    rows = [
        {"day": _midnight(row.day), "series": label, "tickets": getattr(row, name)}
        for row in days
        for name, label in names.items()
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=_day_axis(alt, (row.day for row in days)),
        y=alt.Y("tickets:Q", title=_("tickets"), scale=alt.Scale(domainMin=0)),
        color=_series_colour(alt, list(names.values()), theme),
        tooltip=[
            alt.Tooltip("day:T", title=_("day"), format="%a %d %b"),
            alt.Tooltip("series:N", title=_("what")),
            alt.Tooltip("tickets:Q", title=_("tickets")),
        ],
    )
    first = alt.datum.series == names["mentions"]
    bars = base.transform_filter(first).mark_bar(opacity=0.45, size=14)
    lines = (
        base.transform_filter(~first)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            shape=alt.Shape("series:N", title=None, legend=None),
            strokeDash=alt.StrokeDash("series:N", title=None, legend=None),
        )
    )
    return _finish(alt.layer(bars, lines), theme)


def _midnight(day: date) -> str:
    """The day at local midnight, without a zone. A bare date would be midnight UTC, which is the evening before for
    readers west of Greenwich. The day is a label, not a moment."""
    return f"{day.isoformat()}T00:00:00"


def _day_axis(alt: Any, days: Iterable[date]) -> Any:
    """One label under the middle of each day. By default, the scale would also label its end: midnight of the next
    day."""
    noons = [alt.DateTime(year=day.year, month=day.month, date=day.day, hours=12) for day in sorted(set(days))]
    axis = alt.Axis(format="%d %b", values=noons, labelOverlap=True, grid=False)
    return alt.X("day:T", timeUnit="yearmonthdate", title=None, bandPosition=0.5, axis=axis)


def _series_colour(alt: Any, names: list[str], theme: str) -> Any:
    scale = alt.Scale(domain=names, range=list(INK[theme].series[: len(names)]))
    return alt.Color("series:N", title=None, scale=scale, legend=_legend(alt))


def _legend(alt: Any) -> Any:
    """Identical for colour and shape: Vega-Lite merges equal legends."""
    return alt.Legend(orient="top", title=None, symbolOpacity=1)


def _finish(chart: Any, theme: str, height: Any = 260) -> Spec:
    ink = INK[theme]
    axis = {
        "labelColor": ink.text,
        "titleColor": ink.text,
        "gridColor": ink.grid,
        "domainColor": ink.grid,
        "tickColor": ink.grid,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    configured = chart.properties(width=720, height=height).configure(
        background=ink.page, font="system-ui, sans-serif", padding=8
    )
    spec: Spec = configured.to_dict()
    spec["config"] |= {
        "axis": axis,
        "view": {"stroke": None},
        "legend": {"labelColor": ink.text, "titleColor": ink.text, "labelFontSize": 12},
    }
    return spec
