from datetime import timedelta
from uuid import uuid4

import pytest

from experts.models import Outreach, PossibleAnswer
from experts.outreach import answers, ending, verdicts
from experts.tests.factories import ExpertFactory, OutreachFactory
from mentions.models import Account, Event, Note, Person, Reply, ThreadPost, Ticket
from mentions.queue import claims
from mentions.tests.factories import (
    NOON,
    AuthorFactory,
    ChannelFactory,
    MessageFactory,
    PersonFactory,
    TicketFactory,
    UserFactory,
)
from mentions.triage import merging, tagging

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
    assert {tag.name for tag in ticket.tags.all()} == {"expert-responded", "expert-response"}
    assert asked.answered_by == asked.expert.person
    assert asked.latency == message.posted_at - asked.asked_at
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
    assert asked.answered_by == other.person


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


def by_person(outreach, person, ticket="own", **fields):
    return MessageFactory(
        ticket=outreach.ticket if ticket == "own" else ticket,
        channel=outreach.ticket.channel,
        author=AuthorFactory(person=person, is_us=True),
        direction="team",
        thread_id="story",
        posted_at=NOON + timedelta(hours=1),
        **fields,
    )


def test_reply_sent_from_the_desk_is_not_the_experts_answer(asked):
    message = by_person(asked, PersonFactory(is_us=True))
    Reply.objects.create(
        ticket=asked.ticket,
        channel=asked.ticket.channel,
        key=uuid4(),
        message=message,
        state="sent",
        guard_message_id=0,
        send_at=NOON,
        created_at=NOON,
    )
    assert answers.recognise([message.pk], NOON) == 0
    assert state(asked) == ("asked", "open")
    assert not PossibleAnswer.objects.exists()


def test_a_colleague_who_was_not_asked_ends_the_wait_and_is_credited(asked):
    colleague = PersonFactory(is_us=True, name="Jo")
    tagging.change(asked.ticket, ["reached-out-to-expert"], [])
    assert answers.recognise([by_person(asked, colleague).pk], NOON) == 1
    assert state(asked) == ("answered", "solved")
    assert asked.answered_by == colleague
    ticket = Ticket.objects.get(pk=asked.ticket_id)
    assert ticket.waiting_on == ""
    assert {tag.name for tag in ticket.tags.all()} == {"expert-responded", "expert-response"}


def test_one_answer_ends_one_request_and_the_other_is_no_longer_needed(asked):
    other = OutreachFactory(ticket=asked.ticket)
    message = answer(asked, other.expert)
    assert answers.recognise([message.pk], NOON) == 1
    assert answers.recognise([message.pk], NOON) == 0
    assert state(other)[0] == "answered"
    assert state(asked)[0] == "withdrawn"
    assert Outreach.objects.filter(answer=message).count() == 1


def test_late_answer_of_the_expert_who_was_asked_still_counts(asked):
    Outreach.objects.update(state="no_answer")
    assert answers.recognise([answer(asked, ExpertFactory()).pk], NOON + timedelta(hours=1)) == 0
    assert answers.recognise([answer(asked, after_h=2.0).pk], NOON + timedelta(hours=2)) == 1
    assert state(asked)[0] == "answered"


def test_answer_that_came_in_as_a_ticket_is_closed_as_expert_response(asked):
    message = answer(asked, ticket=None)
    own = TicketFactory(requester=message.author, channel=asked.ticket.channel, status="new")
    message.ticket = own
    message.save()
    possible = PossibleAnswer.objects.create(
        outreach=asked, message=message, person=asked.expert.person, why="elsewhere", found_at=NOON
    )
    assert verdicts.decide(possible.pk, UserFactory(role="advocate"), is_answer=True, now=NOON)
    own.refresh_from_db()
    assert own.status == "solved"
    assert [tag.name for tag in own.tags.all()] == ["expert-response"]
    assert f"/tickets/{asked.ticket_id}/" in Note.objects.get(ticket=own).text
    assert {tag.name for tag in Ticket.objects.get(pk=asked.ticket_id).tags.all()} == {"expert-responded"}


# --- unsure: ask, never guess -----------------------------------------------------------------------------------------


@pytest.fixture
def parked(asked):
    Ticket.objects.filter(pk=asked.ticket_id).update(wake_at=NOON + timedelta(days=1))
    return asked


def unsure(outreach, message):
    assert answers.recognise([message.pk], NOON) == 0
    assert answers.recognise([message.pk], NOON) == 0
    assert answers.sweep(NOON) == 0
    assert state(outreach) == ("asked", "open")
    return PossibleAnswer.objects.get(outreach=outreach)


def advocate_who_answers_there():
    return PersonFactory(is_us=True, user=UserFactory(role="advocate"))


def our_handle():
    person = PersonFactory(is_us=True, name="Acme")
    Account.objects.create(person=person, namespace="twitter", handle="acme")
    ChannelFactory(address="@acme")
    return person


@pytest.mark.parametrize("who", [advocate_who_answers_there, our_handle])
def test_answer_of_the_community_team_is_asked_about_and_wakes_the_ticket_once(parked, who):
    possible = unsure(parked, by_person(parked, who()))
    assert Ticket.objects.get(pk=parked.ticket_id).is_queued
    advocate = UserFactory(role="advocate")
    assert verdicts.decide(possible.pk, advocate, is_answer=True, now=NOON)
    assert not verdicts.decide(possible.pk, advocate, is_answer=False, now=NOON)
    assert state(parked) == ("answered", "solved")


def test_no_lets_the_ticket_go_on_waiting(parked):
    possible = unsure(parked, by_person(parked, advocate_who_answers_there()))
    verdicts.decide(possible.pk, UserFactory(role="advocate"), is_answer=False, now=NOON)
    ticket = Ticket.objects.get(pk=parked.ticket_id)
    assert (ticket.waiting_on, ticket.wake_at) == ("expert", NOON + timedelta(days=1))
    assert state(parked)[0] == "asked"
    answers.recognise([answer(parked).pk], NOON)
    assert state(parked) == ("answered", "solved")


def test_colleague_elsewhere_in_the_thread_is_asked_about(parked):
    possible = unsure(parked, by_person(parked, PersonFactory(is_us=True), ticket=None))
    assert possible.why == "elsewhere"


def test_account_under_the_name_of_the_expert_is_asked_about_and_linked_by_a_yes(parked):
    Person.objects.filter(pk=parked.expert.person_id).update(name="Nadia Petrova")
    stranger = AuthorFactory(name="nadia_petrova", handle="np7", namespace="hn")
    message = MessageFactory(
        ticket=None, author=stranger, namespace="hn", thread_id="story", posted_at=NOON + timedelta(hours=1)
    )
    parked.ticket.messages.update(namespace="hn")
    possible = unsure(parked, message)
    verdicts.decide(possible.pk, UserFactory(role="advocate"), is_answer=True, now=NOON)
    message.refresh_from_db()
    assert (message.direction, message.author.person) == ("team", parked.expert.person)
    assert state(parked) == ("answered", "solved")
    assert Ticket.objects.get(pk=parked.ticket_id).first_reply_at == message.posted_at


def test_unknown_account_that_says_it_works_here_is_asked_about_and_becomes_a_team_member_by_a_yes(parked, settings):
    settings.COMPANY_NAME = "Acme"
    parked.ticket.messages.update(namespace="hn")
    ThreadPost.objects.create(
        namespace="hn",
        external_id="post",
        thread_id="story",
        author_external_id="joh",
        author_name="Jo Hull",
        text="Acme engineer here: set a cache key.",
        posted_at=NOON + timedelta(hours=1),
        version_at=NOON + timedelta(hours=1),
        digest=b"0" * 16,
    )
    assert answers.sweep(NOON) == 0
    possible = PossibleAnswer.objects.get()
    assert (possible.why, possible.person) == ("disclosed", None)
    assert answers.sweep(NOON) == 0
    verdicts.decide(possible.pk, UserFactory(role="admin"), is_answer=True, now=NOON)
    assert state(parked) == ("answered", "solved")
    assert (parked.answered_by.name, parked.answered_by.is_us) == ("Jo Hull", True)
    assert parked.answer.direction == "team"
    assert ThreadPost.objects.filter(external_id="post").exists()


def test_what_the_asker_says_about_us_is_no_answer(parked, settings):
    settings.COMPANY_NAME = "Acme"
    message = MessageFactory(
        ticket=parked.ticket,
        author=parked.ticket.requester,
        thread_id="story",
        text="I work at Acme, too",
        posted_at=NOON + timedelta(hours=1),
    )
    answers.recognise([message.pk], NOON)
    assert not PossibleAnswer.objects.exists()


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
    assert (ticket.status, ticket.waiting_on) == ("open", "")


def test_request_about_a_merged_ticket_goes_with_it(asked):
    into = MessageFactory().ticket
    merging.merge([asked.ticket_id], into.pk, UserFactory(role="advocate"), NOON)
    answers.sweep(NOON)
    asked.refresh_from_db()
    assert asked.ticket == into


def test_request_about_a_ticket_solved_without_it_is_no_longer_needed(asked):
    tagging.change(asked.ticket, ["reached-out-to-expert"], [])
    Ticket.objects.filter(pk=asked.ticket_id).update(status="solved", waiting_on="", solved_at=NOON)
    assert ending.withdraw_needless(NOON + timedelta(minutes=1)) == 0
    assert ending.withdraw_needless(NOON + timedelta(minutes=3)) == 1
    assert ending.withdraw_needless(NOON + timedelta(minutes=4)) == 0
    assert state(asked)[0] == "withdrawn"
    assert not Ticket.objects.get(pk=asked.ticket_id).tags.exists()


def test_requests_about_both_merged_tickets_become_one(asked):
    into = MessageFactory().ticket
    OutreachFactory(ticket=into, expert=asked.expert)
    merging.merge([asked.ticket_id], into.pk, UserFactory(role="advocate"), NOON)
    answers.sweep(NOON)
    assert sorted(into.outreaches.values_list("state", flat=True)) == ["asked", "withdrawn"]
