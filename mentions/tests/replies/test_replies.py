"""Invariant 3: a reply is posted at most once, and whatever wasn't sent becomes visible again."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from channels.models import OutboundItem
from mentions.models import Author, Event, Message, MessageRevision, Reply, Ticket
from mentions.queue import claims
from mentions.replies import deliveries, drafts, replies
from mentions.tests.factories import NOON, AuthorFactory, ChannelFactory, MessageFactory, UserFactory
from mentions.tests.replying import LATER, UNDO, mail_ticket, settle, submit, twitter_ticket
from mentions.triage import outcomes

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


@pytest.fixture
def lee():
    return UserFactory(role="volunteer")


@pytest.fixture
def ticket():
    return twitter_ticket()


def handed(ticket, sam, **changed):
    reply = submit(ticket, sam, **changed)
    assert replies.hand_over_due(LATER + UNDO) == 1
    reply.refresh_from_db()
    return reply


def test_submit_rests_takes_the_ticket_out_of_the_queue_and_the_claim_off_it(ticket, sam):
    drafts.save(ticket.pk, sam, "It does", NOON)
    reply = submit(ticket, sam)
    ticket.refresh_from_db()
    assert reply.send_at == LATER + UNDO
    assert (ticket.status, ticket.claimed_by, ticket.assignee) == ("solved", None, sam)
    assert ticket.first_reply_at is None
    assert drafts.text_of(ticket.pk, sam) == ""
    assert OutboundItem.objects.count() == 0


def test_submit_of_the_same_key_is_one_reply(ticket, sam):
    key = uuid.uuid4()
    first = submit(ticket, sam, key=key)
    again = replies.submit(
        ticket.pk, sam, None, key=key, text=first.text, channel_id=0, guard_message_id=0, status_after="", now=LATER
    )
    assert again == first
    assert Reply.objects.count() == 1


@pytest.mark.parametrize("text", ["It works now.", "Something else."])
def test_submit_of_a_key_whose_reply_was_undone_is_refused_and_sends_nothing(ticket, sam, text):
    key = uuid.uuid4()
    reply = submit(ticket, sam, key=key)
    replies.undo(reply.pk, sam, LATER)
    ticket.refresh_from_db()
    with pytest.raises(replies.ReplyRefused, match="was not sent"):
        submit(ticket, sam, key=key, text=text, token=ticket.claim_token)
    assert Reply.objects.get().state == "undone"
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_submit_of_a_key_with_another_text_is_refused(ticket, sam):
    key = uuid.uuid4()
    submit(ticket, sam, key=key)
    with pytest.raises(replies.ReplyRefused, match="this one was not"):
        submit(ticket, sam, key=key, text="Something else.")


def test_submit_of_a_key_of_another_ticket_is_refused(ticket, sam):
    key = uuid.uuid4()
    submit(ticket, sam, key=key)
    other = mail_ticket()
    with pytest.raises(replies.ReplyRefused):
        submit(other, sam, key=key)
    assert Reply.objects.count() == 1


def test_submit_with_a_stale_token_is_refused(ticket, sam, lee):
    token = claims.claim(sam, ticket.pk, NOON).claim_token
    claims.claim(lee, ticket.pk, NOON + timedelta(hours=1))
    with pytest.raises(claims.ClaimLost):
        submit(ticket, sam, token=token, now=NOON + timedelta(hours=1))
    assert not Reply.objects.exists()


def test_submit_after_a_new_message_is_stopped_and_shows_it(ticket, sam):
    seen = ticket.messages.get().pk
    new = MessageFactory(ticket=ticket, namespace="twitter")
    with pytest.raises(replies.ThreadMoved) as moved:
        submit(ticket, sam, guard_message_id=seen)
    assert moved.value.messages == [new]
    assert not Reply.objects.exists()


def test_submit_after_automatic_mail_is_not_stopped(sam):
    ticket = mail_ticket()
    seen = ticket.messages.get().pk
    MessageFactory(ticket=ticket, namespace="email", is_auto=True)
    assert submit(ticket, sam, guard_message_id=seen).state == "scheduled"


@pytest.mark.parametrize(
    ("text", "why"), [("   ", "empty"), ("a" * 281, "1 characters too long"), ("漢" * 141, "2 characters too long")]
)
def test_submit_counts_as_the_platform_does(ticket, sam, text, why):
    with pytest.raises(replies.ReplyRefused, match=why):
        submit(ticket, sam, text=text)


def test_submit_of_a_long_link_is_not_too_long(ticket, sam):
    assert submit(ticket, sam, text="https://example.com/" + "a" * 300).state == "scheduled"


def test_submit_from_a_channel_of_another_connection_is_refused(ticket, sam):
    with pytest.raises(replies.ReplyRefused):
        submit(ticket, sam, channel_id=mail_ticket().channel_id)


def test_submit_from_a_channel_that_may_not_reply_is_refused(ticket, sam):
    mute = ChannelFactory(connection=ticket.channel.connection, address="acmeold", may_reply=False)
    with pytest.raises(replies.ReplyRefused):
        submit(ticket, sam, channel_id=mute.pk)


def test_submit_on_a_platform_that_takes_none_is_refused(sam):
    with pytest.raises(replies.ReplyRefused):
        submit(MessageFactory().ticket, sam)


def test_interim_reply_keeps_the_claim(ticket, sam):
    submit(ticket, sam, status_after="")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.claimed_by) == ("open", sam)


# --- undo -------------------------------------------------------------------------------------------------------------


def test_undo_gives_ticket_claim_and_text_back(ticket, sam):
    reply = submit(ticket, sam, text="Wait, no.")
    replies.undo(reply.pk, sam, LATER)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.claimed_by) == ("open", sam)
    assert drafts.text_of(ticket.pk, sam) == "Wait, no."
    assert replies.hand_over_due(LATER + UNDO) == 0
    assert OutboundItem.objects.count() == 0


def test_undo_twice_is_one_undo(ticket, sam):
    reply = submit(ticket, sam)
    replies.undo(reply.pk, sam, LATER)
    replies.undo(reply.pk, sam, LATER)
    assert Event.objects.filter(ticket=ticket, kind="undone").count() == 1


def test_undo_after_the_hand_over_is_too_late(ticket, sam):
    reply = handed(ticket, sam)
    with pytest.raises(replies.TooLate):
        replies.undo(reply.pk, sam, LATER + UNDO)
    reply.refresh_from_db()
    assert reply.state == "queued"


def test_undo_of_somebody_elses_reply_needs_the_right(ticket, sam, lee):
    reply = submit(ticket, sam)
    with pytest.raises(PermissionDenied):
        replies.undo(reply.pk, lee, LATER)


def test_undo_leaves_alone_what_happened_to_the_ticket_since(ticket, sam, lee):
    reply = submit(ticket, sam, status_after="pending")
    taken = claims.claim(lee, ticket.pk, LATER)
    replies.undo(reply.pk, sam, LATER)
    ticket.refresh_from_db()
    assert (ticket.claimed_by, ticket.claim_token) == (lee, taken.claim_token)


def test_a_ticket_solved_because_a_reply_was_on_its_way_opens_when_that_is_undone(ticket, sam, lee):
    reply = submit(ticket, sam, status_after="open")
    claims.release(ticket.pk, sam, Ticket.objects.get(pk=ticket.pk).claim_token, LATER)
    outcomes.solve(ticket.pk, lee, None, now=LATER)
    replies.undo(reply.pk, sam, LATER)
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert Event.objects.filter(ticket=ticket, kind="status").last().data["why"] == "reply_undone"


# --- hand-over --------------------------------------------------------------------------------------------------------


def test_hand_over_waits_for_the_undo_window(ticket, sam):
    submit(ticket, sam)
    assert replies.hand_over_due(LATER + UNDO - timedelta(milliseconds=1)) == 0


def test_hand_over_twice_is_one_outbound_item(ticket, sam):
    reply = handed(ticket, sam)
    Reply.objects.filter(pk=reply.pk).update(state="scheduled")  # as after a restore from a backup
    replies.hand_over_due(LATER + UNDO)
    assert OutboundItem.objects.get().key == reply.key


def test_tweet_goes_under_the_requesters_newest_version(ticket, sam):
    mine = MessageFactory(
        ticket=ticket, namespace="twitter", external_id="1002", reply_to_external_id="1009", posted_at=LATER
    )
    other = AuthorFactory(namespace="twitter")
    MessageFactory(ticket=ticket, namespace="twitter", author=other, posted_at=LATER + timedelta(seconds=1))
    handed(ticket, sam)
    item = OutboundItem.objects.get()
    assert item.payload["in_reply_to"] == "1009"
    assert item.payload["sender"] == "acme"
    assert item.payload["thread_id"] == mine.thread_id


def test_mail_goes_to_reply_to_with_the_whole_chain(sam):
    ticket = mail_ticket(
        extra={
            "reply_to": ["Team@Dev.example"],
            "to": ["community@acme.example", "boss@dev.example"],
            "cc": ["community+7@acme.example", "no-reply@dev.example"],
            "references": ["a@x", "b@x"],
        }
    )
    handed(ticket, sam)
    payload = OutboundItem.objects.get().payload
    assert payload["recipients"] == ["team@dev.example"]
    assert payload["cc"] == ["boss@dev.example"]
    assert payload["subject"] == "Re: Licences"
    assert payload["references"] == ["a@x", "b@x", "q1@dev.example"]
    assert payload["in_reply_to"] == "q1@dev.example"


def test_forwarded_mail_is_answered_to_its_original_sender(sam):
    ticket = mail_ticket(
        author=AuthorFactory(namespace="email", handle="sam@acme.example"), extra={"forwarded_by": "s"}
    )
    assert submit(ticket, sam).recipients == ["jane@dev.example"]


@pytest.mark.parametrize("address", ["mailer-daemon@x.example", "no-reply@x.example", "bounces+7@x.example"])
def test_robots_get_no_answer(sam, address):
    with pytest.raises(replies.ReplyRefused):
        submit(mail_ticket(extra={"reply_to": [address]}), sam)


def test_automatic_message_gets_no_answer(sam):
    with pytest.raises(replies.ReplyRefused):
        submit(mail_ticket(is_auto=True), sam)


def test_mails_to_one_address_in_a_day_are_capped(sam, settings):
    settings.MAILS_PER_ADDRESS_PER_DAY = 2
    ticket = mail_ticket()
    for _ in range(2):
        submit(ticket, sam, status_after="")
    with pytest.raises(replies.ReplyRefused, match="loop"):
        submit(ticket, sam, status_after="")
    submit(ticket, sam, status_after="", now=LATER + timedelta(days=1, minutes=1))


def blocked(reply, ticket, sam):
    assert replies.hand_over_due(LATER + UNDO) == 1
    reply.refresh_from_db()
    ticket.refresh_from_db()
    assert reply.state == "blocked"
    assert OutboundItem.objects.count() == 0
    assert (ticket.status, ticket.assignee) == ("open", sam)
    assert drafts.text_of(ticket.pk, sam) == reply.text
    assert Event.objects.get(ticket=ticket, kind="blocked").data["why"]
    return reply


def test_message_between_submit_and_hand_over_blocks_and_reopens(ticket, sam):
    reply = submit(ticket, sam)
    MessageFactory(ticket=ticket, namespace="twitter")
    assert "a new message" in blocked(reply, ticket, sam).error


def test_answered_message_deleted_meanwhile_blocks(ticket, sam):
    reply = submit(ticket, sam)
    ticket.messages.update(is_deleted=True)
    assert "deleted" in blocked(reply, ticket, sam).error


def test_answered_message_edited_meanwhile_blocks(ticket, sam):
    reply = submit(ticket, sam)
    MessageRevision.objects.create(message=ticket.messages.get(), replaced_at=LATER + timedelta(seconds=3))
    assert "edited" in blocked(reply, ticket, sam).error


# --- deliveries -------------------------------------------------------------------------------------------------------


def test_sent_reply_is_a_message_and_stops_the_clock(ticket, sam):
    reply = handed(ticket, sam)
    outbound = settle(reply, "sent", external_id="2001", url="https://t.example/2001")
    deliveries.apply(outbound)
    deliveries.apply(outbound)
    reply.refresh_from_db()
    ticket.refresh_from_db()
    assert reply.state == "sent"
    assert (reply.message.external_id, reply.message.direction) == ("2001", "team")
    assert reply.message.author.external_id == "77"
    assert ticket.first_reply_at == LATER + UNDO
    assert ticket.due_at is None
    assert Event.objects.filter(ticket=ticket, kind="delivered").count() == 1


def test_reply_sent_under_an_unknown_number_is_recorded_once(ticket, sam):
    reply = handed(ticket, sam)
    outbound = settle(reply, "sent")
    deliveries.apply(outbound)
    deliveries.apply(outbound)
    reply.refresh_from_db()
    assert (reply.state, reply.message) == ("sent", None)
    assert Event.objects.filter(ticket=ticket, kind="delivered").count() == 1


def test_sent_reply_that_came_in_by_polling_first_is_the_same_message(ticket, sam):
    reply = handed(ticket, sam)
    us = AuthorFactory(namespace="twitter", external_id="77", is_us=True)
    polled = MessageFactory(
        ticket=ticket, namespace="twitter", external_id="2001", author=us, direction="team", posted_at=LATER + UNDO
    )
    deliveries.apply(settle(reply, "sent", external_id="2001"))
    reply.refresh_from_db()
    assert reply.message == polled
    assert Message.objects.filter(namespace="twitter", external_id="2001").count() == 1
    assert Author.objects.filter(namespace="twitter", external_id="77").count() == 1


def test_sent_time_of_a_clock_behind_ours_never_puts_the_answer_before_the_question(ticket, sam):
    reply = handed(ticket, sam)
    deliveries.apply(settle(reply, "sent", external_id="2001", sent_at=NOON - timedelta(minutes=3)))
    ticket.refresh_from_db()
    assert ticket.first_reply_at == ticket.posted_at


def test_uncertain_reply_is_said_and_not_sent_again(ticket, sam):
    reply = handed(ticket, sam)
    deliveries.apply(settle(reply, "uncertain", error="The connection broke."))
    reply.refresh_from_db()
    ticket.refresh_from_db()
    assert (reply.state, reply.error) == ("uncertain", "The connection broke.")
    assert ticket.first_reply_at is None
    assert Event.objects.filter(ticket=ticket, kind="uncertain").exists()


def test_failed_reply_reopens_the_ticket_and_says_why(ticket, sam):
    reply = handed(ticket, sam)
    drafts.save(ticket.pk, sam, "typed since", LATER)
    outbound = settle(reply, "failed", error="Too similar to your last one.")
    deliveries.apply(outbound)
    deliveries.apply(outbound)
    reply.refresh_from_db()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee, ticket.is_queued) == ("open", sam, True)
    assert drafts.text_of(ticket.pk, sam) == f"{reply.text}\n\ntyped since"
    event = Event.objects.get(ticket=ticket, kind="delivery_failed")
    assert event.data["why"] == "Too similar to your last one."


def test_failed_reply_on_somebody_elses_screen_leaves_their_claim(ticket, sam, lee):
    reply = handed(ticket, sam)
    token = claims.claim(lee, ticket.pk, LATER + UNDO).claim_token
    from django.utils import timezone

    ticket.refresh_from_db()
    ticket.claim_expires_at = timezone.now() + timedelta(minutes=3)
    ticket.save(update_fields=["claim_expires_at"])
    deliveries.apply(settle(reply, "failed", error="no"))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.claim_token, ticket.assignee) == ("open", token, lee)


def test_failed_reply_that_was_there_after_all_is_sent(ticket, sam):
    reply = handed(ticket, sam)
    deliveries.apply(settle(reply, "failed", error="no"))
    deliveries.apply(settle(reply, "sent", external_id="2001"))
    reply.refresh_from_db()
    assert reply.state == "sent"


def test_sweep_finds_deliveries_whose_nudge_was_lost(ticket, sam):
    reply = handed(ticket, sam)
    settle(reply, "sent", external_id="2001")
    assert deliveries.apply_changed(LATER) == 1
    assert deliveries.apply_changed(LATER) == 0
    reply.refresh_from_db()
    assert reply.state == "sent"


def test_deleted_reply_is_taken_out_of_the_clock(ticket, sam):
    reply = handed(ticket, sam)
    deliveries.apply(settle(reply, "sent", external_id="2001"))
    first = replies.delete_posted(reply.pk, sam, LATER)
    assert replies.delete_posted(reply.pk, sam, LATER) == first
    OutboundItem.objects.filter(pk=first.pk).update(state="sent")
    deliveries.apply(first.pk)
    reply.refresh_from_db()
    ticket.refresh_from_db()
    assert (reply.state, reply.message.is_deleted) == ("deleted", True)
    assert (ticket.status, ticket.is_queued, ticket.solved_at) == ("open", True, None)
    assert ticket.first_reply_at is None
    assert ticket.due_at is not None
    assert Event.objects.filter(ticket=ticket, kind="deleted").count() == 1


def test_deletion_that_fails_is_said(ticket, sam):
    reply = handed(ticket, sam)
    deliveries.apply(settle(reply, "sent", external_id="2001"))
    item = replies.delete_posted(reply.pk, sam, LATER)
    OutboundItem.objects.filter(pk=item.pk).update(state="failed", error="Not found.")
    deliveries.apply(item.pk)
    deliveries.apply(item.pk)
    assert Event.objects.get(ticket=ticket, kind="delete_failed").data["why"] == "Not found."
    ticket.refresh_from_db()
    assert ticket.first_reply_at is not None


def test_delete_needs_the_right(ticket, sam, lee):
    reply = handed(ticket, sam)
    with pytest.raises(PermissionDenied):
        replies.delete_posted(reply.pk, lee, LATER)
