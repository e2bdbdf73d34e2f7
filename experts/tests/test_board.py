"""The board of requests and the monthly thanks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels.models import Channel, OutboundItem
from experts.models import Outreach
from experts.overview import board, thanks
from experts.tests.factories import CommunityShareFactory, ExpertFactory, OutreachFactory
from mentions.models import Ticket
from mentions.tests.factories import NOON, UserFactory
from mentions.tickets.transitions import OutcomeRefused

pytestmark = pytest.mark.django_db
OCTOBER = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)


def logged_in(role="advocate"):
    client = Client()
    client.user = UserFactory(role=role)
    client.force_login(client.user)
    return client


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


# --- board ------------------------------------------------------------------------------------------------------------


def test_board_tells_late_from_waiting_by_working_hours(sam):
    late = OutreachFactory(asked_at=NOON)
    asleep = OutreachFactory(asked_at=NOON, expert__timezone="Pacific/Auckland")
    taken = OutreachFactory(asked_at=NOON, state="acknowledged", acknowledged_at=NOON + timedelta(hours=1))
    draft = OutreachFactory(asked_at=NOON, state="draft", draft="Set PROXY.")
    shown = board.board(sam, NOON + timedelta(hours=5), is_mine=False)
    assert (shown.late, shown.drafts) == ([late], [draft])
    assert set(shown.waiting) == {asleep, taken}
    assert shown.open_count == 4


def test_board_shows_what_was_answered_today_and_only_mine_if_asked(sam):
    today = OutreachFactory(state="answered", answered_at=NOON, asked_by=sam)
    OutreachFactory(state="answered", answered_at=NOON - timedelta(days=1), asked_by=sam)
    theirs = OutreachFactory(state="sent", answered_at=NOON, asked_by=UserFactory())
    now = NOON + timedelta(minutes=1)
    assert set(board.board(sam, now, is_mine=False).answered) == {today, theirs}
    assert board.board(sam, now, is_mine=True).answered == [today]


def test_board_hides_restricted_tickets(sam):
    hidden = OutreachFactory()
    Channel.objects.filter(pk=hidden.ticket.channel_id).update(visible_to=["manager"])
    assert board.board(sam, NOON, is_mine=False).open_count == 0


def test_board_costs_the_same_queries_for_one_and_for_many(django_assert_max_num_queries):
    client = logged_in()
    OutreachFactory(state="answered", answered_at=timezone.now())
    OutreachFactory()
    with django_assert_max_num_queries(20) as few:
        client.get(reverse("experts:board"))
    for _ in range(15):
        OutreachFactory()
        OutreachFactory(state="answered", answered_at=timezone.now())
    with django_assert_max_num_queries(len(few.captured_queries)):
        page = client.get(reverse("experts:board"))
    assert page.content.decode().count("Withdraw") == 16


def test_board_is_in_the_menu_and_each_request_leads_to_its_ticket():
    client, request = logged_in(), OutreachFactory()
    page = client.get(reverse("experts:board")).content.decode()
    assert f'href="{reverse("experts:board")}" aria-current="page"' in page
    assert reverse("mentions:ticket", args=[request.ticket_id]) in page


def test_remind_is_said_once_an_hour():
    client, request = logged_in(), OutreachFactory(slack_ts="1700.1", slack_room="C1")
    for _ in range(2):
        assert client.post(reverse("experts:remind", args=[request.pk])).status_code == 302
    assert OutboundItem.objects.filter(payload__text__icontains="friendly reminder").count() == 1
    request.refresh_from_db()
    assert request.reminders == 1


def test_remind_needs_a_thread():
    with pytest.raises(OutcomeRefused, match="in Slack"):
        board.remind(OutreachFactory().pk, NOON)


def test_withdraw_ends_the_request_and_the_ticket_returns_to_its_place(sam):
    request = OutreachFactory(slack_ts="1700.1", slack_room="C1")
    place = request.ticket.queued_at
    board.withdraw(request.pk, sam, NOON)
    with pytest.raises(OutcomeRefused):
        board.withdraw(request.pk, sam, NOON)
    ticket = Ticket.objects.get(pk=request.ticket_id)
    assert (ticket.waiting_on, ticket.is_queued, ticket.queued_at) == ("", True, place)
    assert Outreach.objects.get().state == "withdrawn"
    assert OutboundItem.objects.filter(payload__text__icontains="Nothing more is needed").count() == 1


def test_ticket_goes_on_waiting_for_the_other_expert(sam):
    first = OutreachFactory()
    OutreachFactory(ticket=first.ticket)
    board.withdraw(first.pk, sam, NOON)
    assert Ticket.objects.get(pk=first.ticket_id).waiting_on == "expert"


@pytest.mark.parametrize(("role", "status"), [("advocate", 200), ("manager", 200), ("volunteer", 403)])
@pytest.mark.parametrize("name", ["board", "thanks"])
def test_board_and_thanks_are_for_the_team(name, role, status):
    assert logged_in(role).get(reverse(f"experts:{name}")).status_code == status


def test_managers_only_look():
    request, client = OutreachFactory(), logged_in("manager")
    assert "Withdraw" not in client.get(reverse("experts:board")).content.decode()
    assert client.post(reverse("experts:withdraw", args=[request.pk])).status_code == 403


# --- thanks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def answers():
    """Nadia: two in October and one in November. Tom: one from the community channel in October."""
    nadia = ExpertFactory(person__name="Nadia Petrova", slack_id="U0000042")
    tom = ExpertFactory(person__name="Tom & <Jerry>", slack_id="")
    for at in (OCTOBER, OCTOBER - timedelta(days=3), OCTOBER + timedelta(minutes=1)):
        OutreachFactory(expert=nadia, state="answered", answered_by=nadia.person, answered_at=at)
    CommunityShareFactory(state="answered", answered_by=tom.person, answered_at=OCTOBER)
    OutreachFactory(state="declined")
    return nadia, tom


def test_thanks_list_who_answered_what_in_a_month(sam, answers):
    assert thanks.months(sam) == [date(2026, 11, 1), date(2026, 10, 1)]
    found = thanks.of_month(sam, date(2026, 10, 1))
    assert [(str(h.person), len(h.answers), h.places) for h in found] == [
        ("Nadia Petrova", 2, [("Hacker News", 2)]),
        ("Tom & <Jerry>", 1, [("Hacker News", 1)]),
    ]
    assert "In October 2026 you answered 3 people" in thanks.text(found, date(2026, 10, 1))


def test_thanks_are_posted_once_a_month_with_pings(sam, answers):
    item = thanks.post(sam, date(2026, 10, 1), "thanks", NOON)
    assert (item.payload["channel"], "<@U0000042>: 2" in item.payload["text"]) == ("#thanks", True)
    assert "Tom &amp; &lt;Jerry&gt;" in item.payload["text"]
    with pytest.raises(OutcomeRefused, match="already"):
        thanks.post(sam, date(2026, 10, 1), "#Thanks", NOON)
    assert thanks.post(sam, date(2026, 11, 1), "#thanks", NOON).pk != item.pk


def test_restricted_answers_are_thanked_on_the_page_only(answers):
    manager = UserFactory(role="manager")
    Channel.objects.update(visible_to=["manager"])
    assert len(thanks.of_month(manager, date(2026, 10, 1))) == 2
    assert thanks.of_month(manager, date(2026, 10, 1), for_slack=True) == []
    with pytest.raises(OutcomeRefused):
        thanks.post(manager, date(2026, 10, 1), "#thanks", NOON)


def test_page_offers_the_months_and_posts(answers):
    client = logged_in()
    page = client.get(reverse("experts:thanks"), {"month": "2026-10"}).content.decode()
    assert "Nadia Petrova" in page
    assert 'value="2026-11"' in page
    client.post(reverse("experts:thanks"), {"month": "2026-10", "channel": "#thanks"})
    assert OutboundItem.objects.filter(conversation="thanks:2026-10").count() == 1
    assert client.get(reverse("experts:thanks"), {"month": "2026-13"}).status_code == 404


def test_managers_see_the_thanks_and_do_not_post(answers):
    client = logged_in("manager")
    assert "Post in Slack" not in client.get(reverse("experts:thanks")).content.decode()
    assert client.post(reverse("experts:thanks"), {"month": "2026-10", "channel": "#x"}).status_code == 403


def test_thanks_cost_the_same_queries_for_one_and_for_many(answers, django_assert_max_num_queries):
    client, month = logged_in(), {"month": "2026-10"}
    with django_assert_max_num_queries(25) as few:
        client.get(reverse("experts:thanks"), month)
    for _ in range(10):
        expert = ExpertFactory()
        OutreachFactory(expert=expert, state="answered", answered_by=expert.person, answered_at=OCTOBER)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(reverse("experts:thanks"), month)


def test_nobody_to_thank_yet():
    assert "Nobody to thank yet" in logged_in().get(reverse("experts:thanks")).content.decode()
