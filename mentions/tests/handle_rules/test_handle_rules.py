"""Suggesting the right handle, the handle reserved for availability, and the note about a wrong one."""

from datetime import timedelta

import pytest
from django.urls import reverse

from channels.models import OutboundItem
from mentions.handle_rules import wrong_handles
from mentions.models import EventKind, Reply, Tag
from mentions.replies import deliveries, dispatch_replies, handles
from mentions.replies.replies import ReplyRefused
from mentions.tests.factories import NOON, ChannelFactory, MessageFactory, UserFactory
from mentions.tests.replying import LATER, UNDO, settle, submit, twitter_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    return twitter_ticket(text="What does the team plan cost?")


@pytest.fixture
def moving(ticket):
    return ChannelFactory(connection=ticket.channel.connection, address="movingtoacme", rank=20)


@pytest.fixture
def status(ticket):
    return ChannelFactory(
        connection=ticket.channel.connection,
        address="acmestatus",
        rank=20,
        settings={"availability_only": True},
        reply_roles=["advocate", "infrastructure"],
    )


@pytest.fixture
def advocate():
    return UserFactory(role="advocate")


def answer_from(ticket, channel, advocate, **more):
    """An answer that the platform has accepted and the desk has recorded."""
    reply = submit(ticket, advocate, channel_id=channel.pk, **more)
    dispatch_replies.hand_over_due(reply.send_at)
    reply.refresh_from_db()
    settle(reply, OutboundItem.State.SENT, external_id=f"99{reply.pk}")
    deliveries.apply(reply.outbound_id, LATER + UNDO)
    reply.refresh_from_db()
    return reply


def follow_up(ticket, reply, text, *seen_by):
    said = MessageFactory(
        ticket=ticket,
        namespace="twitter",
        external_id="7001",
        thread_id="1000",
        parent_external_id=reply.message.external_id,
        author=ticket.requester,
        text=text,
        channel=seen_by[0],
        posted_at=LATER + timedelta(minutes=5),
    )
    for channel in seen_by:
        said.sightings.create(channel=channel, at=NOON)
    return said


def noted(ticket):
    return list(ticket.events.filter(kind=EventKind.WRONG_HANDLE).values_list("data__used", "data__right"))


def test_answer_from_a_wrong_handle_is_noted_once_by_the_desk(ticket, moving, advocate):
    reply = answer_from(ticket, moving, advocate)
    deliveries.apply(reply.outbound_id, LATER + UNDO)
    assert wrong_handles.note([("twitter", reply.message.external_id)], LATER) == 0
    assert noted(ticket) == [("@movingtoacme", "@acme")]
    note = ticket.notes.get()
    assert note.author is None
    assert note.text == "Wrong handle: answered from @movingtoacme instead of @acme. Follow up from @acme."


def test_answer_from_the_right_handle_is_not_noted(ticket, moving, advocate):
    answer_from(ticket, ticket.channel, advocate)
    assert noted(ticket) == []


def test_follow_up_is_proposed_from_the_right_handle_with_the_reason(ticket, moving, advocate):
    reply = answer_from(ticket, moving, advocate)
    said = follow_up(ticket, reply, "And for two teams?", moving)
    found = handles.advise(ticket, said, handles.choices(ticket))
    assert found.channel == ticket.channel
    assert "went out from @movingtoacme" in found.why
    assert "is @acme" in found.why


def test_follow_up_after_a_wrong_answer_of_the_status_handle_is_not_its_own_update(ticket, status, advocate):
    Tag.objects.create(name="availability")
    ticket.tags.add(Tag.objects.get())
    reply = answer_from(ticket, status, advocate)
    ticket.tags.clear()  # it wasn't about availability after all
    said = follow_up(ticket, reply, "And for two teams?", status)
    assert handles.suggest(ticket, said) == ticket.channel
    with pytest.raises(ReplyRefused, match="Reply from @acme instead"):
        submit(ticket, advocate, channel_id=status.pk, now=LATER + timedelta(hours=1))


def test_follow_up_of_a_talk_about_availability_stays_with_the_status_handle(ticket, status, advocate):
    asked = ticket.messages.get()
    asked.text = "Is the site down?"
    asked.save()
    for channel in (ticket.channel, status):
        asked.sightings.create(channel=channel, at=NOON)
    reply = answer_from(ticket, status, advocate)
    said = follow_up(ticket, reply, "Thanks, it works for me now.", status)
    found = handles.advise(ticket, said, handles.choices(ticket))
    assert (found.channel, found.why) == (status, "")
    assert noted(ticket) == []


@pytest.mark.parametrize("role", ["volunteer", "advocate", "manager", "admin"])
def test_status_handle_answers_no_question_about_a_price_whoever_asks(ticket, status, role):
    """The verb itself refuses, so no form, macro or script can do it either."""
    with pytest.raises(ReplyRefused, match="@acmestatus") as refused:
        submit(ticket, UserFactory(role=role), channel_id=status.pk)
    assert "Reply from @acme instead." in str(refused.value)
    assert not Reply.objects.exists()


def test_superuser_is_refused_too_and_told_how_to_say_that_it_is_about_availability(ticket, status):
    with pytest.raises(ReplyRefused, match="tag the ticket “availability” first"):
        submit(ticket, UserFactory(is_superuser=True), channel_id=status.pk)


def test_tag_makes_a_ticket_one_about_availability(ticket, status, advocate):
    ticket.tags.add(Tag.objects.create(name="availability"))
    assert submit(ticket, advocate, channel_id=status.pk).channel == status


def test_question_to_the_status_handle_shows_why_another_one_answers(client, ticket, status, advocate):
    asked = ticket.messages.get()
    asked.sightings.create(channel=status, at=NOON)
    client.force_login(advocate)
    client.post(reverse("mentions:claim", args=[ticket.pk]))
    page = client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()
    assert "They wrote to @acmestatus, which only answers about availability. Reply from @acme." in page


def test_question_to_a_wrong_handle_is_recorded(ticket, status):
    asked = ticket.messages.get()
    asked.sightings.create(channel=status, at=NOON)
    assert wrong_handles.note([("twitter", asked.external_id)], NOON) == 1
    assert noted(ticket) == [("@acmestatus", "@acme")]
    assert not ticket.notes.exists()
