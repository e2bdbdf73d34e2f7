"""Unreadable items appear in the queue and become the real ticket once they can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels.contract import Item, Page
from channels.inbox import leases, storing_once
from channels.inbox.peeking import peek
from channels.models import InboundItem
from mentions.imports import imports
from mentions.ingest.batch import ingest_pending, retry_suspect
from mentions.ingest.unreadable import place_for
from mentions.models import Author, Event, Message, Ticket
from mentions.queue import claims
from mentions.tests.concurrency import together
from mentions.tests.factories import NOON, ChannelFactory, UserFactory
from mentions.tests.platforms import arrive, ingest, said
from mentions.triage import merging, outcomes

pytestmark = pytest.mark.django_db


def unreadable(connection, external_id: str = "1", **more) -> Ticket:
    """A ticket for an item that can't be read; `mended` makes it readable."""
    ingest(connection, [said(external_id, broken=True, **more)])
    return Ticket.objects.get(messages__item_id=InboundItem.objects.get(external_id=external_id).pk)


def mended(external_id: str = "1", **changes) -> InboundItem:
    """As after a parser fix: the same item can now be read."""
    item = InboundItem.objects.get(external_id=external_id)
    item.payload = {**item.payload, "broken": False, **changes}
    item.save(update_fields=["payload"])
    return item


def replayed(*items: InboundItem) -> None:
    assert leases.replay([item.pk for item in items]) == len(items)
    ingest_pending()
    retry_suspect()


def kinds(ticket: Ticket) -> list[str]:
    return list(ticket.events.order_by("pk").values_list("kind", flat=True))


def test_an_unreadable_mention_is_a_ticket_that_says_what_is_known(forum):
    ticket = unreadable(forum, text="How?", subject="Runner is down", url="https://forum.example/t/1")
    message = ticket.messages.get()
    assert ticket.subject == "Could not be read: Runner is down"
    assert (ticket.status, ticket.is_queued, ticket.channel) == ("new", True, forum.channels.get())
    assert (message.is_unreadable, message.text, message.url) == (
        True,
        "broken on purpose",
        "https://forum.example/t/1",
    )
    fetched_at = InboundItem.objects.get().fetched_at
    assert (ticket.posted_at, ticket.due_at) == (fetched_at, fetched_at + timedelta(hours=7))
    assert kinds(ticket) == ["created", "unreadable"]


def test_it_is_claimed_and_solved_like_any_other(forum):
    ticket, ann = unreadable(forum), UserFactory(role="advocate")
    claimed = claims.claim(ann, ticket.pk, NOON)
    outcomes.no_reply_needed(ticket.pk, ann, claimed.claim_token, reason="other", now=NOON, note="asked by phone")
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_a_replay_that_succeeds_makes_it_the_real_ticket(forum):
    ticket = unreadable(forum, text="How do I install it?", hours=-2)
    replayed(mended())
    message = Message.objects.get()
    assert (message.external_id, message.is_unreadable, message.ticket) == ("1", False, ticket)
    ticket.refresh_from_db()
    assert (ticket.subject, ticket.requester.external_id) == ("How do I install it?", "ann")
    posted = NOON - timedelta(hours=2)
    assert (ticket.posted_at, ticket.queued_at, ticket.due_at) == (posted, posted, posted + timedelta(hours=7))
    assert kinds(ticket) == ["created", "unreadable", "readable"]
    assert Ticket.objects.count() == Author.objects.count() == 1
    item = InboundItem.objects.get()
    assert (item.state, item.attempts, item.unreadable_since) == ("stored", 0, None)


def test_what_people_did_to_it_meanwhile_stays(forum):
    ticket, ann = unreadable(forum), UserFactory(role="advocate")
    claims.claim(ann, ticket.pk, NOON)
    replayed(mended())
    ticket.refresh_from_db()
    assert (ticket.claimed_by, ticket.subject) == (ann, "ann says 1")


def test_the_follow_up_of_the_same_asker_finds_it(forum):
    ticket = unreadable(forum, thread="t")
    replayed(mended())
    ingest(forum, [said("2", thread="t", parent="1", hours=1)])
    assert set(Message.objects.values_list("ticket", flat=True)) == {ticket.pk}


def test_a_message_of_a_known_conversation_joins_it_and_says_so(forum):
    ingest(forum, [said("0", thread="t")])
    real = Ticket.objects.get()
    stood = unreadable(forum, "1", thread="t", parent="0", hours=1)
    replayed(mended())
    stood.refresh_from_db()
    assert (stood.status, stood.merged_into, stood.claimed_by) == ("closed", real, None)
    assert set(real.messages.values_list("external_id", flat=True)) == {"0", "1"}
    assert Event.objects.get(ticket=real, kind="readable").data == {"from": stood.pk}
    assert Event.objects.get(ticket=stood, kind="readable").data == {"to": real.pk}


@pytest.mark.parametrize("changes", [{"nothing": True}, {"is_own": True}])
def test_what_turns_out_to_be_no_mention_closes_the_ticket_with_the_reason(forum, changes):
    ticket = unreadable(forum)
    replayed(mended(**changes))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.due_at) == ("closed", None)
    assert Event.objects.get(ticket=ticket, kind="readable").data["why"]


def test_what_a_query_keeps_out_closes_the_ticket(forum):
    ticket = unreadable(forum, text="about something else")
    channel = forum.channels.get()
    channel.query = '"runner"'
    channel.save()
    replayed(mended())
    ticket.refresh_from_db()
    assert ticket.status == "closed"
    assert InboundItem.objects.get().ignored_why == "query"


def test_a_replay_that_fails_again_is_recorded_in_the_same_ticket(forum):
    ticket = unreadable(forum)
    replayed(InboundItem.objects.get())
    assert Ticket.objects.get() == ticket
    assert kinds(ticket) == ["created", "unreadable", "unreadable"]
    assert InboundItem.objects.get().state == "failed"


def test_a_new_version_of_the_item_makes_it_the_real_ticket(forum):
    ticket = unreadable(forum)
    ingest(forum, [said("1", text="mended by its author")], minutes=90)
    assert Message.objects.get().ticket == ticket
    assert Message.objects.get().text == "mended by its author"


def test_a_new_version_that_cannot_be_read_is_recorded_in_the_ticket_of_the_old_one(forum):
    ingest(forum, [said("1")])
    ingest(forum, [said("1", broken=True)], minutes=90)
    ticket = Ticket.objects.get()
    assert kinds(ticket) == ["created", "unreadable"]
    assert Message.objects.get().text == "ann says 1"


def test_context_that_cannot_be_read_is_listed_and_makes_no_ticket(forum):
    ingest(forum, [said("1", broken=True)], role="thread")
    assert not Ticket.objects.exists()
    assert InboundItem.objects.get().state == "failed"


def test_an_undone_import_takes_it_back_and_a_later_replay_does_nothing(forum):
    from channels.models import Batch

    ticket = unreadable(forum)
    batch = Batch.objects.create(connection=forum, started_at=NOON)
    InboundItem.objects.update(batch=batch)
    assert imports.undo(batch.pk, None, NOON).tickets == 1
    assert not Ticket.objects.filter(pk=ticket.pk).exists()
    assert leases.replay([InboundItem.objects.get().pk]) == 0
    mended()
    imports.redo(batch.pk)
    ingest_pending()
    assert Message.objects.get().is_unreadable is False


def test_it_was_merged_by_hand_and_is_read_after_all(forum):
    ingest(forum, [said("0", "bob")])
    real = Ticket.objects.get()
    stood = unreadable(forum)
    merging.merge([stood.pk], real.pk, None, NOON)
    replayed(mended())
    real.refresh_from_db()
    assert (real.subject, real.requester.external_id) == ("bob says 0", "bob")
    assert set(real.messages.values_list("external_id", "is_unreadable")) == {("0", False), ("1", False)}


def test_it_stands_where_nobody_sees_it_who_could_not_have_seen_the_mention(forum):
    secret = ChannelFactory(connection=forum, visible_to=["manager"], rank=50)
    assert place_for(forum.pk) == secret
    assert unreadable(forum).channel == secret


def test_without_a_channel_that_makes_tickets_it_is_only_listed(forum):
    forum.channels.update(to_queue=False)
    ingest(forum, [said("1", broken=True)])
    assert not Ticket.objects.exists()
    assert InboundItem.objects.get().state == "failed"


def test_the_channel_that_took_it_is_the_channel_of_the_real_ticket(forum):
    secret = ChannelFactory(connection=forum, visible_to=["manager"], rank=50, address="board")
    ticket = unreadable(forum)
    assert ticket.channel == secret
    replayed(mended())
    ticket.refresh_from_db()
    assert ticket.channel != secret


@pytest.mark.django_db(transaction=True)
def test_two_replays_at_once_and_ingest_beside_them_make_one_ticket(forum):
    ticket = unreadable(forum)
    item = mended()
    arrive(forum, [said(str(n), f"u{n}") for n in range(2, 12)])
    results = together(
        lambda: leases.replay([item.pk]), lambda: leases.replay([item.pk]), ingest_pending, ingest_pending
    )
    assert [result for result in results if isinstance(result, Exception)] == []
    assert results[0] + results[1] == 1
    while ingest_pending().taken:
        pass
    assert Message.objects.filter(external_id="1", ticket=ticket).count() == 1
    assert not Message.objects.filter(is_unreadable=True).exists()
    assert Ticket.objects.count() == 11


def test_a_mail_tells_sender_subject_and_date_without_its_parser(mailbox):
    raw = b"From: Ann <ann@x.example>\r\nSubject: It hangs\r\nDate: Mon, 02 Feb 2026 08:00:00 +0000\r\n\r\nhello"
    storing_once.store_page(mailbox.pk, Page([Item("1", None, raw)], None), fetched_at=NOON)
    assert ingest_pending().failed == 1
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.requester.name) == ("Could not be read: It hangs", "Ann <ann@x.example>")
    assert ticket.posted_at == min(NOON, datetime(2026, 2, 2, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("payload", "sender", "subject"),
    [
        ('{"user": {"screen_name": "ann"}, "title": "A \\"quoted\\" thing"}', "ann", 'A "quoted" thing'),
        ('{"title": 7, "by": null}', "", ""),
        ("[[[[", "", ""),
        (None, "", ""),
        ('{"subject":"' + "x" * 100_000, "", ""),
    ],
)
def test_a_glimpse_is_a_hint_and_never_fails(payload, sender, subject):
    glimpse = peek(payload, None)
    assert (glimpse.sender, glimpse.subject) == (sender, subject)
