"""A scheduled reply leaves that state exactly once, whatever runs at the same moment."""

import uuid
from datetime import timedelta
from functools import partial

import pytest

from channels.models import OutboundItem
from mentions.models import Event, Message, Reply, Ticket
from mentions.queue import claims
from mentions.replies import deliveries, replies
from mentions.tests.concurrency import together
from mentions.tests.factories import MessageFactory, UserFactory
from mentions.tests.replying import LATER, UNDO, settle, submit, twitter_ticket

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 8


def test_undo_against_hand_over_has_exactly_one_winner():
    sam = UserFactory(role="advocate")
    ticket = twitter_ticket()
    for _ in range(ROUNDS):
        reply = submit(ticket, sam)
        end = LATER + UNDO
        undone, _handed = together(partial(replies.undo, reply.pk, sam, end), partial(replies.hand_over_due, end))
        reply.refresh_from_db()
        assert reply.state in ("undone", "queued")
        assert isinstance(undone, replies.TooLate) is (reply.state == "queued")
        assert OutboundItem.objects.filter(key=reply.key).exists() is (reply.state == "queued")
        Ticket.objects.update(status="open", claimed_by=None, claim_token=None, claim_expires_at=None)


def test_hand_over_by_many_workers_is_one_outbound_item():
    sam = UserFactory(role="advocate")
    reply = submit(twitter_ticket(), sam)
    counts = together(*[partial(replies.hand_over_due, LATER + UNDO)] * 6)
    assert sum(counts) == 1
    assert OutboundItem.objects.get().key == reply.key


def test_double_click_is_one_reply():
    sam = UserFactory(role="advocate")
    ticket = twitter_ticket()
    token = claims.claim(sam, ticket.pk, LATER).claim_token
    key = uuid.uuid4()
    results = together(*[partial(submit, ticket, sam, token=token, key=key)] * 6)
    assert {each.pk for each in results} == {Reply.objects.get().pk}
    assert Event.objects.filter(kind="replied").count() == 1


def test_two_tabs_with_keys_of_their_own_send_once():
    """The first tab's reply ended the second tab's claim."""
    sam = UserFactory(role="advocate")
    ticket = twitter_ticket()
    token = claims.claim(sam, ticket.pk, LATER).claim_token
    results = together(*[partial(submit, ticket, sam, token=token) for _ in range(4)])
    assert Reply.objects.count() == 1
    assert sum(isinstance(each, claims.ClaimLost) for each in results) == 3


def test_message_against_hand_over_is_either_seen_or_later():
    sam = UserFactory(role="advocate")
    ticket = twitter_ticket()
    for number in range(ROUNDS):
        reply = submit(ticket, sam)
        before = Message.objects.count()
        together(
            partial(replies.hand_over_due, LATER + UNDO),
            partial(MessageFactory, ticket=ticket, namespace="twitter", posted_at=LATER + timedelta(seconds=number)),
        )
        reply.refresh_from_db()
        assert Message.objects.count() == before + 1
        assert reply.state in ("blocked", "queued")
        assert OutboundItem.objects.filter(key=reply.key).exists() is (reply.state == "queued")
        Ticket.objects.update(status="open", claimed_by=None, claim_token=None, claim_expires_at=None)


def test_delivery_reported_by_many_at_once_is_one_message():
    sam = UserFactory(role="advocate")
    reply = submit(twitter_ticket(), sam)
    replies.hand_over_due(LATER + UNDO)
    outbound = settle(reply, "sent", external_id="2001")
    assert together(*[partial(deliveries.apply, outbound)] * 6) == [None] * 6
    assert Message.objects.filter(external_id="2001").count() == 1
    assert Event.objects.filter(kind="delivered").count() == 1
