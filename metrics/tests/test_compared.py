"""Comparing any two periods: chosen in the URL, named next to their figures, and counted correctly."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import assume, given
from hypothesis import strategies as st

from channels.models import Channel
from experts.tests.factories import OutreachFactory
from mentions.models import Tag
from mentions.people.access import visible_tickets
from mentions.tests.factories import ChannelFactory, TicketFactory, UserFactory
from metrics.definitions import Filters
from metrics.drawing import pictures
from metrics.figures import against
from metrics.overview.report import OverviewReport
from metrics.overview.spans import spans
from metrics.pages.words import link
from metrics.periods import BadPeriod, Period, asked, before, compared, named, year_before
from metrics.reports import REPORTS
from metrics.tables import OF_BEFORE, tables_of
from metrics.tags.rising import TagCount

COMPARING = [name for name, kind in REPORTS.items() if getattr(kind, "compares", False) and name != "overview"]
OTHERS = [name for name, kind in REPORTS.items() if not getattr(kind, "compares", False)]
TODAY = date(2026, 11, 21)
CHOSEN = {"compare": "custom", "vs_from": "2026-03-01", "vs_to": "2026-03-10"}
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()


@pytest.fixture
def mo(db):
    return UserFactory(role="manager")


@pytest.fixture
def client(mo):
    client = Client()
    client.force_login(mo)
    return client


# --- the days ---------------------------------------------------------------------------------------------------------


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 700))
def test_every_kind_of_period_lies_where_its_name_says(first, count):
    period = Period(first, first + (count - 1) * DAY)
    earlier, ago = compared({}, period, TODAY), compared({"compare": "year"}, period, TODAY)
    assert earlier == before(period)
    assert (len(earlier.days), earlier.last + DAY) == (count, period.first)
    assert ago == year_before(period)
    assert {ago.first.year - first.year, ago.last.year - period.last.year} == {-1}
    assert abs(len(ago.days) - count) <= 1
    assert compared({"vs_from": "2026-03-01", "vs_to": "2026-03-10"}, period, TODAY).first == date(2026, 3, 1)


def test_a_leap_day_stands_beside_the_last_of_february():
    assert year_before(Period(date(2024, 2, 29), date(2024, 2, 29))).first == date(2023, 2, 28)


@pytest.mark.parametrize(
    "query",
    [
        {"compare": "forever"},
        {"compare": "custom"},
        {"compare": "custom", "vs_from": "x", "vs_to": "y"},
        {"vs_from": "2026-03-02", "vs_to": "2026-03-01"},
        {"vs_from": "1999-03-02", "vs_to": "2026-03-01"},
    ],
)
def test_nonsense_is_said_and_the_period_before_is_shown(client, query):
    with pytest.raises(BadPeriod):
        compared(query, named("30d", TODAY), TODAY)
    page = client.get("/reports/channels/", query)
    assert "Compared with the period before instead." in page.content.decode()
    assert page.context["question"].filters.earlier.name == "before"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("today", [date(2026, 11, 23), date(2024, 2, 29), date(2026, 3, 30), date(2027, 1, 1)])
def test_the_overview_beside_last_year_keeps_weekdays_and_dates(today, zone):
    day, week, month = spans(today, ZoneInfo(zone), True)
    for span in (day, week):
        assert span.before.first.weekday() == span.period.first.weekday()
        assert span.period.first - span.before.first == timedelta(weeks=52)
        assert len(span.before.days) == len(span.period.days)
    assert (month.before.first.day, month.before.first.month) == (1, today.month)
    assert month.before.last.day == min(today.day, 28 if today.month == 2 else 31)


# --- what is counted --------------------------------------------------------------------------------------------------

posted_days = st.lists(st.integers(0, 60), max_size=25)


@given(posted_days, st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_any_two_periods_are_counted_as_an_obvious_loop_does(posted, a, b, c, d):
    """Tag counts take both periods, overlapping or not, in one statement; they match a loop over days."""
    assume(a <= b)
    assume(c <= d)
    start = date(2026, 1, 1)
    period, other = Period(start + a * DAY, start + b * DAY), Period(start + c * DAY, start + d * DAY)
    count = sum(a <= n <= b for n in posted)
    earlier = sum(c <= n <= d for n in posted)
    tag = TagCount("x", count, earlier, len(period.days) / len(other.days))
    expected = earlier * (b - a + 1) / (d - c + 1)
    if tag.rises:
        assert count >= 5
        assert count > expected
    if count == expected:
        assert not tag.rises


def desk():
    """Mentions in the first ten days of March and recent ones, each with a tag and a request. One in each period was
    answered."""
    now = timezone.now()
    channel = ChannelFactory(name="News", slug="news")
    tag = Tag.objects.get_or_create(name="runner")[0]
    march = [datetime(2026, 3, 1 + n % 10, 12, tzinfo=UTC) for n in range(14)]
    late = [now - timedelta(hours=3 * n + 1) for n in range(9)]
    for posted in (datetime(2025, 1, 1, tzinfo=UTC), *march, *late):
        ticket = TicketFactory(channel=channel, posted_at=posted, no_reply_reason="praise", due_at=None)
        ticket.tags.add(tag)
        OutreachFactory(ticket=ticket, asked_at=posted)
    for posted in (march[0], late[0]):
        TicketFactory(channel=channel, posted_at=posted, first_reply_at=posted + timedelta(minutes=30))


@pytest.mark.parametrize("name", COMPARING)
def test_the_chosen_days_are_counted_named_and_lead_to_their_tickets(client, name):
    desk()
    query = {"period": "7d", **CHOSEN}
    response = client.get(reverse("metrics:report", args=[name]), query)
    shown, page = response.context["report"], response.content.decode()
    days = "1 Mar 2026 – 10 Mar 2026"
    assert f"compared with {days}. That is 7 days against 10 days" in page
    slugs = dict(Channel.objects.values_list("pk", "slug"))
    compared_tables = [table for table in tables_of(shown) if table.against]
    assert compared_tables
    for table in compared_tables:
        assert f"compared with {days}" in re.search(rf'id="{table.slug}-title">([^<]+)', page)[1]
        place = next(n for n, figure in enumerate(table.figures, 1) if figure in OF_BEFORE)
        assert table.heads[place] == days
        cells = [row[place] for row in table.rows]
        assert sum(cell.value or 0 for cell in cells if not cell.pinned) >= 14
        for cell in cells:
            if cell.value:
                found = client.get(link(cell, QueryDict("&".join(f"{k}={v}" for k, v in query.items())), slugs, name))
                assert found.context["page"].paginator.count == cell.value
                assert "compare=custom" in found.context["back"]
                assert "vs_from=2026-03-01" in found.context["back"]
                assert "period=7d" in found.context["back"]
        answer = client.get(reverse("metrics:csv", args=[name]), {**query, "table": table.slug})
        assert days in next(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert "-vs-2026-03-01-2026-03-10.csv" in answer.headers["Content-Disposition"]
    beside = [chart for chart in shown.charts if f"compared with {days}" in chart.title]
    assert beside
    assert all(f"mark: {days}" in pictures.svg(chart.spec("light")) for chart in beside)


@pytest.mark.parametrize("name", COMPARING)
@pytest.mark.parametrize("kind", ["before", "year"])
def test_the_other_kinds_are_named_with_their_days(client, name, kind):
    desk()
    response = client.get(reverse("metrics:report", args=[name]), {"period": "7d", "compare": kind})
    period = asked({"period": "7d"}, timezone.now().date())
    other = before(period) if kind == "before" else year_before(period)
    assert against.period_in_words(other) in response.content.decode()
    assert ("the period before, " if kind == "before" else "the same period last year, ") in against.period_in_words(
        other
    )
    heads = [head for table in tables_of(response.context["report"]) for head in table.heads]
    assert against.head(other) in heads


def test_medians_stand_beside_those_of_the_other_period_and_a_channel_may_have_only_one(client):
    now = timezone.now()
    old, new, both = (ChannelFactory(name=name) for name in ("Old", "New", "Staying"))
    TicketFactory(channel=old, posted_at=now - 99 * DAY)
    for channel, days, hours in ((old, 10, 2), (new, 1, 5), (both, 10, 4), (both, 10, 9), (both, 2, 1)):
        posted = now - days * DAY
        answered = posted + timedelta(hours=hours)
        TicketFactory(channel=channel, posted_at=posted, first_reply_at=answered, status="solved", due_at=None)
    report = client.get("/reports/first-reply/", {"period": "7d"}).context["report"]
    rows = [[cell.shown for cell in row] for row in report.tables[1].rows]
    assert rows == [
        ["All channels", "2", "3", "-1", "3 h", "4 h", "-1 h", "100 %", "67 %"],
        ["High priority", "0", "0", "0", "—", "—", "—", "—", "—"],
        ["New", "1", "0", "+1", "5 h", "—", "—", "100 %", "—"],
        ["Old", "0", "1", "-1", "—", "2 h", "—", "—", "100 %"],
        ["Staying", "1", "2", "-1", "1 h", "6 h 30 min", "-5 h 30 min", "100 %", "50 %"],
    ]
    drawn = pictures.svg(report.charts[1].spec("light"))
    assert drawn.count('aria-roledescription="point"') == 1, "New has no median before, Old no bar"


def test_the_activity_in_all_stands_beside_the_other_period(client):
    now = timezone.now()
    for days in (99, 10, 10, 1):
        posted = now - days * DAY
        TicketFactory(posted_at=posted, first_reply_at=posted + timedelta(minutes=1), status="solved", solved_at=posted)
    report = client.get("/reports/activity/", {"period": "7d"}).context["report"]
    rows = [[cell.shown for cell in row] for row in report.tables[1].rows]
    assert rows == [[name, "1", "2", "-1"] for name in ("Mentions", "First replies", "Solved")]


def test_before_the_desk_there_is_a_gap_and_not_zero(client):
    TicketFactory(posted_at=timezone.now() - DAY)
    for name in ("channels", "platforms", "tags", "first-reply", "activity"):
        shown = client.get(f"/reports/{name}/", CHOSEN).context["report"]
        (table,) = [table for table in tables_of(shown) if table.against]
        assert table.rows or name == "tags"
        assert {row[2].shown for row in table.rows} <= {"—"}


@pytest.mark.parametrize("name", COMPARING)
def test_the_choice_is_on_the_page_and_stays(client, name):
    page = client.get(reverse("metrics:report", args=[name]), CHOSEN).content.decode()
    assert re.search(r'<option value="custom" selected>\s*Chosen days', page)
    assert 'name="vs_from" value="2026-03-01"' in page
    assert 'name="vs_to" value="2026-03-10"' in page


@pytest.mark.parametrize("name", OTHERS)
def test_a_report_that_compares_nothing_offers_nothing(client, name):
    page = client.get(reverse("metrics:report", args=[name]), CHOSEN).content.decode()
    assert "Compare with" not in page
    assert 'id="compared"' not in page


# --- the overview -----------------------------------------------------------------------------------------------------


def test_the_overview_stands_beside_last_year_and_its_figures_lead_there(client, mo):
    now = timezone.now()
    TicketFactory(posted_at=now - timedelta(days=500))
    for days in (0, 364, 364):
        TicketFactory(posted_at=now - timedelta(days=days), first_reply_at=now)
    filters = Filters(
        named("30d", now.date()), against=compared({"compare": "year"}, named("30d", now.date()), now.date())
    )
    report = OverviewReport(visible_tickets(mo), filters, now, mo)
    today = report.tiles[0][1][0]
    assert (today.cell.value, today.before.value, today.change) == (1, 2, "1 fewer")
    address = link(today.before, QueryDict("compare=year"), {}, "overview")
    found = client.get(address)
    assert found.context["page"].paginator.count == 2
    assert "compare=year" in found.context["back"]
    page = client.get("/reports/overview/?compare=year").content.decode()
    assert "52 weeks before" in page
    assert against.days_of(report.spans[2].before) in page
    assert '<option value="custom"' not in page
