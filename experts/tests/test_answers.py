from datetime import timedelta

import pytest

from experts.models import Outreach
from experts.outreach import answers
from experts.tests.factories import ExpertFactory, OutreachFactory
from mentions.models import Event, Note, Ticket
from mentions.queue import claims
from mentions.tests.factories import NOON, AuthorFactory, MessageFactory, PersonFactory, UserFactory
from mentions.triage import merging

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked():
    outreach = OutreachFactory()
    MessageFactory(ticket=outreach.ticket, thread_id="story", posted_at=NOON - timedelta(hours=1))
    return outreach


def answer(outreach, expert=None, ticket="own", after_h=1.0, **fields):
    author = AuthorFactory(person=(expert or outreach.expert).person, is_us=True)
    return MessageFactory(
        ticket=outreach.ticket if ticket == "own" else ticket,
        channel=outreach.ticket.channel,
        author=author,
        direction="team",
        thread_id="story",
        posted_at=NOON + timedelta(hours=after_h),
        url="https://news.ycombinator.com/item?id=7",
        **fields,
    )


def state(outreach):
    outreach.refresh_from_db()
    return outreach.state, Ticket.objects.get(pk=outreach.ticket_id).status


def test_answer_solves_tags_and_says_who(asked):
    message = answer(asked)
    assert answers.recognise([message.pk], NOON) == 1
    assert state(asked) == ("answered", "solved")
    ticket = Ticket.objects.get(pk=asked.ticket_id)
    assert [tag.name for tag in ticket.tags.all()] == ["expert-responded"]
    assert asked.answer == message
    assert asked.answered_at == message.posted_at
    assert str(asked.expert) in Note.objects.get(ticket=ticket).text
    assert Event.objects.get(ticket=ticket, kind="expert_responded").data["who"] == str(asked.expert)


def test_recognising_twice_changes_nothing_more(asked):
    message = answer(asked)
    answers.recognise([message.pk], NOON)
    assert answers.recognise([message.pk], NOON) == 0
    assert answers.sweep(NOON) == 0
    assert Note.objects.count() == 1


def test_sweep_finds_an_answer_whose_nudge_was_lost(asked):
    answer(asked)
    assert answers.sweep(NOON) == 1
    assert state(asked) == ("answered", "solved")


def test_another_expert_may_answer_in_their_place(asked):
    other = ExpertFactory()
    answers.recognise([answer(asked, other).pk], NOON)
    assert state(asked)[0] == "answered"
    assert asked.answered_by == other


def test_answer_beside_the_question_is_tied_to_the_ticket_of_the_one_who_was_asked(asked):
    message = answer(asked, ticket=None)
    assert answers.recognise([message.pk], NOON) == 1
    message.refresh_from_db()
    assert message.ticket == asked.ticket
    assert Ticket.objects.get(pk=asked.ticket_id).first_reply_at == message.posted_at


def test_answer_beside_two_questions_is_tied_to_neither(asked):
    second = OutreachFactory(expert=asked.expert)
    MessageFactory(ticket=second.ticket, thread_id="story")
    assert answers.recognise([answer(asked, ticket=None).pk], NOON) == 0


@pytest.mark.parametrize("fields", [{"is_auto": True}, {"is_deleted": True}, {"after_h": -2.0}])
def test_automatic_deleted_and_earlier_messages_are_no_answers(asked, fields):
    assert answers.recognise([answer(asked, **fields).pk], NOON) == 0
    assert state(asked) == ("asked", "open")


def test_reply_of_an_advocate_is_not_the_experts_answer(asked):
    author = AuthorFactory(person=PersonFactory(is_us=True), is_us=True)
    message = MessageFactory(ticket=asked.ticket, author=author, direction="team", posted_at=NOON + timedelta(hours=1))
    assert answers.recognise([message.pk], NOON) == 0
    assert state(asked) == ("asked", "open")


def test_requester_who_has_written_again_keeps_the_ticket_open(asked):
    MessageFactory(ticket=asked.ticket, posted_at=NOON + timedelta(hours=2))
    answers.recognise([answer(asked).pk], NOON)
    assert state(asked) == ("answered", "open")
    assert Ticket.objects.get(pk=asked.ticket_id).is_queued


def test_ticket_in_somebodys_hands_is_not_taken_away(asked):
    advocate = UserFactory(role="advocate")
    claims.claim(advocate, asked.ticket_id, NOON)
    answers.recognise([answer(asked).pk], NOON)
    assert Outreach.objects.get(pk=asked.pk).state == "answered"
    ticket = Ticket.objects.get(pk=asked.ticket_id)
    assert ticket.claimed_by == advocate
    assert ticket.status == "open"


def test_request_about_a_merged_ticket_goes_with_it(asked):
    into = MessageFactory().ticket
    merging.merge([asked.ticket_id], into.pk, UserFactory(role="advocate"), NOON)
    answers.sweep(NOON)
    asked.refresh_from_db()
    assert asked.ticket == into
