"""The wall display: what it counts, for whom, and nothing restricted."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mentions.clocks import targets
from mentions.models import AudienceLimit, Preference
from mentions.tests.factories import ChannelFactory, ConnectionFactory, TicketFactory, UserFactory
from metrics.wall import wall_figures
from team.models import Absence, Shift

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAGE = "/reports/wall/"


@pytest.fixture
def mo():
    return UserFactory(role="manager")


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def waiting(hours, **values):
    posted = NOW - hours * HOUR
    due = posted + timedelta(minutes=targets.GOAL_MINUTES)
    return TicketFactory(**{"posted_at": posted, "due_at": due, "status": "new", **values})


def test_it_counts_the_queue_the_oldest_and_what_is_due(mo):
    news = ChannelFactory(name="News", connection=ConnectionFactory(platform="hackernews"))
    waiting(9, channel=news)
    waiting(6.9)
    waiting(1)
    waiting(50, first_reply_at=NOW - 40 * HOUR, due_at=None, status="open")
    waiting(90, waiting_on="expert")
    waiting(400, channel=ChannelFactory(is_internal=True))
    shown = wall_figures.wall(mo, NOW, UTC)
    assert (shown.queued, shown.overdue, shown.due_soon) == (4, 2, 1)
    assert shown.waits == 9 * HOUR, "neither what is parked nor what has its answer waits"
    assert "News" in shown.channel


def test_first_replies_today_stand_beside_their_goals(mo):
    for hours, took, high in ((10, 2, 10), (9, 8, 10), (8, 6, 30), (30, 1, 10)):
        posted = NOW - hours * HOUR
        TicketFactory(
            posted_at=posted, first_reply_at=posted + took * HOUR, priority=high, status="solved", due_at=None
        )
    every, high = wall_figures.wall(mo, NOW, UTC).replies
    assert (every.median, every.meets_goal, every.answered) == (6 * HOUR, True, 3)
    assert (high.median, high.meets_goal, high.answered) == (6 * HOUR, False, 1)


def test_who_is_on_is_named_and_who_is_away_is_not(mo):
    ada, bo, cy, di = (UserFactory(role="advocate", first_name=name) for name in ("Ada", "Bo", "Cy", "Di"))
    for user, on_call in ((ada, False), (bo, False), (cy, True)):
        Shift.objects.create(user=user, starts_at=NOW - HOUR, ends_at=NOW + HOUR, is_on_call=on_call)
    Absence.objects.create(user=bo, first_day=date(2026, 11, 20), last_day=date(2026, 11, 21))
    Preference.objects.create(user=di, shift_until=NOW + HOUR)
    shown = wall_figures.wall(mo, NOW, UTC)
    assert (shown.people, shown.on_call) == (["Ada", "Di"], ["Cy"])


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_nothing_of_a_restricted_channel_is_on_it_whoever_is_logged_in(role):
    """Neither a ticket of the channel nor one merged with such a ticket."""
    user = UserFactory(role=role, is_superuser=role == "admin")
    hidden = ChannelFactory(name="Reports of holes", visible_to=["admin"])
    empty = wall_figures.wall(user, NOW, UTC)
    waiting(30, channel=hidden)
    AudienceLimit.objects.get_or_create(ticket=waiting(20), channel=hidden)
    TicketFactory(channel=hidden, posted_at=NOW - HOUR, first_reply_at=NOW, status="solved")
    assert wall_figures.wall(user, NOW, UTC) == empty
    assert "Reports of holes" not in client_of(user).get(PAGE).content.decode()


def test_an_empty_desk_says_that_nobody_waits(mo):
    page = client_of(mo).get(PAGE).content.decode()
    for words in (
        "nobody is waiting for an answer",
        "none past its target",
        "no replies yet, goal 7\N{NO-BREAK SPACE}h",
        "nobody",
    ):
        assert words in page


def test_it_has_no_menus_refreshes_itself_and_says_when_it_was_counted(mo):
    client = client_of(mo)
    page = client.get(PAGE).content.decode()
    assert '<header class="topbar">' not in page
    assert 'hx-trigger="every 60s"' in page
    assert "Counted at" in page
    assert f'href="{reverse("metrics:report", args=["overview"])}"' in page
    part = client.get(PAGE, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "data-counted=" in part.content.decode()
    assert part.headers["Cache-Control"] == "no-store"
    assert f'href="{PAGE}"' in client.get("/reports/overview/").content.decode()


@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("admin", 200), ("volunteer", 403)])
def test_it_is_for_whoever_may_see_reports(role, status):
    assert client_of(UserFactory(role=role)).get(PAGE).status_code == status
    assert Client().get(PAGE).status_code == 302


def test_it_costs_the_same_however_much_there_is(mo, django_assert_max_num_queries):
    client = client_of(mo)
    waiting(1)
    client.get(PAGE, headers={"HX-Request": "true"})
    with django_assert_max_num_queries(40) as few:
        client.get(PAGE, headers={"HX-Request": "true"})
    for n in range(12):
        waiting(n, channel=ChannelFactory())
        Shift.objects.create(user=UserFactory(), starts_at=timezone.now() - HOUR, ends_at=timezone.now() + HOUR)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(PAGE, headers={"HX-Request": "true"})


def test_a_number_stays_beside_its_unit(mo):
    TicketFactory(status="new", posted_at=timezone.now() - timedelta(hours=20, minutes=48), due_at=None)
    page = client_of(mo).get(PAGE).content.decode()
    assert "20\N{NO-BREAK SPACE}h 48\N{NO-BREAK SPACE}min" in page
