import re
from datetime import date, timedelta

import pytest

from metrics.drawing import charts, pictures, tag_charts
from metrics.figures.activity import DayActivity
from metrics.figures.first_reply import FirstReply

DAYS = [(date(2026, 11, n), "all", timedelta(hours=n), 3) for n in range(1, 9)] + [
    (date(2026, 11, 3), "high", timedelta(hours=2), 1)
]
ROWS = [FirstReply(f"channel <{n}>", n, timedelta(hours=7), 5, 4, 3, 0, 1, 0, 0, timedelta(hours=n)) for n in range(3)]
ACTIVITY = [DayActivity(date(2026, 11, n), n, n // 2, n // 3) for n in range(1, 9)]
SPECS = [
    lambda theme: charts.median_first_reply(DAYS, theme),
    lambda theme: charts.first_reply_by_channel(ROWS, theme),
    lambda theme: charts.daily_activity(ACTIVITY, theme),
    lambda theme: tag_charts.by_tag([("runner", 5, 3), ("new", 2, None)], theme),
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
    svg = pictures.svg(charts.first_reply_by_channel(ROWS))
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
