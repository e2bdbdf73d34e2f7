"""Praise that needs no reply is liked, where the desk can; taken back, it is not."""

from datetime import timedelta

import pytest
from django.urls import reverse

from channels.models import OutboundItem
from mentions.models import Ticket
from mentions.queue import claims
from mentions.replies import likes
from mentions.tests.factories import MessageFactory, UserFactory
from mentions.tests.replying import LATER, mail_ticket, twitter_ticket
from mentions.tickets import history
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
    ticket = twitter_ticket()
    likes.like(ticket.pk, ticket.messages.get().pk, sam, LATER)
    event = leave(ticket, sam)
    assert "like" not in event.data
    outcomes.undo(event.pk, sam, LATER + timedelta(seconds=1))
    assert sent() == ["queued"]
