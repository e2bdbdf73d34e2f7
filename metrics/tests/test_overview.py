"""The overview: every figure leads to its tickets, whether it was counted in advance or not."""

import random
import re
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels.clocks import desk_now
from channels.models import Channel
from channels.models.connection import Priority
from mentions.models import Preference, Ticket
from mentions.people.access import visible_tickets
from mentions.tests.factories import ChannelFactory, TicketFactory, UserFactory
from metrics.definitions import NOW_NAMES, Filters
from metrics.drawing import charts, pictures
from metrics.meanings import MEANINGS
from metrics.overview.figure_sources import Counted, Rolled, figure_source
from metrics.overview.report import OverviewReport
from metrics.overview.spans import spans
from metrics.pages.words import link
from metrics.periods import Period, named
from metrics.reply_clock import CLOCKS
from metrics.rollups import keeping, sketch

pytestmark = pytest.mark.django_db
PAGE = "/reports/overview/"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Roll-ups are built a month at a time. Three days at a time, as on a busy desk, PostgreSQL makes fifty plans for
    each test, and `test_rollups.py` has them made."""
    monkeypatch.setattr(keeping, "DAYS_AT_ONCE", keeping.MAX_PORTION)
    cache.clear()


@pytest.fixture
def mo():
    return UserFactory(role="manager")


@pytest.fixture
def client(mo):
    client = Client()
    client.force_login(mo)
    return client


@pytest.fixture
def desk():
    """Tickets of every kind over seventy days, more of them of late."""
    now, rng = timezone.now(), random.Random(7)
    channels = [ChannelFactory(), ChannelFactory(target_minutes=60), ChannelFactory(is_internal=True)]
    for n in range(150):
        posted = now - timedelta(hours=rng.choice([rng.uniform(0, 60), rng.uniform(0, 24 * 70)]))
        answered = posted + timedelta(hours=rng.expovariate(1 / 5)) if n % 3 else None
        answered = answered if answered and answered < now else None
        reason = "praise" if not answered and n % 4 == 0 else ""
        solved = answered if n % 5 else (now if reason else None)
        TicketFactory(
            channel=channels[n % 3],
            priority=rng.choice([Priority.NORMAL, Priority.HIGH]),
            posted_at=posted,
            created_at=posted + timedelta(minutes=rng.uniform(0, 50)),
            first_reply_at=answered,
            no_reply_reason=reason,
            due_at=None if answered or reason else posted + timedelta(hours=7),
            status="solved" if solved else rng.choice(["new", "open"]),
            waiting_on="" if solved or n % 7 else "expert",
            solved_at=solved,
        )
    return channels


def report_of(user, query=""):
    tz = timezone.get_current_timezone()
    now = timezone.now()
    filters = Filters(named("30d", now.astimezone(tz).date(), tz), high_only="high" in query)
    return OverviewReport(visible_tickets(user), filters, now, user)


def every_cell(report):
    yield from report.queue
    yield from report.ages
    for _span, tiles in report.tiles:
        for tile in tiles:
            yield from (tile.cell, tile.before)
    for row in report.table.rows:
        yield from row[1:]


@pytest.mark.parametrize("is_rolled", [True, False])
@pytest.mark.parametrize("query", ["", "priority=high"])
def test_every_figure_leads_to_exactly_the_tickets_it_counted(client, mo, desk, is_rolled, query):
    if is_rolled:
        keeping.refresh(desk_now())
    report = report_of(mo, query)
    assert isinstance(report.source, Rolled if is_rolled else Counted)
    slugs = dict(Channel.objects.values_list("pk", "slug"))
    cells = {(cell.figure, cell.value): cell for cell in every_cell(report) if cell.value}
    assert {cell.figure for cell in every_cell(report)} >= {"mentions", "answered", "within", "replied", *NOW_NAMES}
    assert len(cells) > 25
    for cell in cells.values():
        address = link(cell, QueryDict(query), slugs, report.name)
        assert client.get(address).context["page"].paginator.count == cell.value, address


def test_the_page_links_every_figure_that_is_not_zero(client, mo, desk):
    keeping.refresh(desk_now())
    page = client.get(PAGE).content.decode()
    shown = re.findall(r'href="(/reports/tickets/[^"]+)"', page)
    assert len(shown) == len([cell for cell in every_cell(report_of(mo)) if cell.value])
    back = client.get(shown[0].replace("&amp;", "&")).context["back"]
    assert back == f"{PAGE}?"


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_what_was_counted_in_advance_is_what_the_tickets_say(mo, desk, clock, zone):
    Preference.objects.create(user=mo, time_zone=zone)
    now, tz = timezone.now(), ZoneInfo(zone)
    keeping.refresh(desk_now())
    whole = named("90d", now.astimezone(tz).date(), tz)
    filters = Filters(whole, clock=clock)
    counted = Counted(visible_tickets(mo), filters, now)
    source = figure_source(mo, visible_tickets(mo), filters, whole, now)
    assert isinstance(source, Counted if clock.in_coverage else Rolled)
    for span in spans(whole.last, tz):
        for period in (span.period, span.before):
            ours, truth = source.figures(period), counted.figures(period)
            for name in ("mentions", "replied", "solved", "answered", "within"):
                assert getattr(ours, name) == getattr(truth, name), name
            if truth.median is not None:
                off = abs(ours.median - truth.median)
                assert off <= max(truth.median * sketch.ERROR * 1.001, timedelta(seconds=1))
    names = ("mentions", "replied", "solved")
    days = {day: {name: each[name] for name in names} for day, each in source.days(whole).items()}
    assert {day: each for day, each in days.items() if any(each.values())} == counted.days(whole)


def test_who_may_not_see_a_channel_gets_figures_without_it(client, mo, desk):
    """A ticket of another channel that was merged with a restricted one is as restricted."""
    secret = ChannelFactory(visible_to=["admin"])
    hidden = TicketFactory(channel=secret, posted_at=timezone.now())
    keeping.refresh(desk_now())
    report = report_of(mo)
    assert isinstance(report.source, Counted)
    before = report.counted_now["backlog"]
    assert hidden.pk not in set(visible_tickets(mo).values_list("pk", flat=True))
    admin = UserFactory(role="admin", is_superuser=True)
    theirs = report_of(admin)
    assert isinstance(theirs.source, Rolled)
    assert theirs.counted_now["backlog"] == before + 1
    assert client.get(PAGE).status_code == 200
    other = Client()
    other.force_login(admin)
    assert other.get(PAGE).context["body"] != client.get(PAGE).context["body"]


@pytest.mark.parametrize(
    ("today", "weeks_first", "month_before"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), (date(2026, 10, 1), date(2026, 10, 23))),
        (date(2026, 3, 31), date(2026, 3, 30), (date(2026, 2, 1), date(2026, 2, 28))),
        (date(2026, 1, 1), date(2025, 12, 29), (date(2025, 12, 1), date(2025, 12, 1))),
    ],
)
def test_each_span_stands_beside_the_same_days_before(today, weeks_first, month_before):
    day, week, month = spans(today, UTC)
    assert (day.before.first, day.before.last) == (today - timedelta(days=1),) * 2
    assert week.period == Period(weeks_first, today, UTC)
    assert len(week.before.days) == len(week.period.days)
    assert week.before.last == today - timedelta(weeks=1)
    assert (month.before.first, month.before.last) == month_before


def test_the_page_names_its_time_zone_and_says_what_is_not_over(client, mo, desk):
    Preference.objects.create(user=mo, time_zone="Asia/Tokyo")
    page = client.get(PAGE).content.decode()
    today = timezone.now().astimezone(ZoneInfo("Asia/Tokyo")).date()
    assert "Days are in Asia/Tokyo" in page
    assert f"{today.isoformat()}, so far" in page
    assert "so far;\ncompared with yesterday" in page


def test_a_figure_says_that_there_was_no_desk_the_day_before(client, mo):
    TicketFactory(posted_at=timezone.now())
    assert client.get(PAGE).content.decode().count("no data\nyesterday") == 5


def test_days_before_the_first_ticket_are_a_gap_and_not_zeros(mo):
    TicketFactory(posted_at=timezone.now() - timedelta(days=3))
    report = report_of(mo)
    assert len(report.days) == 4
    month = report.tiles[2][1]
    assert {tile.before.shown for tile in month if report.today.day > 4} <= {"—"}
    assert len(report.table.rows) == 4


def test_a_line_breaks_where_nothing_was_answered():
    days = [(date(2026, 11, n), "all", timedelta(hours=2), 1) for n in (1, 2, 3, 7, 8)]
    (line,) = re.findall(r'<path aria-label="[^"]*" [^>]*d="(M[^"]+)"[^>]*stroke-width="2"', pictures.svg(
        charts.median_first_reply(days)
    ).replace("\n", " "))[:1]  # fmt: skip
    assert line.count("M") == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_day_that_is_not_over_is_marked_in_the_picture(mo, desk, theme):
    report = report_of(mo)
    activity, backlog = (pictures.svg(chart.spec(theme)) for chart in report.charts)
    assert "so far" in activity
    assert all(str(MEANINGS[name].label) in backlog for name in ("age_4h", "age_older"))
    last = report.today.strftime("%d %b")
    assert last in re.findall(r">(\d\d \w{3})<", activity) or "labelOverlap" in str(report.charts[0].spec(theme))


def test_an_empty_desk_has_a_page(client):
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "No data for this chart" in page.content.decode()


def test_the_page_is_kept_until_a_rollup_changes(client, desk, django_assert_max_num_queries):
    keeping.refresh(desk_now())
    first = client.get(PAGE).context["body"]
    with django_assert_max_num_queries(6):
        assert client.get(PAGE).context["body"] == first
    TicketFactory(posted_at=timezone.now())
    keeping.refresh(desk_now())
    assert client.get(PAGE).context["body"] != first


def test_filters_are_in_the_address_and_in_every_link(client, desk):
    address = f"{PAGE}?channel={desk[0].slug}&priority=high&clock=ingested"
    links = re.findall(r'href="(/reports/tickets/[^"]+)"', client.get(address).content.decode())
    assert links
    for each in links:
        assert f"channel={desk[0].slug}" in each
        assert "priority=high" in each


@pytest.mark.parametrize("at", ["yesterday", "2026-11-01T10:00:00", "%00"])
def test_nonsense_for_a_moment_is_not_found(client, at):
    assert client.get("/reports/tickets/", {"figure": "overdue_now", "at": at}).status_code == 404


def test_a_figure_of_a_moment_is_counted_as_of_then(client):
    now = timezone.now()
    TicketFactory(posted_at=now - timedelta(hours=3, minutes=59))
    later = {"figure": "age_4h", "at": (now + timedelta(hours=1)).isoformat()}
    then = {"figure": "age_4h", "at": now.isoformat()}
    assert [client.get("/reports/tickets/", query).context["page"].paginator.count for query in (then, later)] == [1, 1]
    Ticket.objects.update(posted_at=now - timedelta(hours=4, seconds=1))
    assert client.get("/reports/tickets/", then).context["page"].paginator.count == 0
    assert reverse("metrics:report", args=["overview"]) == PAGE


def test_home_of_the_reports_is_the_overview(client):
    assert client.get("/reports/").url == PAGE


@pytest.mark.parametrize("at", ["0001-01-01T00:00+14:00", "1999-12-31T23:59+00:00", "2026-01-01T00:00", "noon"])
def test_a_figure_of_no_moment_is_not_found(client, at):
    client.force_login(UserFactory(is_superuser=True))
    for figure in ("queued", "overdue", "mentions"):
        assert client.get("/reports/tickets/", {"figure": figure, "at": at}).status_code == 404
