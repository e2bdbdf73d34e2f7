"""The charts as Vega-Lite specs: the same spec is interactive on the page and a picture in slides and emails.

Altair is imported with the first chart, not at startup: it is slow to import, and only reports need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from metrics.drawing import robust
from metrics.drawing.grammar import altair
from metrics.figures.activity import DayActivity
from metrics.figures.first_reply import GOAL_ALL, GOAL_HIGH

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


DayMedian = tuple[date, str, timedelta, int]
"""(day, "all" or "high", median, answered)."""


def hours(span: timedelta) -> float:
    return round(span.total_seconds() / 3600, 2)


def median_first_reply(days: Sequence[DayMedian], theme: str = "light", unfinished: date | None = None) -> Spec:
    """Median First Reply Time by day in hours, for all and high priority, with both goals as dashed lines. The
    `unfinished` day is marked, if it has a median."""
    alt = altair()

    names = {"all": _("All mentions"), "high": _("High priority")}
    rows = [
        {
            "day": midnight(day),
            "series": names[series],
            "hours": None if median is None else hours(median),
            "answered": n,
        }
        for day, series, median, n in with_gaps(days)
    ]
    drawn = sorted({day for day, *_rest in days})
    end = robust.top([hours(median) for _day, _series, median, _count in days], map(hours, (GOAL_ALL, GOAL_HIGH)))
    lines = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=day_axis(alt, drawn),
            y=alt.Y("hours:Q", title=end.titled(_("hours to first reply")), scale=end.scale(alt)),
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
    marked = so_far(alt, unfinished if unfinished in drawn else None, theme)
    return finish(alt.layer(*weekends(alt, _between(drawn), theme), lines, rule, label, *marked), theme)


def _between(days: Sequence[date]) -> list[date]:
    """Every day from the first to the last."""
    return [days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)] if days else []


def with_gaps(days: Sequence[DayMedian]) -> list[tuple[date, str, timedelta | None, int]]:
    """Fills missing days between the first and the last with empty rows, so that lines break there."""
    known = {(day, series): (median, n) for day, series, median, n in days}
    every = [day for day, *_rest in days]
    first, count = min(every, default=date.min), (max(every) - min(every)).days + 1 if every else 0
    return [
        (day, series, *known.get((day, series), (None, 0)))
        for series in dict.fromkeys(series for _day, series, *_rest in days)
        for day in (first + timedelta(days=n) for n in range(count))
    ]


def daily_activity(
    days: Sequence[DayActivity], theme: str = "light", unfinished: date | None = None, axis: Sequence[date] = ()
) -> Spec:
    """Daily ticket activity in tickets per day: incoming mentions as bars, first replies and solved as lines. The
    `unfinished` day is marked; `axis`: days that are shown whether or not they have figures."""
    alt = altair()

    names = {"mentions": _("Mentions"), "replied": _("First replies"), "solved": _("Solved")}
    rows = [
        {"day": midnight(row.day), "series": label, "tickets": getattr(row, name), "so_far": row.day == unfinished}
        for row in days
        for name, label in names.items()
    ]
    end = robust.top([row["tickets"] for row in rows if row["tickets"]])
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=day_axis(alt, axis or [row.day for row in days], is_whole=bool(axis)),
        y=alt.Y("tickets:Q", title=end.titled(_("tickets")), scale=end.scale(alt)),
        color=_series_colour(alt, list(names.values()), theme),
        tooltip=[
            alt.Tooltip("day:T", title=_("day"), format="%a %d %b"),
            alt.Tooltip("series:N", title=_("what")),
            alt.Tooltip("tickets:Q", title=_("tickets")),
        ],
    )
    first = alt.datum.series == names["mentions"]
    opacity = alt.condition(alt.datum.so_far, alt.value(0.2), alt.value(0.45))
    bars = base.transform_filter(first).mark_bar(size=14).encode(opacity=opacity)
    lines = (
        base.transform_filter(~first)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            shape=alt.Shape("series:N", title=None, legend=None),
            strokeDash=alt.StrokeDash("series:N", title=None, legend=None),
        )
    )
    return finish(
        alt.layer(
            *weekends(alt, axis or [row.day for row in days], theme), bars, lines, *so_far(alt, unfinished, theme)
        ),
        theme,
    )


def so_far(alt: Any, day: date | None, theme: str) -> list[Any]:
    """Labels the unfinished day."""
    if day is None:
        return []
    base = alt.Chart(alt.InlineData(values=[{"day": midnight(day), "words": _("so far")}]))
    marked = base.mark_text(align="right", baseline="top", dx=6, dy=2, color=INK[theme].text, fontSize=12)
    return [marked.encode(x=day_axis(alt, [day], shared=True), y=alt.value(0), text="words:N")]


def weekends(alt: Any, days: Sequence[date], theme: str) -> list[Any]:
    """Shades each Saturday and Sunday."""
    shaded = [{"from": midnight(day), "to": midnight(day + timedelta(days=1))} for day in days if day.isoweekday() >= 6]
    if not shaded:
        return []
    base = alt.Chart(alt.InlineData(values=shaded)).mark_rect(color=INK[theme].grid, opacity=0.45)
    return [base.encode(x=alt.X("from:T", title=None), x2="to:T")]


def backlog(ages: Sequence[tuple[str, int]], theme: str = "light") -> Spec:
    """Tickets of the backlog by age, as bars with their numbers; the youngest first."""
    alt = altair()

    values = [{"age": label, "tickets": count} for label, count in ages]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("age:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
        x=alt.X(
            "tickets:Q", title=_("tickets"), scale=alt.Scale(domainMin=0), axis=alt.Axis(tickMinStep=1, tickCount=8)
        ),
        tooltip=[alt.Tooltip("age:N", title=_("age")), alt.Tooltip("tickets:Q", title=_("tickets"))],
    )
    bars = base.mark_bar(color=INK[theme].series[0], height={"band": 0.6})
    numbers = base.mark_text(align="left", dx=4, color=INK[theme].text).encode(text="tickets:Q")
    return finish(alt.layer(bars, numbers), theme, height=len(values) * 30)


def midnight(day: date) -> str:
    """The day at local midnight, without a zone. A bare date would be midnight UTC, which is the evening before for
    readers west of Greenwich. The day is a label, not a moment."""
    return f"{day.isoformat()}T00:00:00"


def day_axis(alt: Any, days: Sequence[date], shared: bool = False, is_whole: bool = False) -> Any:
    """One label under the middle of each day. By default, the scale would also label its end: midnight of the next day.
    `is_whole`: from the first day to the last, even without data."""
    if shared:  # the layer below has the labels
        return alt.X("day:T", timeUnit="yearmonthdate", title=None, bandPosition=0.5)
    noons = [alt.DateTime(year=day.year, month=day.month, date=day.day, hours=12) for day in sorted(set(days))]
    axis = alt.Axis(format="%d %b", values=noons, labelOverlap=True, grid=False)
    scale = alt.Undefined
    if is_whole:
        ends = min(days), max(days) + timedelta(days=1)
        scale = alt.Scale(domain=[alt.DateTime(year=day.year, month=day.month, date=day.day) for day in ends])
    return alt.X("day:T", timeUnit="yearmonthdate", title=None, bandPosition=0.5, axis=axis, scale=scale)


def _series_colour(alt: Any, names: list[str], theme: str) -> Any:
    scale = alt.Scale(domain=names, range=list(INK[theme].series[: len(names)]))
    return alt.Color("series:N", title=None, scale=scale, legend=_legend(alt))


def _legend(alt: Any) -> Any:
    """Identical for colour and shape: Vega-Lite merges equal legends."""
    return alt.Legend(orient="top", title=None, symbolOpacity=1)


def finish(chart: Any, theme: str, height: Any = 260) -> Spec:
    """The spec, in the colours of the theme."""
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
    spec: Spec = configured.to_dict(validate=False)
    spec["config"] |= {
        "axis": axis,
        "view": {"stroke": None},
        "legend": {"labelColor": ink.text, "titleColor": ink.text, "labelFontSize": 12},
    }
    return spec
