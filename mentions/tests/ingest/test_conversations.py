"""Which ticket a message belongs to, and how it changes the ticket."""

from datetime import timedelta

import pytest

from mentions.models import Event, HandBack, Message, ThreadAlias, ThreadPost, Ticket
from mentions.tests.factories import NOON, UserFactory
from mentions.tests.platforms import connection_with, ingest, said

pytestmark = pytest.mark.django_db


def hours(n):
    return NOON + timedelta(hours=n)


def solve(status="solved", **more):
    Ticket.objects.update(status=status, solved_at=hours(1), **more)


def kinds():
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


def test_follow_up_of_the_requester_joins_and_reopens(forum):
    ingest(forum, [said("1", thread="t")])
    user = UserFactory()
    solve(assignee=user)
    HandBack.objects.create(ticket=Ticket.objects.get(), user=user, at=NOON)
    ingest(forum, [said("2", thread="t", parent="1", hours=2)])
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.solved_at, ticket.assignee, ticket.is_queued) == ("open", None, user, True)
    assert ticket.messages.count() == 2
    assert Event.objects.get(kind="status").data == {"from": "solved", "to": "open", "why": "message"}
    assert not HandBack.objects.exists()


def test_bystander_does_not_reopen_but_has_a_ticket_of_their_own(forum):
    ingest(forum, [said("1", "ann", thread="t")])
    solve()
    ingest(forum, [said("2", "bob", thread="t", parent="1", hours=2)])
    assert set(Ticket.objects.values_list("requester__external_id", "status")) == {("ann", "solved"), ("bob", "new")}


def test_parked_ticket_comes_back_when_the_requester_writes(forum):
    ingest(forum, [said("1", thread="t")])
    Ticket.objects.update(waiting_on="expert", wait_note="asked Maria", wake_at=hours(50), status="open")
    ingest(forum, [said("2", thread="t", hours=2)])
    ticket = Ticket.objects.get()
    assert (ticket.waiting_on, ticket.wait_note, ticket.wake_at, ticket.is_queued) == ("", "", None, True)
    assert ticket.queued_at == NOON
    assert "woken" in kinds()


def test_closed_ticket_gets_a_follow_up_with_the_same_assignee_and_later_messages_join_that(forum):
    ingest(forum, [said("1", thread="t")])
    user = UserFactory()
    solve("closed", assignee=user)
    old = Ticket.objects.get()
    ingest(forum, [said("2", thread="t", parent="1", hours=2)])
    new = Ticket.objects.get(follow_up_of=old)
    assert (new.assignee, new.status, new.posted_at) == (user, "new", hours(2))
    ingest(forum, [said("3", thread="t", parent="1", hours=3)])
    assert new.messages.count() == 2
    assert Ticket.objects.count() == 2
    assert set(ThreadAlias.objects.values_list("ticket", flat=True)) == {new.pk}


def test_reply_to_our_answer_in_another_thread_stays_in_the_ticket(forum):
    ingest(forum, [said("1", thread="t"), said("2", "acme", thread="t", parent="1", hours=1, is_own=True)])
    ingest(forum, [said("3", thread="elsewhere", parent="2", hours=2)])
    assert Ticket.objects.get().messages.count() == 3


def test_asker_of_another_thread_opens_another_ticket(forum):
    ingest(forum, [said("1", thread="t"), said("2", thread="u")])
    assert Ticket.objects.count() == 2


def test_slack_only_channel_makes_no_ticket_until_a_queue_channel_sees_it(forum):
    notices = connection_with("testforum", to_queue=False, rank=1)
    ingest(notices, [said("1")])
    assert Message.objects.get().ticket is None
    ingest(forum, [said("1")])
    assert Message.objects.get().ticket == Ticket.objects.get()
    assert Ticket.objects.get().channel == forum.channels.get()


# --- own answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_own_answer_stops_the_clock_and_is_no_new_work(forum, order, together):
    both = [said("1", thread="t"), said("2", "acme", thread="t", parent="1", hours=3, is_own=True)]
    payloads = [both[n] for n in order]
    if together:
        ingest(forum, payloads)
    else:
        for payload in payloads:
            ingest(forum, [payload])
    ticket = Ticket.objects.get()
    assert (ticket.first_reply_at, ticket.due_at, ticket.status) == (hours(3), None, "solved")
    assert ticket.first_reply_message.direction == "team"
    assert not ticket.is_queued
    assert Event.objects.get(kind="status").data["why"] == "answered_on_platform"


def test_own_answer_to_an_own_answer_follows_it_to_the_ticket(forum):
    ingest(forum, [said("3", "acme", thread="t", parent="2", hours=3, is_own=True)])
    ingest(forum, [said("2", "acme", thread="t", parent="1", hours=2, is_own=True)])
    assert Message.objects.filter(ticket=None).count() == 2
    ingest(forum, [said("1", thread="t")])
    ticket = Ticket.objects.get()
    assert ticket.messages.count() == 3
    assert ticket.first_reply_at == hours(2)


def test_own_post_that_answers_nobody_is_context_without_a_ticket(forum):
    ingest(forum, [said("1", "acme", is_own=True)])
    message = Message.objects.get()
    assert (message.direction, message.ticket) == ("team", None)
    assert not Ticket.objects.exists()


def test_own_answer_leaves_a_claimed_ticket_in_the_hands_of_who_has_it(forum):
    ingest(forum, [said("1", thread="t")])
    Ticket.objects.update(claimed_by=UserFactory(), claim_token="0" * 32, claim_expires_at=hours(9), status="open")
    ingest(forum, [said("2", "acme", thread="t", parent="1", hours=3, is_own=True)])
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.first_reply_at) == ("open", hours(3))


def test_question_after_our_answer_is_what_waits(forum):
    ingest(forum, [said("1", thread="t"), said("3", thread="t", parent="1", hours=4)])
    ingest(forum, [said("2", "acme", thread="t", parent="1", hours=3, is_own=True)])
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.queued_at, ticket.first_reply_at) == ("open", hours(4), hours(3))


# --- followed threads ---------------------------------------------------------------------------------------------


def test_posts_of_others_in_a_followed_thread_are_shared_context(forum):
    ingest(forum, [said("2", "ann", thread="1", parent="1", hours=1)])
    ingest(forum, [said("1", "op"), said("3", "bob", thread="1", hours=2)], role="thread")
    assert set(ThreadPost.objects.values_list("external_id", flat=True)) == {"1", "3"}
    assert Message.objects.count() == 1


def test_requester_who_goes_on_without_naming_us_is_a_follow_up(forum):
    ingest(forum, [said("2", "ann", thread="1", parent="1", hours=1)])
    solve()
    ingest(forum, [said("3", "ann", thread="1", parent="2", hours=2)], role="thread")
    assert Ticket.objects.get().status == "open"
    assert Ticket.objects.get().messages.count() == 2
    assert not ThreadPost.objects.exists()


def test_what_the_requester_said_before_asking_is_context(forum):
    ingest(forum, [said("2", "ann", thread="1", hours=1)])
    ingest(forum, [said("0", "ann", thread="1", hours=0)], role="thread")
    assert Ticket.objects.get().posted_at == hours(1)
    assert ThreadPost.objects.get().external_id == "0"


def test_own_answer_found_in_a_thread_is_tied_to_the_asker_it_answers(forum):
    ingest(forum, [said(f"{n}", name, thread="s", hours=n) for n, name in enumerate(["ann", "bob"])])
    ingest(forum, [said("9", "acme", thread="s", parent="1", hours=5, is_own=True)], role="thread")
    assert Ticket.objects.get(requester__external_id="bob").first_reply_at == hours(5)
    assert Ticket.objects.get(requester__external_id="ann").first_reply_at is None


def test_own_answer_to_another_post_of_the_asker_stops_the_askers_clock(forum):
    ingest(forum, [said("2", "ann", thread="s", hours=1)])
    ingest(forum, [said("1", "ann", thread="s")], role="thread")
    ingest(forum, [said("3", "acme", thread="s", parent="1", hours=4, is_own=True)], role="thread")
    assert Ticket.objects.get().first_reply_at == hours(4)


def test_context_that_turns_out_to_be_a_mention_becomes_a_message(forum):
    ingest(forum, [said("1", "bob", thread="s")], role="thread")
    ingest(forum, [said("1", "bob", thread="s")], minutes=90)
    assert Message.objects.get().ticket.requester.external_id == "bob"
    assert not ThreadPost.objects.exists()


def test_later_posts_of_the_asker_read_as_context_first_join_the_ticket(forum):
    ingest(forum, [said("2", "ann", thread="s", hours=2), said("3", "bob", thread="s", hours=3)], role="thread")
    ingest(forum, [said("1", "ann", thread="s", hours=1)])
    assert list(Message.objects.order_by("posted_at").values_list("external_id", flat=True)) == ["1", "2"]
    assert ThreadPost.objects.get().external_id == "3"


def test_deleted_context_keeps_its_words_and_says_so(forum):
    ingest(forum, [said("1", "op", thread="s", text="before")], role="thread")
    ingest(forum, [said("1", "", thread="s", text="", is_deleted=True)], role="thread", minutes=90)
    post = ThreadPost.objects.get()
    assert (post.text, post.author_handle, post.is_deleted) == ("before", "op", True)


# --- mail ---------------------------------------------------------------------------------------------------------


def test_mails_thread_by_every_id_they_name_but_never_by_subject(mailbox):
    ingest(mailbox, [said("a@x", "ann", subject="Help")])
    ingest(mailbox, [said("b@x", "bob", subject="Re: Help", thread="a@x", parent="zz", thread_keys=["zz", "a@x"])])
    ingest(mailbox, [said("c@x", "ann", thread="zz", thread_keys=["zz"])])
    assert Ticket.objects.get().messages.count() == 3
    ingest(mailbox, [said("d@x", "ann", subject="Help")])
    assert Ticket.objects.count() == 2


def test_question_that_arrives_after_its_answer_says_who_asks(mailbox):
    ingest(
        mailbox, [said("b@x", "colleague", thread="a@x", parent="a@x", thread_keys=["a@x"], hours=1, subject="Re: S")]
    )
    ingest(mailbox, [said("a@x", "ann", subject="S")])
    ticket = Ticket.objects.get()
    assert (ticket.requester.external_id, ticket.subject, ticket.posted_at) == ("ann", "S", NOON)
    assert (ticket.queued_at, ticket.due_at) == (NOON, hours(7))


def test_forwarded_mail_has_the_original_sender_as_requester(mailbox):
    ingest(mailbox, [said("f@x", "sam", requester={"id": "ann", "name": "Ann"})])
    assert Ticket.objects.get().requester.external_id == "ann"
    assert Message.objects.get().direction == "in"


def test_automatic_mail_is_kept_outside_queue_and_clocks(mailbox):
    ingest(mailbox, [said("n@x", "robot", is_auto=True)])
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.no_reply_reason, ticket.due_at, ticket.is_queued) == (
        "solved",
        "automatic",
        None,
        False,
    )
    ingest(mailbox, [said("m@x", "ann", thread="n@x", thread_keys=["n@x"], hours=1)])
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.no_reply_reason, ticket.due_at) == ("new", "", hours(8))


def test_automatic_mail_does_not_reopen(mailbox):
    ingest(mailbox, [said("a@x")])
    solve()
    ingest(mailbox, [said("o@x", thread="a@x", thread_keys=["a@x"], hours=2, is_auto=True)])
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.messages.count(), ticket.queued_at) == ("solved", 2, NOON)


def test_bounce_is_tied_to_what_bounced_and_brings_the_ticket_back(mailbox):
    ingest(
        mailbox,
        [said("a@x"), said("ours@acme", "acme", thread="a@x", parent="a@x", thread_keys=["a@x"], hours=1, is_own=True)],
    )
    assert Ticket.objects.get().status == "solved"
    ingest(mailbox, [said("bounce@x", "mailer-daemon", hours=2, is_auto=True, bounced_id="ours@acme")])
    ticket = Ticket.objects.get()
    bounce = Message.objects.get(external_id="bounce@x")
    assert (ticket.status, bounce.ticket, bounce.is_auto) == ("open", ticket, True)
    assert Event.objects.get(kind="bounced").data == {"message": bounce.pk, "bounced_id": "ours@acme", "report": {}}
    assert ticket.first_reply_at == hours(1)


def test_mail_of_ours_before_anybody_wrote_is_tied_to_the_ticket_it_begins(mailbox):
    ingest(mailbox, [said("ours@acme", "acme", is_own=True)])
    ingest(mailbox, [said("b@x", "ann", thread="ours@acme", parent="ours@acme", thread_keys=["ours@acme"], hours=1)])
    ticket = Ticket.objects.get()
    assert ticket.messages.count() == 2
    assert (ticket.first_reply_at, ticket.due_at) == (None, hours(8))
