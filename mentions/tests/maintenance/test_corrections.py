"""Older tickets are brought in line with the current rules, once, and their history says so."""

from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command

from mentions.clocks import clocks
from mentions.maintenance import corrections
from mentions.models import Event, Reply, Ticket
from mentions.tests.factories import (
    NOON,
    AuthorFactory,
    ChannelFactory,
    EventFactory,
    MessageFactory,
    TagFactory,
    TicketFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def unanswered(status="solved", tag="", **values):
    ticket = MessageFactory(ticket=TicketFactory(status=status, **values)).ticket
    clocks.recompute([ticket.pk])
    if tag:
        ticket.tags.add(TagFactory(name=tag))
    return ticket


def reply_of(ticket, state, **values):
    return Reply.objects.create(
        ticket=ticket, author=UserFactory(), channel=ticket.channel, key=uuid4(), text="Hi", guard_message_id=1,
        state=state, send_at=NOON, created_at=NOON, **values,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "reason"),
    [("", "other"), ("ci", "other"), *((tag, reason.value) for tag, reason in corrections.REASON_OF_TAG.items())],
)
@pytest.mark.parametrize("status", ["solved", "closed"])
def test_a_ticket_solved_without_an_answer_gets_the_reason_of_its_history(status, tag, reason):
    ticket = unanswered(status, tag)
    assert corrections.correct(NOON).reasons == {reason: 1}
    ticket.refresh_from_db()
    assert (ticket.no_reply_reason, ticket.due_at) == (reason, None)
    assert Event.objects.get(ticket=ticket).data["to"] == {"no_reply_reason": reason}
    assert not corrections.correct(NOON).reasons


def test_a_report_of_abuse_that_was_passed_on_is_one():
    ticket = unanswered()
    EventFactory(ticket=ticket, kind="spam_reported")
    assert corrections.correct(NOON).reasons == {"spam_reported": 1}


def test_what_waits_is_left_alone_and_what_is_pending_is_named():
    unanswered("new")
    unanswered("open")
    on_its_way = unanswered("solved")
    reply_of(on_its_way, "queued")
    pending = unanswered("pending")
    done = corrections.correct(NOON)
    assert (dict(done.reasons), done.pending) == ({}, [pending.pk])
    assert not Event.objects.exists()


def test_a_reply_that_bounced_is_taken_out():
    ticket = unanswered("open")
    back = MessageFactory(ticket=ticket, direction="team", author=AuthorFactory(is_us=True))
    reply_of(ticket, "failed", message=back)
    clocks.recompute([ticket.pk])
    assert Ticket.objects.get().first_reply_at
    assert corrections.correct(NOON).bounced == 1
    ticket.refresh_from_db()
    assert (ticket.first_reply_at, ticket.due_at) == (None, NOON + timedelta(hours=7))


def test_due_times_follow_todays_rule():
    ticket = unanswered("new", channel=ChannelFactory(target_minutes=1440), priority=30)
    Ticket.objects.update(due_at=NOON + timedelta(hours=5))
    assert corrections.correct(NOON).clocks == 1
    ticket.refresh_from_db()
    assert ticket.due_at == NOON + timedelta(days=1)


def test_the_command_says_what_it_would_change_and_then_changes_it():
    ticket = unanswered(tag="community-involvement")
    out = StringIO()
    call_command("correct_reply_times", "--dry-run", stdout=out)
    assert "1 tickets solved without an answer would be given a reason.\n  1 left to the community" in out.getvalue()
    ticket.refresh_from_db()
    assert ticket.no_reply_reason == ""
    call_command("correct_reply_times", stdout=out)
    assert "1 tickets solved without an answer were given a reason." in out.getvalue()
    ticket.refresh_from_db()
    assert ticket.no_reply_reason == "community"
