"""Reports of a nearly empty desk: unknown values are a gap, an outlier is cut off visibly, and twelve more tickets cost
no more queries."""

import re
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from mentions.models import Tag
from mentions.tests.factories import ChannelFactory, TicketFactory, UserFactory
from metrics.drawing import bars, charts, pictures
from metrics.figures.first_reply import FirstReply
from metrics.reports import REPORTS
from metrics.tables import tables_of
from metrics.tests.test_every_chart import is_of_days, report_of, texts_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    cache.clear()
    client = Client()
    client.force_login(UserFactory(role="manager"))
    return client


@pytest.mark.parametrize("name", ["overview", "activity"])
def test_tables_of_days_say_which_is_not_over(client, name):
    today = timezone.now()
    TicketFactory(posted_at=today - timedelta(days=1))
    names = [row[0].shown for row in tables_of(report_of(client, name, period="7d"))[0].rows]
    assert names == [f"{today.date()}, so far", str(today.date() - timedelta(days=1))]


@pytest.mark.parametrize("name", ["activity", "overview", "channels"])
def test_days_before_the_first_mention_are_a_gap(client, name):
    """Neither in the table nor as a point at zero, although the axis includes them."""
    now = timezone.now()
    for days in (0, 2):
        TicketFactory(posted_at=now - timedelta(days=days))
    shown = report_of(client, name, period="30d")
    first = (now - timedelta(days=2)).date().isoformat()
    for table in tables_of(shown):
        days = [str(row[0].value) for row in table.rows if re.match(r"\d{4}-\d\d-\d\d", str(row[0].value))]
        assert all(day >= first for day in days)
    for chart in shown.charts:
        spec = chart.spec("light")
        if not is_of_days(spec):
            continue
        rows = [row for data in spec["datasets"].values() for row in data if {"tickets", "count"} & set(row)]
        assert rows
        assert all(row["day"][:10] >= first for row in rows), chart.slug
        assert len(set(re.findall(r">(\d\d \w{3})<", pictures.svg(spec)))) > 3, chart.slug


def test_an_outlier_is_cut_off_and_the_axis_says_so():
    rows = [("quiet", 4, 3), ("usual", 9, None), ("busy", 12, 9), ("viral", 9000, 12)]
    drawn = pictures.svg(bars.beside(rows, "channel", "mentions"))
    assert "cut off at" in drawn
    assert ">9,000<" in drawn, "its number is not"
    assert "cut off" not in pictures.svg(bars.beside(rows[:3], "channel", "mentions"))
    start = timezone.now().date() - timedelta(days=40)
    days = [(start + timedelta(days=n), "all", timedelta(hours=900 if n == 4 else 3), 5) for n in range(9)]
    drawn = pictures.svg(charts.median_first_reply(days))
    assert "cut off at 12" in drawn
    assert "goal 7 h" in drawn


def test_a_target_stays_in_sight_however_fast_the_answers_are():
    row = FirstReply("x", 1, timedelta(hours=200), 3, 3, 3, 0, 0, 0, 0, timedelta(hours=1))
    ticks = re.findall(r'aria-roledescription="tick"', pictures.svg(bars.first_reply_by_channel([row])))
    assert ticks


def test_a_channel_of_the_longest_name_keeps_its_chart(client):
    TicketFactory(channel=ChannelFactory(name="A channel with a name that nobody would read aloud " * 2))
    (chart, *_rest) = report_of(client, "channels").charts
    svg = ET.fromstring(pictures.svg(chart.spec("light")))
    assert all(left >= -4 for _words, left, _right, _top in texts_of(svg))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_costs_the_same_however_much_there_is(client, name, django_assert_max_num_queries):
    now = timezone.now()
    for days in (0, 2, 40, 80):
        then = now - timedelta(days=days)
        OutreachFactory(ticket=TicketFactory(posted_at=then, first_reply_at=then), asked_at=then)
    address = reverse("metrics:report", args=[name])
    client.get(address)
    cache.clear()
    with django_assert_max_num_queries(42) as few:
        client.get(address)
    for n in range(12):
        ticket = TicketFactory(posted_at=now - timedelta(hours=n), first_reply_at=now)
        ticket.tags.add(Tag.objects.get_or_create(name=f"tag{n}")[0])
        expert = ExpertFactory()
        expert.topics.add(TopicFactory(), TopicFactory())
        OutreachFactory(ticket=ticket, expert=expert, asked_at=now, state="answered", answered_at=now)
    cache.clear()
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(address)
