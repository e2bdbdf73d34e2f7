"""The queue page: who sees what, in which order, page by page, with a constant number of queries."""

import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mentions.models import Tag, Ticket
from mentions.queue import view_tickets
from mentions.queue.rows import first_of, with_columns
from mentions.tests.factories import (
    ChannelFactory,
    MessageFactory,
    TagFactory,
    TicketFactory,
    UserFactory,
    ViewFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def everything():
    return ViewFactory(name="Everything", slug="everything", filters={}, position=1)


def waiting(count, channel=None, **fields):
    """Tickets with a message and a tag each, oldest first."""
    now = timezone.now()
    tag, _created = Tag.objects.get_or_create(name="ci")
    channel = channel or ChannelFactory()
    tickets = []
    for number in range(count):
        at = now - timedelta(minutes=count - number)
        ticket = TicketFactory(channel=channel, posted_at=at, **fields)
        ticket.tags.add(tag)
        MessageFactory(ticket=ticket, channel=channel, text=f"Text number {number}.")
        tickets.append(ticket)
    return tickets


def shown_ids(response):
    return [row.id for row in response.context["rows"]]


def test_queue_shows_what_waits_oldest_first(client, sam, everything):
    tickets = waiting(3)
    TicketFactory(status="solved")
    response = client.get("/queue/everything/")
    assert shown_ids(response) == [ticket.pk for ticket in tickets]
    assert "Text number 0." in response.content.decode()
    assert response.context["views"][0]["count"] == "3"


def test_queue_without_any_view_shows_everything_that_waits(client, sam):
    ticket = waiting(1)[0]
    assert shown_ids(client.get("/queue/")) == [ticket.pk]


def test_unknown_view_and_somebody_elses_own_view_are_not_found(client, sam):
    ViewFactory(slug="hers", owner=UserFactory())
    assert client.get("/queue/nothing/").status_code == 404
    assert client.get("/queue/hers/").status_code == 404


def test_queue_needs_a_login_and_the_right_to_see_tickets(client):
    assert client.get("/queue/").status_code == 302
    client.force_login(UserFactory())
    assert client.get("/queue/").status_code == 403


def test_pages_walk_through_all_tickets_once(client, sam, everything, monkeypatch):
    monkeypatch.setattr("mentions.views.lists.queue.PAGE", 4)
    tickets = waiting(10)
    # Several with the same time, so that the id decides.
    Ticket.objects.filter(pk__in=[t.pk for t in tickets[3:6]]).update(queued_at=tickets[3].queued_at)
    seen, address = [], "/queue/everything/"
    while address:
        response = client.get(address)
        seen += shown_ids(response)
        following = response.context["next"]
        address = f"/queue/everything/?after={following}".replace("+", "%2B") if following else ""
    assert sorted(seen) == sorted(ticket.pk for ticket in tickets)
    assert len(seen) == 10


def test_pages_by_due_time_walk_past_tickets_without_one(client, sam, monkeypatch):
    monkeypatch.setattr("mentions.views.lists.queue.PAGE", 2)
    ViewFactory(slug="due", filters={}, order="due")
    tickets = waiting(5)
    Ticket.objects.filter(pk__in=[tickets[0].pk, tickets[3].pk]).update(due_at=None)
    seen, address = [], "/queue/due/"
    while address:
        response = client.get(address)
        seen += shown_ids(response)
        following = response.context["next"]
        address = f"/queue/due/?after={following}".replace("+", "%2B") if following else ""
    assert seen == [tickets[i].pk for i in (1, 2, 4, 0, 3)]


@pytest.mark.parametrize("cursor", ["x", "1,2,3", "2026-11-02,7", "2026-11-02T12:00:00+00:00", ",,", "'"])
def test_a_broken_cursor_gives_the_first_page(client, sam, everything, cursor):
    ticket = waiting(1)[0]
    assert shown_ids(client.get("/queue/everything/", {"after": cursor})) == [ticket.pk]


def test_the_list_alone_is_304_until_something_changes(client, sam, everything):
    ticket = waiting(2)[0]
    first = client.get("/queue/everything/", headers={"X-Fragment": "1"})
    assert b"<html" not in first.content
    again = client.get("/queue/everything/", headers={"X-Fragment": "1", "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    Ticket.objects.filter(pk=ticket.pk).update(priority=40)
    changed = client.get("/queue/everything/", headers={"X-Fragment": "1", "If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def queries_of(client, address):
    client.get(address)  # fills the caches of the process
    cache.clear()  # so that the counts, cached for seconds, are always queried
    with CaptureQueriesContext(client_connection()) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def client_connection():
    from django.db import connection

    return connection


@pytest.mark.parametrize("address", ["/queue/everything/", "/play/everything/"])
def test_a_page_costs_as_many_queries_at_100_tickets_as_at_one(client, sam, everything, address):
    waiting(1)
    at_one = queries_of(client, address)
    waiting(99)
    assert queries_of(client, address) == at_one
    assert at_one <= 30


def test_text_of_a_mention_is_escaped_in_the_list(client, sam, everything):
    ticket = TicketFactory(subject="<script>alert(1)</script>")
    MessageFactory(ticket=ticket, text="<img src=x onerror=alert(1)>")
    page = client.get("/queue/everything/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_channels_kept_from_a_role_are_neither_listed_nor_counted(client, sam, everything):
    hidden = ChannelFactory(visible_to=["admin"])
    ticket = waiting(1, channel=hidden)[0]
    response = client.get("/queue/everything/")
    assert shown_ids(response) == []
    assert response.context["views"][0]["count"] == "0"
    assert client.get(reverse("mentions:ticket", args=[ticket.pk])).status_code == 404


def test_home_leads_each_role_to_its_work(client):
    for role, page in (("advocate", "/queue/"), ("volunteer", "/queue/"), ("manager", "/reports/")):
        client.force_login(UserFactory(role=role))
        assert client.get("/").url.startswith(page), role


@pytest.mark.parametrize("order", ["oldest", "newest", "due"])
@pytest.mark.parametrize("filters", [{}, {"overdue": True}, {"priority_min": 30}, {"assignee": "me"}])
def test_the_first_page_holds_what_the_general_list_would(sam, filters, order):
    channel = ChannelFactory()
    for number in range(6):
        at = timezone.now() - timedelta(hours=number % 4)
        ticket = TicketFactory(
            channel=channel,
            posted_at=at,
            queued_at=at,
            due_at=at + timedelta(hours=1) if number % 2 else None,
            priority=30 if number > 2 else 20,
            assignee=sam if number == 4 else None,
        )
        ticket.tags.add(TagFactory(), TagFactory())
        MessageFactory(ticket=ticket, text="" if number == 3 else f"words {number}", url="https://acme.example/post")
    view, now = ViewFactory(filters=filters, order=order), timezone.now()
    expected = list(with_columns(view_tickets.tickets_in(view, sam, now))[:4])
    assert expected
    assert first_of(view, sam, now, 4) == expected


def test_rows_name_people_as_the_rest_of_the_desk_does(client, sam, everything):
    """The short name, or else the username: on the queue's first page and wherever else rows are shown."""
    ada, bo = UserFactory(username="ada7", first_name="Ada"), UserFactory(username="bo", first_name="")
    for ticket, user in zip(waiting(2), (ada, bo), strict=True):
        claim = {"claimed_by": user, "claim_token": uuid.uuid4(), "claim_expires_at": timezone.now()}
        Ticket.objects.filter(pk=ticket.pk).update(assignee=user, **claim)
    view, rows = everything, with_columns(Ticket.objects.order_by("queued_at"))
    found = [
        [(row["assignee_name"], row["claimer_name"]) for row in each]
        for each in (rows, first_of(view, sam, timezone.now(), 4))
    ]
    assert found == [[("Ada", "Ada"), ("bo", "bo")]] * 2
