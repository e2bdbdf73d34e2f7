import re
from datetime import date, timedelta

import pytest

from metrics.drawing import bars, charts, day_charts, heat_maps, month_charts, pictures
from metrics.figures.activity import DayActivity
from metrics.figures.first_reply import FirstReply

DAYS = [(date(2026, 11, n), "all", timedelta(hours=n), 3) for n in range(1, 9)] + [
    (date(2026, 11, 3), "high", timedelta(hours=2), 1)
]
ROWS = [FirstReply(f"channel <{n}>", n, timedelta(hours=7), 5, 4, 3, 0, 1, 0, 0, timedelta(hours=n)) for n in range(3)]
ACTIVITY = [DayActivity(date(2026, 11, n), n, n // 2, n // 3) for n in range(1, 9)]
WEEK = [heat_maps.Slot(day, hour, hour * 3, hour < 8) for day in ("Mon", "Sat (weekend)") for hour in range(24)]
SPAN = [date(2026, 11, n) for n in range(1, 16)]
STACK = {day: [("one <1>", day.day), ("rest", 2)] for day in SPAN[::2]}
SPECS = [
    lambda theme: charts.median_first_reply(DAYS, theme),
    lambda theme: bars.first_reply_by_channel(ROWS, theme),
    lambda theme: charts.daily_activity(ACTIVITY, theme),
    lambda theme: bars.beside([("runner", 5, 3), ("new", 2, None)], "tag", "mentions", theme),
    lambda theme: month_charts.by_month(
        [(date(2026, 10, 1), False, 5, 3), (date(2026, 11, 1), True, 2, 0)], ("a", "b"), theme
    ),
    lambda theme: heat_maps.week(WEEK, "mentions", theme),
    lambda theme: day_charts.stacked(SPAN, STACK, ["one <1>", "rest"], "mentions", SPAN[-1], theme),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", SPECS)
def test_chart_is_drawn_as_svg_and_png(make, theme):
    spec = make(theme)
    svg = pictures.svg(spec)
    assert svg.startswith("<svg")
    assert charts.INK[theme].page in svg
    assert pictures.png(spec).startswith(b"\x89PNG")


def test_names_from_outside_are_text_in_the_picture():
    svg = pictures.svg(bars.first_reply_by_channel(ROWS))
    assert "<1>" not in svg
    assert "&lt;1&gt;" in svg


def test_spec_needs_nothing_from_elsewhere():
    for make in SPECS:
        assert "http" not in str({k: v for k, v in make("light").items() if k != "$schema"})


def test_bundle_is_one_script():
    assert "window.deskVega" in pictures.browser_bundle()
    assert pictures.browser_bundle() is pictures.browser_bundle()


@pytest.mark.parametrize("count", [1, 2, 7, 31, 92])
@pytest.mark.parametrize("make", [charts.daily_activity, charts.median_first_reply])
def test_no_label_names_a_day_that_is_not_drawn(make, count):
    days = [date(2026, 11, 21) - timedelta(days=n) for n in reversed(range(count))]
    made = {charts.daily_activity: lambda day: DayActivity(day, 3, 2, 1)}
    rows = [made[make](day) if make in made else (day, "all", timedelta(hours=3), 2) for day in days]
    labels = re.findall(r">(\d\d \w{3})<", pictures.svg(make(rows)))
    assert labels
    assert set(labels) <= {day.strftime("%d %b") for day in days}
    assert len(labels) == len(set(labels))


def test_one_outlier_does_not_flatten_the_rest_and_the_picture_says_so():
    stack = {**STACK, SPAN[3]: [("rest", 5000)]}
    spec = day_charts.stacked(SPAN, stack, ["one <1>", "rest"], "mentions", SPAN[-1])
    assert "cut off at" in pictures.svg(spec)
    assert "cut off" not in pictures.svg(day_charts.stacked(SPAN, STACK, ["one <1>", "rest"], "mentions", SPAN[-1]))
    week = [*WEEK[1:], heat_maps.Slot("Mon", 0, 9000, False)]
    assert "darkest: 69 or more" in pictures.svg(heat_maps.week(week, "mentions"))


def test_weekends_and_the_day_that_is_not_over_are_marked():
    spec = day_charts.stacked(SPAN, STACK, ["one <1>", "rest"], "mentions", SPAN[-1])
    assert "so far" in pictures.svg(spec)
    (shades,) = [layer for layer in spec["layer"] if layer["mark"]["type"] == "rect"]
    days = [day["from"][:10] for day in spec["datasets"][shades["data"]["name"]]]
    assert days == [f"2026-11-{day:02}" for day in (1, 7, 8, 14, 15)]


def test_hours_outside_coverage_have_a_mark_besides_their_colour():
    spec = heat_maps.week(WEEK, "mentions")
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rect", "text", "point"]
    assert pictures.svg(spec).count("outside coverage hours") >= 16
