import csv
import io
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from channels.models.connection import Priority
from mentions.models import Tag
from mentions.tests.factories import ChannelFactory, TicketFactory, UserFactory

pytestmark = pytest.mark.django_db

REPORTS = ["first-reply", "activity", "tags", "hours"]


@pytest.fixture
def manager():
    client = Client()
    client.force_login(UserFactory(role="manager"))
    return client


@pytest.fixture
def desk():
    now = timezone.now()
    channels = [ChannelFactory(name="=Twitter, main"), ChannelFactory()]
    for n in range(40):
        posted = now - timedelta(hours=7 * n + 1)
        answered = posted + timedelta(minutes=20 * n) if n % 3 else None
        ticket = TicketFactory(
            channel=channels[n % 2],
            priority=Priority.HIGH if n % 5 == 0 else Priority.NORMAL,
            posted_at=posted,
            first_reply_at=answered,
            due_at=None if answered else posted + timedelta(hours=7),
            status="solved" if answered else "new",
            solved_at=answered,
        )
        ticket.tags.add(Tag.objects.get_or_create(name=f"tag{n % 10}")[0])
    return channels


class Links(HTMLParser):
    """Every link to the tickets behind a figure, as (address, text)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._address = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        address = dict(attrs).get("href") or ""
        self._address = address if tag == "a" and "/reports/tickets/" in address else ""

    def handle_data(self, data):
        if self._address:
            self.found.append((self._address, data.strip()))
            self._address = ""


@pytest.mark.parametrize("name", REPORTS)
def test_each_linked_count_equals_the_number_of_tickets_it_lists(manager, desk, name):
    page = manager.get(reverse("metrics:report", args=[name])).content.decode()
    counts = [(address, int(text)) for address, text in Links(page).found if text.isdigit()]
    assert len(counts) > 8
    for address, count in counts:
        assert manager.get(address).context["page"].paginator.count == count, address


@pytest.mark.parametrize("name", REPORTS)
def test_report_costs_the_same_queries_however_many_tickets(manager, name, django_assert_max_num_queries):
    TicketFactory(first_reply_at=None)
    with django_assert_max_num_queries(14) as few:
        manager.get(reverse("metrics:report", args=[name]))
    for n in range(60):
        TicketFactory(posted_at=timezone.now() - timedelta(hours=n), first_reply_at=timezone.now())
    with django_assert_max_num_queries(len(few.captured_queries)):
        manager.get(reverse("metrics:report", args=[name]))


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("form", ["json", "svg", "png"])
def test_charts_are_handed_out_in_every_form(manager, desk, name, form):
    page = manager.get(reverse("metrics:report", args=[name]))
    for chart in page.context["charts"]:
        response = manager.get(f"{chart['url']}.{form}", {"theme": "dark"})
        assert response.status_code == 200
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("name", REPORTS)
def test_every_file_that_leaves_the_desk_is_in_the_audit_log_and_no_picture_of_a_page(manager, desk, name):
    chart = manager.get(reverse("metrics:report", args=[name])).context["charts"][0]["url"]
    for shown in (f"{chart}.json", f"{chart}.svg?inline=1", f"{chart}.png?inline=1"):
        manager.get(shown)
    assert not Entry.objects.filter(kind="exported").exists()
    for taken in (f"{chart}.svg", f"{chart}.png", reverse("metrics:csv", args=[name])):
        assert manager.get(taken).headers["Content-Disposition"].startswith("attachment")
    assert Entry.objects.filter(kind="exported").count() == 3


def test_empty_report_says_what_will_appear(manager):
    page = manager.get(reverse("metrics:report", args=["first-reply"])).content.decode()
    assert "No data for this chart" in page
    assert "no replies yet" in page


def test_csv_has_the_rows_of_the_table_and_no_formula(manager, desk):
    response = manager.get(reverse("metrics:csv", args=["first-reply"]))
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) == 1 + 2 + 2
    assert rows[3][0] == "'=Twitter, main"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="first-reply-')


def test_channel_filter_narrows_and_unknown_channel_is_said(manager, desk):
    url = reverse("metrics:report", args=["first-reply"])
    narrowed = manager.get(url, {"channel": desk[1].slug})
    assert narrowed.context["report"].totals[0].mentions == 20
    assert "does not exist" in manager.get(url, {"channel": "nowhere"}).content.decode()


@pytest.mark.parametrize(("clock", "hours"), [("", ""), ("ingested", ""), ("", "coverage"), ("ingested", "coverage")])
def test_the_clock_is_in_the_address_and_in_the_lists_behind_the_figures(manager, clock, hours):
    posted = timezone.now() - timedelta(hours=5)
    TicketFactory(posted_at=posted, created_at=posted + timedelta(hours=1), first_reply_at=posted + timedelta(hours=3))
    address = reverse("metrics:report", args=["first-reply"])
    page = manager.get(address, {"clock": clock, "hours": hours, "period": "7d"})
    row = page.context["report"].totals[0]
    assert row.median == timedelta(hours=2 if clock else 3)
    behind = next(address for address, text in Links(page.content.decode()).found if "figure=answered" in address)
    (ticket,) = manager.get(behind).context["page"]
    assert ticket.reply_time == row.median


def test_bad_period_is_said_and_the_default_shown(manager):
    page = manager.get(reverse("metrics:report", args=["activity"]), {"period": "custom", "from": "x"})
    assert page.status_code == 200
    assert "YYYY-MM-DD" in page.content.decode()


def test_names_from_outside_are_escaped(manager):
    TicketFactory(channel=ChannelFactory(name="<script>alert(1)</script>"), posted_at=timezone.now())
    assert "<script>alert" not in manager.get(reverse("metrics:report", args=["first-reply"])).content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/reports/nothing/",
        "/reports/first-reply/nothing.svg",
        "/reports/tickets/?figure=nothing",
        "/reports/tickets/?figure=mentions&day=yesterday",
    ],
)
def test_unknown_address_is_not_found(manager, address):
    assert manager.get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/reports/first-reply/",
        "/reports/first-reply/table.csv",
        "/reports/first-reply/median-by-day.svg",
        "/reports/tickets/?figure=mentions",
    ],
)
def test_reports_are_for_those_who_may_read_them(client, address):
    assert client.get(address).status_code == 302
    client.force_login(UserFactory(role="volunteer"))
    assert client.get(address).status_code == 403
