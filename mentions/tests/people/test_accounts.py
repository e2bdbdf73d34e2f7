from datetime import timedelta

import pytest

from mentions.ingest.placing.placing_by_hand import ensure_ticket
from mentions.models import Author, Event, Message, Person, ThreadAlias, Ticket
from mentions.people.accounts import link_accounts, merge_persons
from mentions.tests.factories import NOON, AccountFactory, ChannelFactory, PersonFactory, UserFactory
from mentions.tests.platforms import connection_with, ingest, said

pytestmark = pytest.mark.django_db


def hours(n):
    return NOON + timedelta(hours=n)


@pytest.mark.parametrize("handle", ["maria", "Maria", "@maria"])
def test_account_of_one_of_us_makes_answers_of_what_it_says(forum, handle):
    account = AccountFactory(person__is_us=True, namespace="testforum", handle=handle)
    ingest(forum, [said("1", thread="t"), said("2", "maria", thread="t", parent="1", hours=1)])
    author = Author.objects.get(external_id="maria")
    assert (author.is_us, author.person) == (True, account.person)
    assert Ticket.objects.get().first_reply_at == hours(1)


def test_account_of_somebody_else_is_tied_but_asks_like_anybody(forum):
    account = AccountFactory(namespace="testforum", handle="maria")
    ingest(forum, [said("1", "maria")])
    assert Author.objects.get().person == account.person
    assert Ticket.objects.count() == 1


def test_handle_of_a_channel_is_ours_without_any_account(forum):
    ChannelFactory(connection=forum, address="acme")
    ingest(forum, [said("1", thread="t"), said("2", "acme", thread="t", parent="1", hours=1)])
    assert Ticket.objects.get().first_reply_at == hours(1)


def test_forged_sender_of_a_mail_is_not_one_of_us(mailbox):
    AccountFactory(person__is_us=True, namespace="testmail", handle="sam@acme.example")
    ingest(mailbox, [said("a@x")])
    forged = said("b@x", "sam@acme.example", thread="a@x", parent="a@x", thread_keys=["a@x"], hours=1)
    ingest(mailbox, [forged])
    message = Message.objects.get(external_id="b@x")
    assert (message.direction, Ticket.objects.get().first_reply_at) == ("in", None)
    link_accounts()
    message.refresh_from_db()
    assert message.direction == "in"


def test_mail_whose_sender_is_proved_is_one_of_ours(mailbox):
    AccountFactory(person__is_us=True, namespace="testmail", handle="sam@acme.example")
    ingest(mailbox, [said("a@x")])
    proved = {"extra": {"authenticated": True}}
    ingest(
        mailbox, [said("b@x", "sam@acme.example", thread="a@x", parent="a@x", thread_keys=["a@x"], hours=1, **proved)]
    )
    assert Ticket.objects.get().first_reply_at == hours(1)


def test_account_added_later_corrects_the_past(forum):
    ingest(forum, [said("1", thread="t"), said("2", "maria", thread="t", parent="1", hours=1)])
    assert Ticket.objects.filter(is_queued=True).count() == 2
    AccountFactory(person__is_us=True, namespace="testforum", handle="maria")
    link_accounts()
    asked = Ticket.objects.get(requester__external_id="ann")
    hers = Ticket.objects.get(requester__external_id="maria")
    assert asked.first_reply_at == hours(1)
    assert (hers.status, hers.no_reply_reason, hers.is_queued) == ("solved", "own", False)
    assert link_accounts() == set()


def test_two_entries_of_one_human_become_one(forum):
    ingest(forum, [said("1", "maria", thread="t")])
    kept, other = PersonFactory(name="Maria"), PersonFactory(name="maria k", is_us=True)
    AccountFactory(person=other, namespace="testforum", handle="maria")
    link_accounts()
    merge_persons(kept, other)
    kept = Person.objects.get()
    assert (kept.name, kept.is_us, kept.accounts.count(), kept.authors.count()) == ("Maria", True, 1, 1)


def test_message_of_a_slack_only_channel_gets_a_ticket_when_somebody_wants_to_work_on_it(db):
    connection = connection_with("testforum", to_queue=False)
    ingest(connection, [said("1", thread="t"), said("2", "acme", thread="t", parent="1", hours=1, is_own=True)])
    user, message = UserFactory(), Message.objects.get(external_id="1")
    ticket = ensure_ticket(message.pk, user, hours(2))
    assert ensure_ticket(message.pk, user, hours(3)) == ticket
    assert (ticket.requester.external_id, ticket.posted_at, ticket.first_reply_at) == ("ann", NOON, hours(1))
    assert Event.objects.get().actor == user
    assert ThreadAlias.objects.get().ticket == ticket
    ingest(connection, [said("3", thread="t", hours=5)])
    assert ticket.messages.count() == 3
