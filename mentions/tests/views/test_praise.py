"""Praise that needs no reply is liked where the desk can; undone praise is not."""

from datetime import timedelta

import pytest
from django.urls import reverse

from channels.models import OutboundItem
from mentions.macros import macros, presets
from mentions.models import Macro, Ticket
from mentions.queue import claims
from mentions.replies import likes
from mentions.tests.factories import MessageFactory, UserFactory
from mentions.tests.replying import LATER, mail_ticket, praised, twitter_ticket
from mentions.tickets import history
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import outcomes

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


def leave(ticket, sam, reason="praise", now=LATER):
    token = claims.claim(sam, ticket.pk, now).claim_token
    return outcomes.no_reply_needed(ticket.pk, sam, token, reason=reason, now=now)


def sent():
    return list(OutboundItem.objects.filter(kind="like").values_list("state", flat=True))


def test_praise_likes_the_last_message_after_the_undo_window(sam):
    ticket = twitter_ticket()
    last = MessageFactory(ticket=ticket, channel=ticket.channel, namespace="twitter", posted_at=LATER)
    event = leave(ticket, sam)
    item = OutboundItem.objects.get(kind="like")
    assert (item.pk, item.payload["external_id"]) == (event.data["like"], last.external_id)
    assert item.not_before > LATER
    assert history.sentence("no_reply", event.data) == "marked no reply needed: praise, with a like"


def test_praise_taken_back_likes_nothing_and_can_be_given_again(sam):
    ticket = twitter_ticket()
    event = leave(ticket, sam)
    outcomes.undo(event.pk, sam, LATER + timedelta(seconds=1))
    assert sent() == ["cancelled"]
    assert leave(Ticket.objects.get(pk=ticket.pk), sam, now=LATER + timedelta(seconds=2)).data["like"]
    assert sent() == ["queued"]


@pytest.mark.parametrize("make", [mail_ticket])
def test_where_nothing_can_be_liked_nothing_is_said_of_it(client, sam, make):
    ticket = make()
    client.force_login(sam)
    claims.claim(sam, ticket.pk, LATER)
    page = client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()
    assert "like it" not in page
    assert "like" not in leave(ticket, sam).data
    assert sent() == []


def test_the_reason_says_that_it_likes(client, sam):
    ticket = twitter_ticket()
    client.force_login(sam)
    client.post(reverse("mentions:claim", args=[ticket.pk]))
    page = client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()
    assert 'value="praise">praise: like it</button>' in page


def test_any_other_reason_likes_nothing(sam):
    for reason in Ticket.NoReply.values:
        if reason not in ("", "praise"):
            leave(twitter_ticket_again(), sam, reason)
    assert sent() == []


def twitter_ticket_again():
    return MessageFactory(namespace="twitter").ticket


def test_what_is_liked_already_stays_so_when_praise_is_taken_back(sam):
    ticket = praised(twitter_ticket())
    likes.like(ticket.pk, ticket.messages.get().pk, sam, LATER)
    event = leave(ticket, sam)
    assert "like" not in event.data
    outcomes.undo(event.pk, sam, LATER + timedelta(seconds=1))
    assert sent() == ["queued"]


def refused(ticket, user):
    with pytest.raises(OutcomeRefused) as error:
        likes.like(ticket.pk, ticket.messages.get().pk, user, LATER)
    assert sent() == []
    return str(error.value)


def test_a_like_needs_the_tag_first(client, sam):
    ticket = twitter_ticket()
    assert refused(ticket, sam) == "Likes are for praise only. Tag the ticket “praise” first."
    client.force_login(sam)
    address = reverse("mentions:ticket", args=[ticket.pk])
    assert "data-like" not in client.get(address).content.decode()
    praised(ticket)
    assert "data-like" in client.get(address).content.decode()


def test_volunteers_do_not_like(client):
    ticket, volunteer = praised(twitter_ticket()), UserFactory(role="volunteer")
    assert refused(ticket, volunteer) == "Your role cannot like messages. Ask an advocate."
    client.force_login(volunteer)
    assert "data-like" not in client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()
    leave(ticket, volunteer)
    assert sent() == []


def test_support_handles_do_not_like_whoever_asks():
    ticket = praised(twitter_ticket())
    ticket.channel.settings["never_likes"] = True
    ticket.channel.save()
    assert refused(ticket, UserFactory(is_superuser=True)) == "Likes are switched off for @acme."


def test_no_reply_for_praise_tags_it_and_undo_takes_the_tag_back(sam):
    ticket = twitter_ticket()
    event = leave(ticket, sam)
    assert [tag.name for tag in ticket.tags.all()] == ["praise"]
    outcomes.undo(event.pk, sam, LATER + timedelta(seconds=1))
    assert not ticket.tags.exists()


def test_the_macro_that_says_that_it_likes_does(sam):
    presets.load()
    macro = Macro.objects.get(name="Thanks::Praise")
    ticket = twitter_ticket()
    assert "Likes their message" in macros.preview(macro, ticket, sam, LATER).steps
    token = claims.claim(sam, ticket.pk, LATER).claim_token
    applied = macros.apply(macro, ticket.pk, sam, token, now=LATER)
    assert sent() == ["queued"]
    assert history.sentence(applied.event.kind, applied.event.data) == "applied “Thanks::Praise”, with a like"


def test_the_macro_says_why_it_sends_no_like():
    presets.load()
    steps = macros.preview(
        Macro.objects.get(name="Thanks::Praise"), twitter_ticket(), UserFactory(role="volunteer"), LATER
    ).steps
    assert "Sends no like: Your role cannot like messages. Ask an advocate." in steps
