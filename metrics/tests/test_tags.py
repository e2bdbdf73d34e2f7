"""Tags: which rise beyond chance compared with the period before, with samples; every figure links to its tickets."""

import re
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from channels.models import Channel
from mentions.models import Tag
from mentions.people.access import visible_tickets
from mentions.tests.factories import ChannelFactory, TicketFactory, UserFactory
from metrics.definitions import Filters
from metrics.pages.words import link
from metrics.periods import Period, before, named
from metrics.tags.report import TagsReport
from metrics.tags.rising import LEAST, TagCount, ranked

PAGE = "/reports/tags/"
numbers = st.integers(0, 10_000)


@given(numbers, numbers)
def test_a_tag_rises_only_beyond_what_chance_does(count, before):
    tag = TagCount("x", count, before)
    assert tag.rises == (count >= LEAST and count > before and (count - before) ** 2 > 4 * (count + before))
    assert not TagCount("x", count).rises, "without the days before nothing rises"


@given(numbers, numbers)
def test_more_mentions_never_end_a_rise(count, before):
    if TagCount("x", count, before).rises:
        assert TagCount("x", count + 1, before).rises


@pytest.mark.parametrize(("count", "before", "rises"), [(4, 0, False), (5, 0, True), (6, 3, False), (30, 10, True)])
def test_small_counts_are_guarded(count, before, rises):
    assert TagCount("x", count, before).rises == rises


def test_what_rises_comes_first():
    tags = [TagCount("many", 500, 500), TagCount("rises", 30, 10), TagCount("more", 90, 10), TagCount("new", 9)]
    assert [tag.name for tag in ranked(tags)] == ["more", "rises", "many", "new"]


@pytest.fixture
def mo(db):
    return UserFactory(role="manager")


@pytest.fixture
def client(mo):
    client = Client()
    client.force_login(mo)
    return client


def tagged(name, number, days_ago, **values):
    tag, _made = Tag.objects.get_or_create(name=name)
    for _number in range(number):
        TicketFactory(posted_at=timezone.now() - timedelta(days=days_ago), **values).tags.add(tag)


@pytest.fixture
def desk(db):
    channel = ChannelFactory()
    TicketFactory(posted_at=timezone.now() - timedelta(days=80))
    tagged("runner", 12, 5, channel=channel, subject="Runner <b> is slow")
    tagged("runner", 3, 40, channel=channel)
    tagged("billing", 6, 10)
    tagged("billing", 5, 50)
    tagged("gone", 2, 45)
    tagged("internal", 20, 3, channel=ChannelFactory(is_internal=True))
    both = TicketFactory(posted_at=timezone.now() - timedelta(days=2))
    both.tags.add(*Tag.objects.filter(name__in=["runner", "billing"]))
    return channel


def report_of(user, days="30d", **filters):
    tz, now = timezone.get_current_timezone(), timezone.now()
    return TagsReport(visible_tickets(user), Filters(named(days, now.astimezone(tz).date(), tz), **filters), now, user)


def test_this_period_stands_beside_the_one_before(mo, desk):
    rows = {tag.name: (tag.count, tag.before, tag.rises) for tag in report_of(mo).tags}
    assert rows == {"runner": (13, 3, True), "billing": (7, 5, False), "gone": (0, 2, False)}
    assert report_of(mo).tags[0].name == "runner"


@pytest.mark.parametrize("query", ["", "priority=high", "period=7d", "internal=1"])
def test_every_figure_leads_to_exactly_the_tickets_it_counted(client, mo, desk, query):
    report = client.get(f"{PAGE}?{query}").context["report"]
    slugs = dict(Channel.objects.values_list("pk", "slug"))
    cells = [cell for row in report.table.rows for cell in row if cell.figure and cell.value]
    cells += [cell for each in report.rising for cell in (each.cell, each.before) if cell.value]
    assert cells or query == "priority=high"
    for cell in cells:
        response = client.get(link(cell, QueryDict(query), slugs, report.name))
        assert response.context["page"].paginator.count == cell.value
        assert response.context["back"].startswith(PAGE)


def test_links_and_samples_are_on_the_page(client, mo, desk):
    page = client.get(PAGE).content.decode()
    shown = re.findall(r'href="(/reports/tickets/[^"]+)"', page)
    cells = [cell for row in report_of(mo).table.rows for cell in row if cell.figure and cell.value]
    assert len(shown) == len(cells) + 2
    assert page.count("Runner &lt;b&gt; is slow") == 2, "the newest three: one of them has both tags"
    assert "Runner <b>" not in page


def test_the_way_back_keeps_the_pages_period_and_drops_the_figures(client, desk):
    page = client.get(f"{PAGE}?period=90d").content.decode()
    links = [each.replace("&amp;", "&") for each in re.findall(r'href="(/reports/tickets/[^"]+)"', page)]
    backs = {client.get(each).context["back"] for each in links}
    assert backs <= {f"{PAGE}?period=90d", f"{PAGE}?"}


def test_days_before_the_desk_had_anything_are_a_gap(mo):
    tagged("runner", 12, 5)
    (tag,) = report_of(mo).tags
    assert (tag.count, tag.before, tag.rises) == (12, None, False)
    assert [cell.shown for cell in report_of(mo).table.rows[0]] == ["runner", "12", "—", "—", ""]


def test_who_may_not_see_a_channel_gets_figures_without_it(mo, desk):
    tagged("runner", 9, 1, channel=ChannelFactory(visible_to=["admin"]), subject="quokkaleak")
    assert report_of(mo).tags[0].count == 13
    assert all(ticket.subject != "quokkaleak" for each in report_of(mo).rising for ticket in each.samples)


@pytest.mark.parametrize("name", ["first-reply", "activity", "overview", "tags"])
def test_a_tag_narrows_every_report_and_stays_in_its_links(client, desk, name):
    page = client.get(f"/reports/{name}/", {"tag": "billing"}).content.decode()
    links = re.findall(r'href="(/reports/tickets/[^"]+)"', page)
    assert links
    assert all("tag=" in each for each in links)
    assert 'name="tag" value="billing"' in page
    counts = {client.get(each.replace("&amp;", "&")).context["page"].paginator.count for each in links}
    assert max(counts) <= 12


def test_the_days_before_are_as_many():
    week = named("7d", timezone.now().date())
    earlier = before(week)
    assert len(earlier.days) == 7
    assert earlier.last == week.first - timedelta(days=1)
    assert isinstance(earlier, Period)


def test_the_page_costs_the_same_however_many_tags(client, django_assert_max_num_queries):
    tagged("one", 6, 3)
    TicketFactory(posted_at=timezone.now() - timedelta(days=80))
    with django_assert_max_num_queries(14) as few:
        client.get(PAGE)
    for number in range(12):
        tagged(f"tag{number}", 6, 3)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(PAGE)


def test_csv_has_the_rows_of_the_table(client, desk):
    lines = client.get(f"{PAGE}table.csv").content.decode("utf-8-sig").splitlines()
    assert re.fullmatch(r'Tag,Mentions,"Period before, [^"]+ – [^"]+",Change,Rising', lines[0])
    assert lines[1] == "runner,13,3,10,1"


def test_nothing_rises_and_the_page_says_so(client):
    page = client.get(PAGE).content.decode()
    assert "No tag has risen" in page
