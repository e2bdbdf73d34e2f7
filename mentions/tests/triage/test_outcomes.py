"""The ways to leave a ticket: each is one Event and releases the claim; undo restores the previous state."""

from datetime import timedelta
from uuid import uuid4

import pytest

from channels.models import OutboundItem
from mentions.models import Draft, Event, HandBack, Reply, Ticket, parking_reasons
from mentions.queue import claims
from mentions.tests.factories import NOON, AuthorFactory, MessageFactory, TicketFactory, UserFactory
from mentions.tests.replying import answered, twitter_ticket
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused, Unanswered
from mentions.triage import outcomes

pytestmark = pytest.mark.django_db


def test_every_reason_to_park_has_a_default_wait_and_is_offered_or_the_desks_own():
    reasons = {value for value in Ticket.WaitingOn.values if value}
    assert set(parking_reasons.DEFAULT_WAIT) == reasons
    assert {value for value, _label in parking_reasons.offered()} == reasons - parking_reasons.NOT_OFFERED


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


@pytest.fixture
def lee():
    return UserFactory(role="advocate")


@pytest.fixture
def ticket():
    return MessageFactory().ticket


@pytest.fixture
def held(sam, ticket):
    return claims.claim_next(sam, None, NOON)


def kinds(ticket):
    return list(Event.objects.filter(ticket=ticket).values_list("kind", flat=True))


def report(ticket, user):
    return outcomes.report_spam(ticket.pk, user, ticket.claim_token, slack_channel="#abuse", link="https://x", now=NOON)


@pytest.fixture
def answered_one(held):
    return answered(held)


ONLY_ANSWERED = ("solve", "pending")
"""Ways to leave a ticket that require an answer."""
LEAVING = {
    "spam": (report, "solved", ""),
    "solve": (lambda t, u: outcomes.solve(t.pk, u, t.claim_token, now=NOON), "solved", ""),
    "pending": (lambda t, u: outcomes.pending(t.pk, u, t.claim_token, now=NOON), "pending", ""),
    "no_reply": (
        lambda t, u: outcomes.no_reply_needed(t.pk, u, t.claim_token, reason="praise", now=NOON),
        "solved",
        "",
    ),
    "park": (lambda t, u: outcomes.park(t.pk, u, t.claim_token, waiting_on="expert", now=NOON), "open", "expert"),
    "hand_back": (lambda t, u: outcomes.hand_back(t.pk, u, t.claim_token, note="French", now=NOON), "open", ""),
    "outside": (lambda t, u: outcomes.answered_outside(t.pk, u, t.claim_token, now=NOON), "open", "own_answer"),
}


@pytest.mark.parametrize("name", LEAVING)
def test_outcome_is_one_event_and_releases_the_claim(name, held, sam):
    leave, status, waiting_on = LEAVING[name]
    if name in ONLY_ANSWERED:
        answered(held)
    before = Event.objects.count()
    event = leave(held, sam)
    held.refresh_from_db()
    assert (held.status, held.waiting_on) == (status, waiting_on)
    assert (held.claimed_by, held.claim_token, held.claim_expires_at) == (None, None, None)
    assert Event.objects.count() == before + 1
    assert event.actor == sam


@pytest.mark.parametrize("name", LEAVING)
def test_outcome_with_a_stale_token_changes_nothing(name, held, sam, lee):
    later = NOON + timedelta(hours=1)
    taken = claims.claim_next(lee, None, later)
    assert taken.pk == held.pk
    with pytest.raises(claims.ClaimLost):
        LEAVING[name][0](held, sam)
    taken.refresh_from_db()
    assert taken.claimed_by == lee
    assert taken.status == "open"


@pytest.mark.parametrize("name", LEAVING)
def test_outcome_undone_gives_the_ticket_back_to_its_advocate(name, held, sam):
    if name in ONLY_ANSWERED:
        answered(held)
    event = LEAVING[name][0](held, sam)
    outcomes.undo(event.pk, sam, NOON + timedelta(seconds=5))
    held.refresh_from_db()
    assert (held.status, held.waiting_on, held.assignee, held.claimed_by) == ("open", "", sam, sam)
    assert held.no_reply_reason == ""
    assert (held.due_at is None) == (name in ONLY_ANSWERED)
    assert not HandBack.objects.exists()


def test_undo_too_late_or_by_another_is_refused(answered_one, sam, lee):
    event = outcomes.solve(answered_one.pk, sam, answered_one.claim_token, now=NOON)
    with pytest.raises(outcomes.OutcomeRefused):
        outcomes.undo(event.pk, lee, NOON)
    with pytest.raises(outcomes.OutcomeRefused):
        outcomes.undo(event.pk, sam, NOON + timedelta(minutes=2))
    answered_one.refresh_from_db()
    assert answered_one.status == "solved"


def test_undo_twice_is_refused(answered_one, sam):
    event = outcomes.solve(answered_one.pk, sam, answered_one.claim_token, now=NOON)
    outcomes.undo(event.pk, sam, NOON)
    with pytest.raises(outcomes.OutcomeRefused):
        outcomes.undo(event.pk, sam, NOON)


def test_undo_after_somebody_went_on_is_refused(answered_one, sam, lee):
    event = outcomes.solve(answered_one.pk, sam, answered_one.claim_token, now=NOON)
    outcomes.reopen(answered_one.pk, lee, now=NOON)
    with pytest.raises(outcomes.OutcomeRefused):
        outcomes.undo(event.pk, sam, NOON)


def test_no_reply_needed_takes_the_ticket_out_of_the_clock(held, sam):
    assert held.due_at
    outcomes.no_reply_needed(held.pk, sam, held.claim_token, reason="competitor", now=NOON)
    held.refresh_from_db()
    assert held.due_at is None
    assert held.no_reply_reason == "competitor"
    outcomes.reopen(held.pk, sam, now=NOON)
    held.refresh_from_db()
    assert held.due_at is not None


@pytest.mark.parametrize("reason", ["", "because", "PRAISE"])
def test_no_reply_needed_without_a_known_reason_is_refused(held, sam, reason):
    with pytest.raises(outcomes.OutcomeRefused):
        outcomes.no_reply_needed(held.pk, sam, held.claim_token, reason=reason, now=NOON)
    assert kinds(held) == ["claimed"]


def test_hand_back_needs_a_note(held, sam):
    with pytest.raises(outcomes.OutcomeRefused):
        outcomes.hand_back(held.pk, sam, held.claim_token, note="  ", now=NOON)


def test_handed_back_ticket_is_offered_to_others_and_to_its_advocate_after_news(held, sam, lee):
    outcomes.hand_back(held.pk, sam, held.claim_token, note="I do not read French", now=NOON + timedelta(minutes=2))
    soon = NOON + timedelta(minutes=2)
    assert claims.claim_next(sam, None, soon) is None
    mine = claims.claim_next(lee, None, soon)
    assert mine.pk == held.pk
    claims.release(mine.pk, lee, mine.claim_token, soon)
    Ticket.objects.update(assignee=None)
    MessageFactory(ticket=held, ingested_at=NOON + timedelta(minutes=3), is_auto=True)
    assert claims.claim_next(sam, None, NOON + timedelta(minutes=4)) is None
    MessageFactory(ticket=held, ingested_at=NOON + timedelta(minutes=5))
    assert claims.claim_next(sam, None, NOON + timedelta(minutes=6)).pk == held.pk


def test_parked_ticket_comes_back_to_its_old_place_with_its_draft(held, sam):
    Draft.objects.create(ticket=held, user=sam, text="A long answer", updated_at=NOON)
    newer = MessageFactory(ticket=TicketFactory(posted_at=NOON + timedelta(minutes=1))).ticket
    until = NOON + timedelta(hours=2)
    outcomes.park(held.pk, sam, held.claim_token, waiting_on="long_answer", until=until, now=NOON)
    urgent = claims.claim_next(sam, None, NOON + timedelta(minutes=2))
    assert urgent.pk == newer.pk
    claims.release(urgent.pk, sam, urgent.claim_token, NOON + timedelta(minutes=3))
    assert parking.wake_due(until - timedelta(seconds=1)) == 0
    assert parking.wake_due(until) == 1
    assert parking.wake_due(until) == 0
    assert claims.claim_next(sam, None, until).pk == held.pk
    assert Draft.objects.get(ticket=held, user=sam).text == "A long answer"


@pytest.mark.parametrize("until", [NOON, NOON - timedelta(days=1)])
def test_park_until_the_past_is_refused(held, sam, until):
    with pytest.raises(outcomes.OutcomeRefused):
        outcomes.park(held.pk, sam, held.claim_token, waiting_on="monitor", until=until, now=NOON)


def test_answered_outside_leaves_the_clock_running_until_the_answer_is_seen(held, sam):
    outcomes.answered_outside(held.pk, sam, held.claim_token, url="https://hn.example/1", now=NOON)
    held.refresh_from_db()
    assert held.first_reply_at is None
    assert held.due_at is not None
    assert parking.settle_seen(NOON) == 0
    answered(held)
    assert parking.settle_seen(NOON + timedelta(minutes=2)) == 1
    held.refresh_from_db()
    assert (held.status, held.waiting_on) == ("solved", "")


def test_answered_outside_when_the_answer_is_there_already_solves_at_once(held, sam):
    answered(held)
    outcomes.answered_outside(held.pk, sam, held.claim_token, status_after="pending", now=NOON)
    held.refresh_from_db()
    assert (held.status, held.waiting_on) == ("pending", "")


def test_answer_before_the_last_question_does_not_settle(held, sam):
    us = AuthorFactory(is_us=True)
    MessageFactory(ticket=held, direction="team", author=us, posted_at=NOON - timedelta(minutes=1))
    outcomes.answered_outside(held.pk, sam, held.claim_token, now=NOON)
    assert parking.settle_seen(NOON) == 0


def test_answer_that_is_not_seen_brings_the_ticket_back(held, sam):
    outcomes.answered_outside(held.pk, sam, held.claim_token, now=NOON)
    assert parking.wake_due(NOON + timedelta(hours=3)) == 1
    assert Event.objects.get(ticket=held, kind="woken").data["why"] == "answer_not_seen"
    held.refresh_from_db()
    assert held.is_queued


def test_answered_outside_with_a_dangerous_link_is_refused(held, sam):
    with pytest.raises(outcomes.OutcomeRefused):
        outcomes.answered_outside(held.pk, sam, held.claim_token, url="javascript:alert(1)", now=NOON)


def test_closed_ticket_refuses_every_outcome(sam):
    ticket = TicketFactory(status="closed")
    for name, (leave, _status, _waiting) in LEAVING.items():
        with pytest.raises(outcomes.OutcomeRefused):
            leave(ticket, sam)
        assert name
    with pytest.raises(outcomes.OutcomeRefused):
        outcomes.reopen(ticket.pk, sam, now=NOON)


def test_ticket_on_somebody_elses_screen_refuses_outcomes_without_token(held, lee):
    with pytest.raises(claims.AlreadyClaimed) as refused:
        outcomes.solve(held.pk, lee, None, now=NOON)
    assert refused.value.by == held.claimed_by


def test_wake_of_a_ticket_that_is_not_parked_does_nothing(ticket, sam):
    assert outcomes.wake(ticket.pk, None, now=NOON) is None
    assert kinds(ticket) == []


def test_spam_report_goes_to_slack_unless_it_is_undone(held, sam):
    event = report(held, sam)
    item = OutboundItem.objects.get()
    said = held.messages.get()
    assert item.payload["channel"] == "#abuse"
    lines = item.payload["text"].splitlines()
    assert lines[:2] == ["Spam reported to us at 2026-11-02 12:00 UTC: https://x", f"> {said.text}"]
    assert item.not_before > NOON + timedelta(seconds=10)
    outcomes.undo(event.pk, sam, NOON)
    item.refresh_from_db()
    assert item.state == "cancelled"


def test_spam_report_links_to_a_web_page_or_to_nothing(held, sam):
    with pytest.raises(OutcomeRefused, match="https://"):
        outcomes.report_spam(held.pk, sam, held.claim_token, link="javascript:alert(1)", now=NOON)
    assert not OutboundItem.objects.exists()


@pytest.fixture
def tweeted():
    return twitter_ticket(text="@acme spam on your board: https://board.example/issues?label=spam")


def thanked(client, ticket):
    client.post(f"/tickets/{ticket.pk}/claim/")
    token = Ticket.objects.get(pk=ticket.pk).claim_token
    guard = ticket.messages.get().pk
    data = {"token": token, "thanks": "Thank you!", "channel": ticket.channel_id, "guard": guard, "link": ""}
    return data


def test_spam_report_with_thanks_sends_both_and_solves_the_ticket(client, tweeted, sam):
    client.force_login(sam)
    data = thanked(client, tweeted)
    page = client.get(f"/tickets/{tweeted.pk}/").content.decode()
    assert '<details class="menu left up" id="report-spam">' in page
    assert 'value="https://board.example/issues?label=spam"' in page
    for _ in range(2):  # two tabs, or two clicks
        client.post(f"/tickets/{tweeted.pk}/leave/report-spam/", data)
    reply = Reply.objects.get()
    tweeted.refresh_from_db()
    assert (reply.text, reply.state, tweeted.status) == ("Thank you!", "scheduled", "solved")
    assert OutboundItem.objects.get().payload["channel"] == "#abuse"


def test_undone_spam_report_takes_its_thanks_back(client, tweeted, sam):
    client.force_login(sam)
    client.post(f"/tickets/{tweeted.pk}/leave/report-spam/", thanked(client, tweeted))
    event = Event.objects.get(kind="spam_reported")
    outcomes.undo(event.pk, sam, event.at)
    tweeted.refresh_from_db()
    assert (Reply.objects.get().state, OutboundItem.objects.get().state) == ("undone", "cancelled")
    assert tweeted.status == "open"


@pytest.mark.parametrize("leave", [outcomes.solve, outcomes.pending])
def test_what_nobody_has_answered_is_not_done_without_a_reason(leave, held, sam):
    with pytest.raises(Unanswered, match="Nobody has answered"):
        leave(held.pk, sam, held.claim_token, now=NOON)
    held.refresh_from_db()
    assert (held.status, held.claimed_by) == ("open", sam)
    outcomes.no_reply_needed(held.pk, sam, held.claim_token, reason="community", now=NOON)
    held.refresh_from_db()
    assert (held.status, held.due_at) == ("solved", None)


@pytest.mark.parametrize("state", Reply.State.values)
def test_a_reply_on_its_way_counts_as_an_answer_until_it_fails(state, held, sam):
    Reply.objects.create(
        ticket=held, author=sam, channel=held.channel, key=uuid4(), text="Hi", guard_message_id=1, state=state,
        send_at=NOON, created_at=NOON,
    )  # fmt: skip
    if state in Reply.ON_ITS_WAY:
        outcomes.solve(held.pk, sam, held.claim_token, now=NOON)
    else:
        with pytest.raises(Unanswered):
            outcomes.solve(held.pk, sam, held.claim_token, now=NOON)


def test_passing_an_unanswered_report_of_abuse_on_is_a_reason(held, sam):
    report(held, sam)
    held.refresh_from_db()
    assert (held.no_reply_reason, held.due_at) == ("spam_reported", None)


def test_passing_an_answered_report_of_abuse_on_keeps_the_answer_as_the_first_reply(answered_one, sam):
    report(answered_one, sam)
    answered_one.refresh_from_db()
    assert answered_one.no_reply_reason == ""
    assert answered_one.first_reply_at is not None
