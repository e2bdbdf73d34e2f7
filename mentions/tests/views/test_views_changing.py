"""Merge, split, like, share and bulk changes: what the pages offer, to whom, and the results."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from channels.models import OutboundItem
from mentions.models import Message, Ticket
from mentions.tests.factories import (
    AuthorFactory,
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    TicketFactory,
    UserFactory,
    ViewFactory,
)
from mentions.tests.replying import praised
from mentions.triage import merging

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    connection = ConnectionFactory(platform="twitter")
    return ChannelFactory(connection=connection, name="@acme", address="acme", slack_channels=["#mentions"])


def asked(channel, text="Does it run?", count=1, **fields):
    """A ticket with `count` messages from the requester."""
    ticket = TicketFactory(channel=channel, status="open", **fields)
    for number in range(count):
        at = ticket.posted_at + timedelta(minutes=number)
        numbered = f"{text} {number}" if number else text
        MessageFactory(
            ticket=ticket, channel=channel, namespace="twitter", author=ticket.requester, text=numbered, posted_at=at
        )
    return ticket


def url(name, ticket):
    return reverse(f"mentions:{name}", args=[ticket.pk])


def held_by(user, ticket):
    until = timezone.now() + timedelta(minutes=3)
    Ticket.objects.filter(pk=ticket.pk).update(claimed_by=user, claim_token=uuid4(), claim_expires_at=until)


# --- merge ------------------------------------------------------------------------------------------------------------


def test_merge_shows_the_other_ticket_before_anything_is_done(client, sam, channel):
    source, target = asked(channel, "First"), asked(channel, "A proxy that hangs", subject="Proxy")
    assert url("merge", source) in client.get(url("ticket", source)).content.decode()
    page = client.get(url("merge", source), {"into": f"#{target.pk}"}).content.decode()
    assert "A proxy that hangs" in page
    assert f"Merge #{source.pk} into #{target.pk}" in page
    source.refresh_from_db()
    assert source.merged_into_id is None


def test_merged_ticket_says_where_it_went(client, sam, channel):
    source, target = asked(channel, "First"), asked(channel, "Second")
    response = client.post(url("merge", source), {"into": target.pk})
    assert response.url == url("ticket", target)
    assert target.messages.count() == 2
    page = client.get(url("ticket", source)).content.decode()
    assert f'was merged into <a href="{url("ticket", target)}">#{target.pk}</a>' in page
    assert f"merged into #{target.pk}" in page
    assert f"merged in #{source.pk}" in client.get(url("ticket", target)).content.decode()
    assert url("merge", source) not in page


@pytest.mark.parametrize("into", ["0", "x", "99999999999999999999", "²", "<b>"])
def test_merge_into_nothing_says_so(client, sam, channel, into):
    source = asked(channel)
    response = client.post(url("merge", source), {"into": into})
    assert response.status_code == 422
    assert "does not exist, or you do not have access to it" in response.content.decode()
    assert "<b>”" not in response.content.decode()


def test_merge_never_shows_a_ticket_that_one_may_not_see(client, sam, channel):
    hidden = ChannelFactory(visible_to=["manager"])
    source, target = asked(channel), asked(hidden, "A secret")
    page = client.get(url("merge", source), {"into": target.pk}).content.decode()
    assert "A secret" not in page
    assert client.post(url("merge", source), {"into": target.pk}).status_code == 422


def test_merge_with_itself_or_with_one_in_work_is_refused_in_words(client, sam, channel):
    source, target = asked(channel), asked(channel)
    assert "itself" in client.post(url("merge", source), {"into": source.pk}).content.decode()
    held_by(UserFactory(), target)
    assert "Somebody is working on ticket" in client.post(url("merge", source), {"into": target.pk}).content.decode()
    source.refresh_from_db()
    assert source.merged_into_id is None


def test_volunteers_neither_merge_nor_split(client, channel):
    client.force_login(UserFactory(role="volunteer"))
    source, target = asked(channel, count=2), asked(channel)
    page = client.get(url("ticket", source)).content.decode()
    assert url("merge", source) not in page
    assert url("split", source) not in page
    assert client.post(url("merge", source), {"into": target.pk}).status_code == 403
    message = source.messages.first()
    assert client.post(url("split", source), {"message": message.pk}).status_code == 403


def test_a_message_becomes_a_ticket_of_its_own(client, sam, channel):
    ticket = asked(channel, count=2)
    second = ticket.messages.order_by("posted_at").last()
    assert url("split", ticket) in client.get(url("ticket", ticket)).content.decode()
    response = client.post(url("split", ticket), {"message": second.pk})
    second.refresh_from_db()
    assert second.ticket_id != ticket.pk
    assert response.url == url("ticket", second.ticket)
    page = client.get(url("ticket", ticket)).content.decode()
    assert f"split a message into #{second.ticket_id}" in page
    assert url("split", ticket) not in page


def test_the_only_message_cannot_be_split_off(client, sam, channel):
    ticket = asked(channel)
    response = client.post(url("split", ticket), {"message": ticket.messages.get().pk}, follow=True)
    assert "At least one message must stay" in response.content.decode()
    with pytest.raises(merging.MergeRefused):
        merging.split(ticket.pk, [0], sam, timezone.now())


# --- like, share ------------------------------------------------------------------------------------------------------


def test_a_like_is_queued_once_and_its_state_is_shown(client, sam, channel):
    ticket = praised(asked(channel, "Love it"))
    message = ticket.messages.get()
    assert url("like", ticket) in client.get(url("ticket", ticket)).content.decode()
    for _ in range(2):
        client.post(url("like", ticket), {"message": message.pk})
    item = OutboundItem.objects.get(kind="like")
    assert item.payload["external_id"] == message.external_id
    assert item.connection_id == channel.connection_id
    assert ticket.events.filter(kind="liked").count() == 1
    page = client.get(url("ticket", ticket)).content.decode()
    assert "sending like" in page
    assert url("like", ticket) not in page
    OutboundItem.objects.filter(pk=item.pk).update(state="sent")
    assert ">liked</span>" in client.get(url("ticket", ticket)).content.decode()


def test_nothing_is_liked_where_the_platform_has_no_likes_or_the_message_is_ours(client, sam, channel):
    mail = ChannelFactory(connection=ConnectionFactory(platform="email"))
    ticket = asked(mail)
    assert url("like", ticket) not in client.get(url("ticket", ticket)).content.decode()
    client.post(url("like", ticket), {"message": ticket.messages.get().pk})
    other = asked(channel)
    ours = MessageFactory(ticket=other, channel=channel, namespace="twitter", direction="team", author=AuthorFactory())
    client.post(url("like", other), {"message": ours.pk})
    client.post(url("like", other), {"message": ticket.messages.get().pk})
    assert not OutboundItem.objects.exists()


def test_sharing_offers_words_and_posts_them_once(client, sam, channel):
    ticket = asked(channel, "Does it run behind <!channel> a proxy?")
    response = client.get(url("share", ticket))
    assert response.context["channel"] == "#mentions"
    assert "behind <!channel> a proxy" in response.context["text"]
    form = {"channel": "#mentions", "text": response.context["text"], "key": response.context["key"]}
    for _ in range(2):
        assert client.post(url("share", ticket), form).status_code == 302
    item = OutboundItem.objects.get(kind="slack")
    assert item.payload["channel"] == "#mentions"
    assert "<!channel>" not in item.payload["text"]
    assert ticket.events.filter(kind="shared").count() == 1
    assert "shared it to #mentions" in client.get(url("ticket", ticket)).content.decode()


@pytest.mark.parametrize("wrong", [{"channel": "no channel"}, {"text": " "}, {"key": "x"}, {"text": "x" * 3001}])
def test_sharing_keeps_the_words_when_something_is_wrong(client, sam, channel, wrong):
    ticket = asked(channel)
    form = {"channel": "#mentions", "text": "Look at this", "key": str(uuid4()), **wrong}
    response = client.post(url("share", ticket), form)
    assert response.status_code == 422
    assert response.context["text"] == form["text"]
    assert not OutboundItem.objects.exists()


# --- a post without text ----------------------------------------------------------------------------------------------


def test_a_link_story_shows_its_title_and_where_it_leads(client, sam):
    channel = ChannelFactory(connection=ConnectionFactory(platform="hackernews"))
    ticket = TicketFactory(channel=channel, subject="Acme 4.2 is out")
    leads_to = "https://acme.example/blog/4.2"
    MessageFactory(ticket=ticket, channel=channel, text="", subject="Acme 4.2 is out", links=[leads_to])
    ViewFactory(slug="all", filters={})
    for address in (url("ticket", ticket), url("preview", ticket), "/play/all/", "/queue/all/"):
        page = client.get(address).content.decode()
        assert "Acme 4.2 is out" in page, address
        assert leads_to in page, address


# --- many at once -----------------------------------------------------------------------------------------------------


def test_what_is_selected_is_changed_and_what_others_hold_is_left(client, sam, channel):
    view = ViewFactory(slug="all", filters={})
    tickets = [asked(channel) for _ in range(3)]
    held_by(UserFactory(username="maria"), tickets[2])
    page = client.get("/queue/all/").content.decode()
    assert f'form="bulk" name="ticket" value="{tickets[0].pk}"' in page
    form = {"ticket": [t.pk for t in tickets], "do": "no_reply", "reason": "spam", "view": view.slug}
    response = client.post(reverse("mentions:bulk"), form)
    assert response.url == "/queue/all/"
    assert "2 changed, 1 held by maria" in client.get(response.url).content.decode()
    assert [Ticket.objects.get(pk=t.pk).no_reply_reason for t in tickets] == ["spam", "spam", ""]
    assert Ticket.objects.get(pk=tickets[0].pk).status == "solved"


def test_many_are_tagged_and_set_in_priority(client, sam, channel):
    tickets = [asked(channel) for _ in range(2)]
    ids = [t.pk for t in tickets]
    client.post(reverse("mentions:bulk"), {"ticket": ids, "do": "tag", "tags": "ci, Runner"})
    client.post(reverse("mentions:bulk"), {"ticket": ids, "do": "priority", "priority": "30"})
    for ticket in tickets:
        ticket.refresh_from_db()
        assert sorted(tag.name for tag in ticket.tags.all()) == ["ci", "runner"]
        assert ticket.priority == 30
        assert ticket.events.filter(kind__in=["tagged", "priority"]).count() == 2


@pytest.mark.parametrize(
    "form", [{"do": "tag", "tags": "€"}, {"do": "tag"}, {"do": "priority", "priority": "7"}, {"do": "no_reply"}, {}]
)
def test_nothing_is_changed_by_a_form_that_says_nothing(client, sam, channel, form):
    ticket = asked(channel)
    before = Ticket.objects.values().get(pk=ticket.pk)
    assert client.post(reverse("mentions:bulk"), {"ticket": ticket.pk, **form}).status_code == 302
    assert Ticket.objects.values().get(pk=ticket.pk) == before
    assert not ticket.events.exists()


def test_the_change_of_many_needs_the_right_and_reaches_only_what_one_sees(client, sam, channel):
    hidden = asked(ChannelFactory(visible_to=["manager"]))
    form = {"ticket": [hidden.pk, "x", "9" * 30], "do": "priority", "priority": "40"}
    client.post(reverse("mentions:bulk"), form)
    hidden.refresh_from_db()
    assert hidden.priority == 20
    client.force_login(UserFactory(role="volunteer"))
    assert client.post(reverse("mentions:bulk"), form).status_code == 403
    ViewFactory(slug="all", filters={})
    asked(channel)
    assert 'name="ticket"' not in client.get("/queue/all/").content.decode()
    assert Message.objects.count() == 2
