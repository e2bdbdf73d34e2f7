"""Adding a mention by URL: read, corrected, saved as a ticket. A known page opens its existing ticket."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from channels.http.limits_per_person import PER_MINUTE
from channels.models import Channel, Connection, InboundItem
from channels.registry import by_hand
from mentions.imports import adding
from mentions.imports.adding import AddingRefused, Found
from mentions.models import Message, Ticket
from mentions.tests.factories import ChannelFactory, ConnectionFactory, MessageFactory, TicketFactory, UserFactory
from mentions.views.composing import adding as views

pytestmark = pytest.mark.django_db

URL = "https://blog.example/2026/acme?utm_source=x"
GOOD = {"url": URL, "title": "Acme in schools", "author": "Ada Reid", "text": "We tried it.", "channel": "by-hand"}


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def channel():
    connection = ConnectionFactory(platform="manual")
    return ChannelFactory(connection=connection, name="Blogs", slug="by-hand", address="blogs")


@pytest.fixture
def sent(monkeypatch):
    """Tasks that would go to the broker."""
    found = []
    monkeypatch.setattr(views, "send_task", lambda name, *args: found.append((name, *args)) or True)
    return found


def htmx(client, path, **data):
    return client.post(path, data, headers={"HX-Request": "true"})


# --- saving -------------------------------------------------------------------------------------------------------


def test_a_page_becomes_a_ticket_in_the_chosen_channel(client, sam, channel):
    ChannelFactory(
        connection=channel.connection, name="Videos", slug="videos", address="videos", rank=1, is_default=True
    )
    response = client.post(reverse("mentions:add"), {**GOOD, "posted_at": "2026-03-01T10:30", "language": "en"})
    ticket = Ticket.objects.get()
    message = ticket.messages.get()
    assert response.headers["Location"] == reverse("mentions:ticket", args=[ticket.pk])
    assert (ticket.channel, ticket.subject, ticket.requester.name) == (channel, "Acme in schools", "Ada Reid")
    assert (message.url, message.canonical_url, message.text) == (URL, "blog.example/2026/acme", "We tried it.")
    assert message.posted_at.isoformat() == "2026-03-01T10:30:00+00:00"
    assert message.extra == {"added_by": "sam"}
    assert InboundItem.objects.get().state == "stored"


def test_a_channel_without_an_address_is_offered_where_it_takes_the_rest(client, sam, channel):
    ChannelFactory(connection=channel.connection, name="Rest", slug="rest", is_default=True)
    ChannelFactory(connection=channel.connection, name="Never", slug="never")
    assert [c.name for c in adding.channels_of(sam)] == ["Blogs", "Rest"]
    client.post(reverse("mentions:add"), {**GOOD, "channel": "rest"})
    assert Ticket.objects.get().channel.name == "Rest"


def test_only_the_address_is_needed_and_the_time_is_now(client, sam, channel):
    client.post(reverse("mentions:add"), {"url": "https://forum.example/t/41", "channel": "by-hand"})
    message = Message.objects.get()
    assert abs(message.posted_at - timezone.now()) < timedelta(minutes=1)


def test_a_channel_that_only_notifies_makes_a_ticket_all_the_same(client, sam, channel):
    Channel.objects.update(to_queue=False)
    client.post(reverse("mentions:add"), GOOD)
    assert Ticket.objects.get().messages.count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": ""}, "required"),
        ({"url": "javascript:alert(1)"}, "not a web address"),
        ({"channel": "elsewhere"}, "not one of the available"),
        ({"posted_at": "2999-01-01T00:00"}, "in the future"),
        ({"text": "x" * 20_001}, "at most 20000"),
    ],
)
def test_what_is_wrong_is_shown_and_what_was_typed_is_kept(client, sam, channel, changed, words):
    response = client.post(reverse("mentions:add"), {**GOOD, **changed})
    html = response.content.decode()
    assert response.status_code == 422
    assert words in html
    assert 'value="Acme in schools"' in html
    assert not Ticket.objects.exists()


# --- the page already has a ticket ----------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [URL, "http://www.blog.example/2026/acme/", "https://blog.example/2026/acme#top"])
def test_the_same_page_again_opens_the_ticket_it_has(client, sam, channel, again):
    client.post(reverse("mentions:add"), GOOD)
    response = client.post(reverse("mentions:add"), {**GOOD, "url": again, "title": "Another"}, follow=True)
    assert Ticket.objects.count() == 1
    assert "already has a ticket" in response.content.decode()


@pytest.mark.parametrize("where", ["canonical_url", "page_url"])
def test_a_page_that_another_platform_brought_opens_that_ticket(client, sam, channel, where):
    ticket = TicketFactory()
    MessageFactory(ticket=ticket, **{where: "blog.example/2026/acme"})
    response = client.post(reverse("mentions:add"), GOOD)
    assert response.headers["Location"] == reverse("mentions:ticket", args=[ticket.pk])
    assert Ticket.objects.count() == 1


def test_the_post_itself_comes_before_talk_about_it(sam, channel):
    MessageFactory(page_url="blog.example/2026/acme")
    itself = MessageFactory(canonical_url="blog.example/2026/acme")
    assert adding.ticket_of(URL, sam, timezone.now()) == itself.ticket


def test_a_merged_ticket_leads_to_where_it_went(sam, channel):
    kept = TicketFactory()
    MessageFactory(ticket=TicketFactory(merged_into=kept), canonical_url="blog.example/2026/acme")
    assert adding.ticket_of(URL, sam, timezone.now()) == kept


def test_a_message_without_a_ticket_gets_one(sam, channel):
    quiet = MessageFactory(ticket=None, canonical_url="blog.example/2026/acme")
    ticket = adding.ticket_of(URL, sam, timezone.now())
    quiet.refresh_from_db()
    assert quiet.ticket == ticket


def test_a_hidden_ticket_is_neither_shown_nor_made_twice(client, sam, channel):
    hidden = ChannelFactory(visible_to=["admin"])
    MessageFactory(ticket=TicketFactory(channel=hidden, subject="hushhush"), canonical_url="blog.example/2026/acme")
    response = client.post(reverse("mentions:add"), GOOD)
    assert response.status_code == 422
    assert "your role cannot see" in response.content.decode()
    assert "hushhush" not in response.content.decode()
    assert Ticket.objects.count() == 1


def test_our_own_answer_there_is_no_mention(sam, channel):
    MessageFactory(canonical_url="blog.example/2026/acme", direction="team")
    assert adding.ticket_of(URL, sam, timezone.now()) is None


def test_an_item_that_comes_to_nothing_is_reported(sam, channel, monkeypatch):
    monkeypatch.setattr(adding, "ingest_pending", lambda **how: None)
    with pytest.raises(AddingRefused, match="no ticket was created"):
        adding.add(Found(URL, channel="by-hand"), sam, timezone.now())


# --- reading ------------------------------------------------------------------------------------------------------


def read_key(html):
    return re.search(r'hx-post="/add/read/([0-9a-f]{32})/"', html)[1]


def test_a_page_is_read_by_a_worker_and_fills_the_form(client, sam, channel, sent):
    html = htmx(client, reverse("mentions:read_page"), url=URL, author="As I know").content.decode()
    key = read_key(html)
    ((name, url, place),) = sent
    assert (name, url) == ("channels.read_page", URL)
    path = reverse("mentions:page_read", args=[key])
    assert htmx(client, path, url=URL).status_code == 204
    page = {"url": "https://blog.example/2026/acme", "title": "Acme & schools", "author": "Ada", "text": "Long\n\ntext"}
    cache.set(place, {"page": {**page, "posted_at": "2026-03-01T10:30:00+00:00", "language": "de"}})
    html = htmx(client, path, url=URL, author="As I know", title="").content.decode()
    for words in (
        "https://blog.example/2026/acme",
        "Acme &amp; schools",
        "Long\n\ntext",
        "2026-03-01T10:30",
        "As I know",
    ):
        assert words in html
    assert 'value="de"' in html
    assert "hx-trigger" not in html


def test_reading_pages_is_limited_for_each_person(client, sam, channel, sent):
    codes = [htmx(client, reverse("mentions:read_page"), url=f"{URL}/{number}").status_code for number in range(8)]
    assert (codes[0], codes[-1]) == (200, 429)
    assert len(sent) == codes.count(200) == PER_MINUTE
    client.force_login(UserFactory(role="advocate"))
    assert htmx(client, reverse("mentions:read_page"), url=URL).status_code == 200


def test_without_javascript_the_same_buttons_lead_to_pages(client, sam, channel, sent):
    response = client.post(reverse("mentions:read_page"), {"url": URL, "title": "Mine"})
    waiting = client.get(response.headers["Location"]).content.decode()
    assert "Refresh" in waiting
    cache.set(sent[0][2], {"page": {"url": URL, "title": "Theirs", "author": "Ada"}})
    html = client.get(response.headers["Location"]).content.decode()
    assert 'value="Mine"' in html
    assert 'value="Ada"' in html


def test_a_page_that_cannot_be_read_is_reported_and_filled_in_by_hand(client, sam, channel, sent):
    key = read_key(htmx(client, reverse("mentions:read_page"), url=URL).content.decode())
    cache.set(sent[0][2], {"problem": "blog.example answers 404: it is gone."})
    html = htmx(client, reverse("mentions:page_read", args=[key]), url=URL, text="Mine").content.decode()
    assert "could not be read: blog.example answers 404: it is gone. Fill in" in html
    assert "Mine" in html


def test_a_worker_that_never_answers_is_not_waited_for(client, sam, channel, sent, monkeypatch):
    key = read_key(htmx(client, reverse("mentions:read_page"), url=URL).content.decode())
    monkeypatch.setattr(views, "PATIENCE_S", 0)
    assert "took too long" in htmx(client, reverse("mentions:page_read", args=[key]), url=URL).content.decode()


def test_without_a_broker_it_is_said_at_once(client, sam, channel, monkeypatch):
    monkeypatch.setattr(views, "send_task", lambda *args: False)
    assert "no worker is available" in htmx(client, reverse("mentions:read_page"), url=URL).content.decode()


def test_a_known_page_is_not_read_again(client, sam, channel, sent):
    ticket = MessageFactory(canonical_url="blog.example/2026/acme").ticket
    html = htmx(client, reverse("mentions:read_page"), url=URL).content.decode()
    assert f"#{ticket.pk} " in html
    assert sent == []


@pytest.mark.parametrize("url", ["", "blog.example", "file:///etc/passwd"])
def test_what_is_no_address_is_not_read(client, sam, channel, sent, url):
    assert htmx(client, reverse("mentions:read_page"), url=url).status_code == 422
    assert sent == []


def test_nobody_sees_what_another_one_reads(client, sam, channel, sent):
    key = read_key(htmx(client, reverse("mentions:read_page"), url=URL).content.decode())
    cache.set(sent[0][2], {"page": {"url": URL, "title": "hushhush"}})
    client.force_login(UserFactory(role="advocate"))
    assert "hushhush" not in client.get(reverse("mentions:page_read", args=[key])).content.decode()


# --- the page, the bookmarklet and its setup -------------------------------------------------------------------------


def test_the_bookmarklet_fills_the_form_and_reads_nothing(client, sam, channel, sent):
    hostile = '"><script>alert(1)</script>'
    response = client.get(reverse("mentions:add"), {"url": URL, "title": hostile, "text": "Selected words"})
    html = response.content.decode()
    assert "Selected words" in html
    assert "<script>alert" not in html
    assert sent == []
    assert 'href="javascript:' in html
    assert "http://testserver/add/?" in html


def test_without_a_channel_an_admin_sets_it_up_with_one_click(client, sam):
    assert "Ask an admin to set one up" in client.get(reverse("mentions:add")).content.decode()
    assert client.post(reverse("mentions:set_up_adding")).status_code == 403
    client.force_login(UserFactory(role="admin"))
    assert "Set up" in client.get(reverse("mentions:add")).content.decode()
    for _ in range(2):
        client.post(reverse("mentions:set_up_adding"))
    channel = Channel.objects.get(connection__platform="manual")
    assert (channel.name, channel.address, channel.is_default) == ("Added by hand", "by-hand", True)
    client.post(reverse("mentions:add"), GOOD)
    assert Ticket.objects.get().channel == channel


def test_setting_up_beside_names_that_are_taken(client):
    ConnectionFactory(name="Added by hand")
    ChannelFactory(name="Added by hand", slug="by-hand")
    channel = by_hand.set_up()
    assert (channel.name, channel.connection.name) == ("Added by hand-2", "Added by hand-2")
    assert Connection.objects.filter(platform="manual").count() == 1


def test_a_hidden_channel_is_not_offered(client, sam, channel):
    ChannelFactory(connection=channel.connection, name="Founders", slug="founders", address="f", visible_to=["admin"])
    assert "Founders" not in client.get(reverse("mentions:add")).content.decode()
    with pytest.raises(AddingRefused, match="Choose a channel"):
        adding.add(Found(URL, channel="founders"), sam, timezone.now())
