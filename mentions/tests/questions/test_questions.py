"""A ticket waiting for the answer to a question: asked in Slack, answered there, back in the queue with the answer."""

from datetime import UTC, datetime, timedelta

import pytest

from channels.errors import RateLimited, Rejected
from channels.models import OutboundItem
from channels.slack import api
from mentions.models import Event, Note, Question, Ticket
from mentions.questions import asking, reading
from mentions.queue import claims
from mentions.tests.factories import MessageFactory, TicketFactory, UserFactory
from mentions.tickets import lifecycle
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import merging, outcomes

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _slack(settings):
    settings.SLACK_TOKEN = "xoxb-1"


@pytest.fixture
def ada():
    return UserFactory(username="ada", role="advocate")


@pytest.fixture
def ticket(ada):
    found = TicketFactory(posted_at=NOW)
    MessageFactory(ticket=found, text="May I print your logo?")
    claims.claim(ada, found.pk, NOW)
    return found


def ask(ticket, ada, room="#legal", text="May they print our logo?", at=NOW):
    ticket.refresh_from_db()
    event = asking.ask(ticket.pk, ada, ticket.claim_token, room=room, text=text, now=at)
    return event, Question.objects.select_related("outbound").get(state="asked")


def deliver(question, state="sent", **changes):
    receipt = {"ts": "100.1", "channel": "C9", "permalink": "https://slack.example/p1"}
    OutboundItem.objects.filter(pk=question.outbound_id).update(state=state, receipt=receipt, **changes)
    asking.apply_delivery(question.outbound_id, NOW)
    asking.apply_delivery(question.outbound_id, NOW)
    question.refresh_from_db()


def says(monkeypatch, *texts, error=None):
    first = {"ts": "100.1", "text": "the question", "bot_id": "B1"}
    replies = [
        {"ts": f"10{number}.5", "text": text, "user": "U9", "user_profile": {"real_name": "Ines Almeida"}}
        for number, text in enumerate(texts, start=1)
    ]

    def thread(channel, ts):
        assert (channel, ts) == ("C9", "100.1")
        if error:
            raise error
        return [first, *replies]

    monkeypatch.setattr(api, "thread", thread)


def test_question_is_posted_and_its_answer_brings_the_ticket_back_with_the_words(ticket, ada, monkeypatch):
    _event, question = ask(ticket, ada)
    ticket.refresh_from_db()
    assert (ticket.waiting_on, ticket.wait_note) == ("question", "May they print our logo?")
    posted = question.outbound.payload
    assert posted["channel"] == "#legal"
    assert posted["text"].startswith("ada asks: May they print our logo?\n")
    assert f"/tickets/{ticket.pk}/" in posted["text"]
    assert "print your logo" not in posted["text"]  # the requester's text stays in the desk
    deliver(question)
    says(monkeypatch)
    assert reading.read_due(NOW) == 1
    says(monkeypatch, "Yes, <https://acme.example/brand|by the guide> &amp; in black", "And say thanks")
    for minute in (2, 4):
        reading.read_due(NOW + timedelta(minutes=minute))
    ticket.refresh_from_db()
    question.refresh_from_db()
    assert (ticket.waiting_on, ticket.is_queued, ticket.assignee, ticket.queued_at) == ("", True, ada, ticket.posted_at)
    assert (question.state, question.answered_by) == ("answered", "Ines Almeida")
    assert list(Note.objects.order_by("pk").values_list("text", flat=True)) == [
        "Ines Almeida answers in #legal: Yes, https://acme.example/brand & in black",
        "Ines Almeida answers in #legal: And say thanks",
    ]
    assert Event.objects.get(kind="woken").data["why"].startswith("Ines Almeida answers: Yes")


def test_nobody_answers_it_comes_back_by_time_and_a_late_answer_still_helps(ticket, ada, monkeypatch):
    _event, question = ask(ticket, ada)
    deliver(question)
    later = NOW + timedelta(hours=5)
    lifecycle.wake_due(later)
    ticket.refresh_from_db()
    assert ticket.is_queued
    says(monkeypatch, "Sorry, I was away: yes")
    reading.read_due(later)
    question.refresh_from_db()
    assert (question.state, Note.objects.count(), Event.objects.filter(kind="woken").count()) == ("answered", 1, 1)


def test_undone_it_is_never_posted(ticket, ada):
    event, question = ask(ticket, ada)
    outcomes.undo(event.pk, ada, NOW + timedelta(seconds=5))
    asking.apply_delivery(question.outbound_id, NOW)
    question.refresh_from_db()
    ticket.refresh_from_db()
    assert (question.state, question.error) == ("over", "")
    assert OutboundItem.objects.get().state == "cancelled"
    assert (ticket.waiting_on, ticket.claimed_by) == ("", ada)


def test_question_that_slack_refuses_brings_the_ticket_back_with_the_reason(ticket, ada):
    _event, question = ask(ticket, ada)
    deliver(question, "failed", error="Slack cannot find that channel.")
    ticket.refresh_from_db()
    assert (ticket.waiting_on, question.state) == ("", "failed")
    assert "Slack cannot find that channel." in Event.objects.get(kind="woken").data["why"]


@pytest.mark.parametrize("is_posted", [False, True])
def test_solved_without_the_answer_the_thread_is_notified_once(ticket, ada, is_posted):
    _event, question = ask(ticket, ada)
    if is_posted:
        deliver(question)
    Ticket.objects.filter(pk=ticket.pk).update(status="solved", waiting_on="", wake_at=None)
    assert [asking.end_needless(NOW), asking.end_needless(NOW)] == [1, 0]
    texts = list(OutboundItem.objects.filter(payload__thread_ts="100.1").values_list("payload__text", flat=True))
    assert texts == (["Nothing more is needed here, thank you!"] if is_posted else [])
    assert OutboundItem.objects.filter(state="cancelled").exists() is not is_posted


def test_second_question_replaces_the_first(ticket, ada):
    _event, first = ask(ticket, ada)
    claims.claim(ada, ticket.pk, NOW)
    _event, second = ask(ticket, ada, text="Or print the name?")
    first.refresh_from_db()
    assert (first.state, second.state) == ("over", "asked")


@pytest.mark.parametrize(("room", "text"), [("#legal", " "), ("not a channel!", "Why?"), ("", "Why?")])
def test_what_cannot_be_asked_is_refused_and_nothing_is_parked(ticket, ada, room, text):
    with pytest.raises(OutcomeRefused):
        ask(ticket, ada, room, text)
    ticket.refresh_from_db()
    assert (ticket.waiting_on, ticket.claimed_by, OutboundItem.objects.count()) == ("", ada, 0)


@pytest.mark.parametrize("error", [RateLimited("wait", retry_after_s=60), Rejected("It is archived.")])
def test_thread_that_cannot_be_read_is_read_later(ticket, ada, monkeypatch, error):
    _event, question = ask(ticket, ada)
    deliver(question)
    says(monkeypatch, error=error)
    assert reading.read_due(NOW) == 0
    says(monkeypatch, "Yes")
    assert reading.read_due(NOW) == 0
    assert reading.read_due(NOW + timedelta(hours=2)) == 1
    assert Question.objects.get().answer == "Yes"


def test_event_from_slack_reads_at_once_and_a_strange_thread_is_not_ours(ticket, ada, monkeypatch):
    _event, question = ask(ticket, ada)
    deliver(question)
    says(monkeypatch)
    reading.read_due(NOW)
    assert reading.wake_thread("C9", "100.1", NOW)
    assert not reading.wake_thread("C9", "7.7", NOW)
    assert reading.read_due(NOW) == 1


def test_page_asks_with_the_park_form_and_shows_the_question(client, ticket, ada):
    client.force_login(ada)
    ticket.refresh_from_db()
    form = {"token": ticket.claim_token, "waiting_on": "question", "room": "#legal", "note": "May they?"}
    client.post(f"/tickets/{ticket.pk}/leave/park/", form)
    assert Question.objects.get().text == "May they?"
    html = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "Asked in Slack" in html
    assert "May they?" in html


def test_other_reasons_to_park_ask_nobody(client, ticket, ada):
    client.force_login(ada)
    ticket.refresh_from_db()
    form = {"token": ticket.claim_token, "waiting_on": "monitor", "room": "#legal", "note": "May they?"}
    client.post(f"/tickets/{ticket.pk}/leave/park/", form)
    assert not Question.objects.exists()


def test_question_goes_with_its_conversation_when_tickets_are_merged(ticket, ada, monkeypatch):
    _event, question = ask(ticket, ada)
    deliver(question)
    other = TicketFactory(posted_at=NOW)
    merging.merge([ticket.pk], other.pk, ada, NOW)
    assert asking.end_needless(NOW) == 0
    says(monkeypatch, "Yes, they may")
    reading.read_due(NOW + timedelta(minutes=2))
    question.refresh_from_db()
    assert (question.state, question.ticket) == ("answered", other)
    assert Note.objects.get(ticket=other).text == "Ines Almeida answers in #legal: Yes, they may"


def test_of_two_questions_of_merged_tickets_one_goes_on_and_the_other_thread_is_notified(ticket, ada):
    _event, first = ask(ticket, ada)
    deliver(first)
    other = TicketFactory(posted_at=NOW)
    claims.claim(ada, other.pk, NOW)
    other.refresh_from_db()
    asking.ask(other.pk, ada, other.claim_token, room="#design", text="In which colours?", now=NOW)
    merging.merge([ticket.pk], other.pk, ada, NOW)
    assert asking.end_needless(NOW) == 1
    assert list(Question.objects.order_by("pk").values_list("state", "ticket")) == [
        ("over", ticket.pk),
        ("asked", other.pk),
    ]
    notice = OutboundItem.objects.get(payload__thread_ts="100.1")
    assert notice.payload["text"] == "Nothing more is needed here, thank you!"
