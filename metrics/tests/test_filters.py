"""Walks every filter of every report: where it is offered it narrows the figures, and where it would change nothing it
is not offered."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels.models import Channel
from channels.tests.kept import kept
from mentions.models import Ticket
from mentions.people.access import visible_tickets
from mentions.tests.factories import UserFactory
from metrics.definitions import Filters
from metrics.overview.figure_sources import Counted, Rolled
from metrics.overview.report import OverviewReport
from metrics.periods import named
from metrics.reports import REPORTS
from metrics.rollups import keeping
from metrics.tables import tables_of
from metrics.tests.test_every_figure import busy_desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]
FILTERS = {
    "period": {"period": "7d"},
    "from": {"period": "custom", "from": "2026-01-01", "to": "2026-01-02"},
    "channel": {"channel": "one"},
    "priority": {"priority": "high"},
    "tag": {"tag": "runner"},
    "language": {"language": "de"},
    "team": {"team": "verify"},
    "internal": {"internal": "1"},
    "clock": {"clock": "ingested"},
    "hours": {"hours": "coverage"},
    "noise": {"noise": "1"},
}


@pytest.fixture(scope="module")
def desk(django_db_setup, django_db_blocker):
    with kept(django_db_blocker):
        yield busy_desk()


@pytest.fixture(autouse=True)
def _fresh():
    """Freezes time, so that two pages can be compared: hours on shift are counted up to now."""
    cache.clear()
    with time_machine.travel(timezone.now(), tick=False):
        yield


@pytest.fixture
def client():
    client = Client()
    client.force_login(UserFactory(role="manager"))
    return client


def body(client, name, query):
    """All figures on the page as text, including the large ones."""
    cache.clear()
    page = client.get(reverse("metrics:report", args=[name]), {"period": "90d", **query}).content.decode()
    values = re.findall(r'class="number[^>]*data-value="([^"]*)"|<p class="value">(.*?)</p>', page, re.DOTALL)
    return [re.sub(r"<[^>]*>|\s", "", "".join(value)) for value in values], page


@pytest.mark.parametrize("name", REPORTS)
def test_every_filter_that_is_offered_narrows_and_none_else_is_offered(client, desk, name):
    Channel.objects.filter(pk=desk[0].pk).update(slug="one")
    Ticket.objects.update(created_at=timezone.now() - timedelta(days=200))
    for ticket in Ticket.objects.all():
        Ticket.objects.filter(pk=ticket.pk).update(created_at=ticket.posted_at + timedelta(minutes=50))
    plain, page = body(client, name, {})
    offered = set(re.findall(r'<(?:input|select)[^>]* name="([\w-]+)"', page.split("</form>", 2)[-2]))
    offered |= set(
        re.findall(r'name="([\w-]+)"', re.search(r'<form class="report-filters".*?</form>', page, re.DOTALL)[0])
    )
    for filter_name, query in FILTERS.items():
        changed = body(client, name, query)[0] != plain
        if filter_name in ("period", "hours") and name == "release-day":
            continue  # the report always shows three release days, and all answers came in covered hours
        assert (filter_name in offered) is changed, filter_name


@pytest.mark.parametrize("query", FILTERS.values())
def test_every_filter_stays_in_the_address_of_the_other_reports_and_of_the_files(client, query):
    (key, value) = list(query.items())[-1]
    page = client.get("/reports/channels/", query).content.decode()
    for name in REPORTS:
        assert re.search(rf'href="/reports/{name}/\?[^"]*{key}={value}', page), name
    if key == "to":
        return  # nothing was posted in that period, so there is no picture
    assert re.search(rf'href="/reports/channels/by-day\.png\?[^"]*{key}={value}', page)
    assert re.search(rf'href="/reports/channels/table\.csv\?[^"]*{key}={value}', page)


@pytest.mark.parametrize("narrowed", [{"tag": "runner"}, {"language": "de"}, {"teams": (1,)}, {"with_noise": True}])
def test_what_rollups_do_not_know_is_counted_from_the_tickets(narrowed):
    keeping.refresh(timezone.now())
    user, now = UserFactory(role="manager"), timezone.now()
    period = named("30d", now.date())
    assert isinstance(OverviewReport(visible_tickets(user), Filters(period), now, user).source, Rolled)
    report = OverviewReport(visible_tickets(user), Filters(period, **narrowed), now, user)
    assert isinstance(report.source, Counted)


@pytest.mark.parametrize("name", ["channels", "tags", "first-reply"])
def test_an_unknown_tag_or_language_finds_nothing(client, name):
    for query in ({"tag": "no-such"}, {"language": "xx"}):
        shown = client.get(reverse("metrics:report", args=[name]), query).context["report"]
        assert not any(cell.value for table in tables_of(shown) for row in table.rows for cell in row if cell.figure)


def test_a_tag_that_the_reader_chose_stays_on_the_way_back(client):
    for query, stays in (({"tag": "runner", "period": "90d"}, True), ({"period": "90d"}, False)):
        page = client.get("/reports/tags/", query).content.decode()
        address = re.search(r'href="(/reports/tickets/[^"]*tag=runner[^"]*)"', page)[1].replace("&amp;", "&")
        assert ("tag=runner" in client.get(address).context["back"]) is stays
