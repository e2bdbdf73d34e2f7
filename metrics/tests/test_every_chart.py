"""Walks all charts of all reports in both themes: nothing is clipped or a day off, targets are drawn, and unfinished
periods are marked."""

import re
import struct
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels.tests.kept import kept
from mentions.tests.factories import TicketFactory, UserFactory
from metrics.advocates.report import AdvocatesReport
from metrics.drawing import charts, pictures
from metrics.drawing.grammar import altair
from metrics.reports import REPORTS
from metrics.tests.test_every_figure import busy_desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]
WIDE, NARROW = 0.5, 0.3
"""Average letter width, and the width of a narrow one such as i, as shares of the font size."""
SHIFT = re.compile(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)")


@pytest.fixture(scope="module")
def desk(django_db_setup, django_db_blocker):
    with kept(django_db_blocker):
        yield busy_desk()


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()


@pytest.fixture
def client():
    client = Client()
    client.force_login(UserFactory(role="manager"))
    return client


def report_of(client, name, **query):
    if name == "overview":
        from mentions.people.access import visible_tickets
        from metrics.definitions import Filters
        from metrics.overview.report import OverviewReport
        from metrics.periods import named

        now = timezone.now()
        user = UserFactory(role="manager")
        filters = Filters(named("30d", now.date()))
        return OverviewReport(visible_tickets(user), filters, now, user)
    return client.get(reverse("metrics:report", args=[name]), query).context["report"]


def texts_of(svg):
    """(text, left, right, top) of every text, in the picture's own coordinates."""
    found = []

    def walk(node, x, y):
        for left, top in SHIFT.findall(node.get("transform", "")):
            x, y = x + float(left), y + float(top)
        words = "".join(node.itertext()).strip() if node.tag.endswith("}text") else ""
        if words and "rotate" not in node.get("transform", ""):
            size = float(re.sub(r"[^\d.]", "", node.get("font-size", "11")) or 11)
            wide = size * sum(NARROW if letter in "fijlrst ,.:" else WIDE for letter in words)
            begin = {"middle": x - wide / 2, "end": x - wide}.get(node.get("text-anchor", "start"), x)
            found.append((words, begin, begin + wide, y))
        for child in node:
            walk(child, x, y)

    walk(svg, 0.0, 0.0)
    return found


@pytest.mark.parametrize("name", REPORTS)
def test_every_chart_is_drawn_whole_in_both_themes(client, name):
    shown = report_of(client, name, period="30d")
    assert [chart for chart in shown.charts if not chart.is_empty]
    for chart in shown.charts:
        if chart.is_empty:
            continue
        altair().Root.validate(chart.spec("light"))
        for theme in ("light", "dark"):
            drawn = pictures.svg(chart.spec(theme))
            assert charts.INK[theme].page in drawn, chart.slug
            assert not re.search(r"NaN|undefined|Infinity|\bnull\b", drawn), chart.slug
            svg = ET.fromstring(drawn)
            width, height = float(svg.get("width")), float(svg.get("height"))
            texts = texts_of(svg)
            assert len(texts) > 2, chart.slug
            for words, left, right, top in texts:
                assert left >= -4, (chart.slug, words)
                assert right <= width + 4, (chart.slug, words)
                assert 0 <= top <= height + 1, (chart.slug, words)


@pytest.mark.parametrize("name", REPORTS)
def test_every_chart_is_a_png_of_twice_the_size_an_svg_and_a_table_that_can_be_copied(client, name):
    query = {"period": "30d"}
    page = client.get(reverse("metrics:report", args=[name]), query).content.decode()
    for chart in report_of(client, name, **query).charts:
        where = f"/reports/{name}/{chart.slug}."
        if chart.is_empty:
            assert f'href="{where}' not in page
            continue
        assert f'href="{where}png?' in page
        assert f'href="{where}svg?' in page
        assert f'data-copy-picture="{where}png?' in page
        svg = ET.fromstring(client.get(f"{where}svg", query).content)
        assert ">Days and hours of UTC<" in ET.tostring(svg).decode().replace("ns0:", "")
        assert "Days and hours of" not in client.get(f"{where}svg", {**query, "inline": "1"}).content.decode()
        png = client.get(f"{where}png", query).content
        assert struct.unpack(">I", png[16:20])[0] == pytest.approx(2 * float(svg.get("width")), abs=2)
    for table in re.findall(r'<table id="([^"]+)"', page):
        assert f'data-copy-table="#{table}"' in page
    assert "Days are in UTC" in page


@pytest.mark.parametrize("name", REPORTS)
def test_every_table_sorts_but_the_one_that_would_rank_people(client, name):
    page = client.get(reverse("metrics:report", args=[name]), {"period": "30d"}).content.decode()
    tables = re.findall(r"<table id=[^>]+>", page)
    assert tables
    assert all("data-sortable" in table for table in tables) is (name != AdvocatesReport.name)


def layers_of(spec):
    return spec.get("layer", [spec])


def is_of_days(spec):
    return any(
        "day:T" in str(layer) or layer.get("encoding", {}).get("x", {}).get("timeUnit") for layer in layers_of(spec)
    )


@pytest.mark.parametrize("name", REPORTS)
def test_days_mark_weekends_and_the_one_that_is_not_over(client, name):
    now = timezone.now()
    for high in (10, 30):
        TicketFactory(posted_at=now - timedelta(minutes=5), first_reply_at=now, priority=high)
    for chart in report_of(client, name, period="30d").charts:
        spec = chart.spec("light")
        if chart.is_empty or not is_of_days(spec):
            continue
        assert any(layer["mark"]["type"] == "rect" for layer in layers_of(spec)), f"{chart.slug}: no weekends"
        assert ">so far<" in pictures.svg(spec), chart.slug


@pytest.mark.parametrize("name", REPORTS)
def test_where_reply_times_are_drawn_their_targets_are(client, name):
    for chart in report_of(client, name, period="90d").charts:
        spec = chart.spec("light")
        if "first reply" in str(spec) and "hours" in str(spec.get("layer")):
            marks = {layer["mark"]["type"] for layer in layers_of(spec)}
            assert marks & {"rule", "tick"}, chart.slug
            drawn = pictures.svg(spec)
            assert "goal 7 h" in drawn or 'aria-roledescription="tick"' in drawn, chart.slug
