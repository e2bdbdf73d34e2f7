"""Tickets parked for further developments come back when something happens in the conversation."""

from datetime import timedelta

import pytest

from mentions.models import EventKind, ThreadPost, Ticket
from mentions.tests.factories import NOON, EventFactory, MessageFactory, TicketFactory
from mentions.tickets import lifecycle

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=3)


@pytest.fixture
def parked():
    ticket = TicketFactory(status="open", waiting_on="monitor", wake_at=NOON + timedelta(days=1))
    MessageFactory(ticket=ticket, thread_id="t1", posted_at=NOON - timedelta(hours=1))
    EventFactory(ticket=ticket, kind=EventKind.PARKED, at=NOON)
    return ticket


def others(*minutes, **more):
    for minute in minutes:
        ThreadPost.objects.create(
            namespace="hackernews", external_id=f"p{minute}", thread_id=more.pop("thread_id", "t1"), text="It works.",
            posted_at=NOON + timedelta(minutes=minute), digest=b"\0" * 16, version_at=NOON, **more,
        )  # fmt: skip


def is_back(ticket, now=LATER):
    lifecycle.wake_moved(now)
    return Ticket.objects.get(pk=ticket.pk).is_queued


def test_it_returns_when_others_have_spoken_and_are_quiet(parked):
    others(5, 10)
    assert not is_back(parked, NOON + timedelta(minutes=20))
    assert is_back(parked, NOON + timedelta(minutes=41))
    assert "2 new posts in the conversation" in parked.events.get(kind=EventKind.WOKEN).data["why"]
    assert lifecycle.wake_moved(LATER) == 0


def test_it_returns_while_they_speak_if_they_say_much(parked):
    others(1, 2, 3, 4, 5)
    assert is_back(parked, NOON + timedelta(minutes=6))


def test_somebody_elses_question_in_the_thread_counts(parked):
    MessageFactory(thread_id="t1", posted_at=NOON + timedelta(minutes=5))
    assert is_back(parked)


@pytest.mark.parametrize(
    "make",
    [
        lambda: others(-5),
        lambda: others(5, is_deleted=True),
        lambda: others(5, thread_id="t2"),
        lambda: MessageFactory(thread_id="t1", posted_at=NOON + timedelta(minutes=5), is_auto=True),
    ],
    ids=["before", "deleted", "another thread", "automatic"],
)
def test_nothing_else_brings_it_back(parked, make):
    make()
    assert not is_back(parked)


def test_what_waits_for_something_else_is_left_alone(parked):
    others(5)
    Ticket.objects.update(waiting_on="question")
    assert not is_back(parked)
