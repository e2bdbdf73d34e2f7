"""Which handle answers a message that mentions several of ours."""

import pytest

from mentions.models import Sighting, ThreadPost
from mentions.replies import handles
from mentions.tests.factories import NOON, ChannelFactory
from mentions.tests.replying import twitter_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    return twitter_ticket(text="Does it work behind a proxy?")


@pytest.fixture
def moving(ticket):
    return ChannelFactory(connection=ticket.channel.connection, address="movingtoacme", rank=20)


@pytest.fixture
def status(ticket):
    connection = ticket.channel.connection
    return ChannelFactory(connection=connection, address="acmestatus", rank=5, settings={"availability_only": True})


def suggested(ticket, *seen_by, text=None, **changed):
    message = ticket.messages.get()
    message.text = text or message.text
    for name, value in changed.items():
        setattr(message, name, value)
    for channel in seen_by:
        Sighting.objects.create(message=message, channel=channel, at=NOON)
    return handles.suggest(ticket, message)


def test_main_handle_answers_when_several_are_named(ticket, moving, status):
    assert suggested(ticket, moving, status, ticket.channel) == ticket.channel


def test_only_named_handle_answers(ticket, moving):
    assert suggested(ticket, moving) == moving


def test_status_handle_answers_availability(ticket, status):
    assert suggested(ticket, ticket.channel, status, text="Is the site DOWN again?") == status


def test_status_handle_that_was_not_named_stays_out(ticket, status):
    assert suggested(ticket, ticket.channel, text="Is the site down again?") == ticket.channel


def test_status_handle_alone_about_something_else_leaves_it_to_the_main_one(ticket, status):
    assert suggested(ticket, status, text="How do I download it?") == ticket.channel


def test_status_handle_answers_replies_to_its_updates(ticket, status):
    ThreadPost.objects.create(
        namespace="twitter", external_id="900", thread_id="900", author_handle="AcmeStatus", posted_at=NOON,
        digest=b"", version_at=NOON,
    )  # fmt: skip
    assert suggested(ticket, ticket.channel, status, parent_external_id="900", text="Thanks!") == status


def test_own_words_of_the_channel_count(ticket, status):
    status.settings = {"availability_only": True, "availability_words": ["kaputt"]}
    status.save()
    assert suggested(ticket, ticket.channel, status, text="Alles kaputt") == status
    assert handles.suggest(ticket, ticket.messages.get(), [ticket.channel]) == ticket.channel


def test_channel_that_may_not_reply_is_no_choice(ticket, moving):
    moving.may_reply = False
    moving.save()
    assert handles.choices(ticket) == [ticket.channel]
