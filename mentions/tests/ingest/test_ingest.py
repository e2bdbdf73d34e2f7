from datetime import timedelta

import pytest

from channels.models import Followed, InboundItem
from mentions.ingest.batch import ingest_pending
from mentions.models import Author, Event, Message, Sighting, ThreadAlias, Ticket
from mentions.tests.factories import NOON, ChannelFactory
from mentions.tests.platforms import arrive, connection_with, ingest, said

pytestmark = pytest.mark.django_db


def test_mention_becomes_message_and_ticket(forum):
    done = ingest(forum, [said("1", "ann", text="How do I install it?", url="https://x.example/1", language="en")])
    message = Message.objects.get()
    ticket = Ticket.objects.get()
    channel = forum.channels.get()
    assert (done.taken, done.stored, done.message_ids, done.ticket_ids) == (1, 1, [message.pk], [ticket.pk])
    assert (message.external_id, message.ticket, message.channel) == ("1", ticket, channel)
    assert (message.text, message.direction, message.posted_at) == ("How do I install it?", "in", NOON)
    assert (ticket.subject, ticket.status, ticket.language) == ("How do I install it?", "new", "en")
    assert (ticket.posted_at, ticket.queued_at, ticket.due_at) == (NOON, NOON, NOON + timedelta(hours=7))
    assert ticket.is_queued
    assert (ticket.requester.external_id, ticket.requester.name) == ("ann", "Ann")
    assert list(Event.objects.values_list("kind", "ticket")) == [("created", ticket.pk)]
    assert list(Sighting.objects.values_list("message", "channel")) == [(message.pk, channel.pk)]
    assert ThreadAlias.objects.get().ticket == ticket
    assert InboundItem.objects.get().state == "stored"
    assert Followed.objects.get().thread_id == "1"


def test_what_holds_no_mention_is_ignored_and_what_is_broken_fails_alone(forum):
    done = ingest(forum, [said("1", nothing=True), said("2", broken=True), said("3")])
    assert (done.ignored, done.failed, done.stored) == (1, 1, 1)
    failed = InboundItem.objects.get(state="failed")
    assert (failed.external_id, failed.error) == ("2", "broken on purpose")
    assert Message.objects.get(is_unreadable=False).external_id == "3"
    assert Message.objects.get(is_unreadable=True).item_id == failed.pk


def test_row_that_the_database_refuses_fails_alone(forum, monkeypatch):
    from mentions.ingest.reading import building

    real = building.message_row

    def odd(parsed, *args):
        row = real(parsed, *args)
        return {**row, "url": None} if parsed.external_id == "2" else row

    monkeypatch.setattr(building, "message_row", odd)
    done = ingest(forum, [said(str(n)) for n in range(5)])
    assert (done.stored, done.failed) == (4, 1)
    assert "null value" in InboundItem.objects.get(state="failed").error
    read = Message.objects.filter(is_unreadable=False)
    assert set(read.values_list("external_id", flat=True)) == {"0", "1", "3", "4"}
    assert Ticket.objects.count() == 5
    assert Ticket.objects.get(messages__is_unreadable=True).subject == "Could not be read"


def test_odd_characters_are_stored_without_what_the_database_cannot_hold(forum):
    ingest(forum, [said("1", text="a\0b \ud83d c 😀", extra={"x\0": "\0\ud800", "n": float("inf")})])
    message = Message.objects.get()
    assert message.text == "ab ? c 😀"
    assert InboundItem.objects.get().state == "stored"


def test_very_long_text_is_stored_whole(forum):
    text = " ".join(f"word{n}" for n in range(200_000))
    ingest(forum, [said("1", text=text)])
    assert Message.objects.get().text == text


def test_second_poll_of_the_same_changes_nothing(forum):
    ingest(forum, [said("1")])
    assert ingest(forum, [said("1")], minutes=90).taken == 0
    assert (Message.objects.count(), Ticket.objects.count(), Event.objects.count()) == (1, 1, 1)


def test_two_connections_that_see_one_post_make_one_ticket_and_a_sighting_each(forum):
    other = connection_with("testforum", rank=1, priority=30)
    ingest(forum, [said("1")])
    ingest(other, [said("1")])
    assert Sighting.objects.count() == 2
    ticket = Ticket.objects.get()
    assert Message.objects.get().channel == ticket.channel == other.channels.get()
    assert (ticket.priority, ticket.due_at) == (30, NOON + timedelta(hours=5))


def test_better_channel_that_sees_a_post_later_brings_its_own_target_and_weekends(forum):
    other = connection_with("testforum", rank=1, target_minutes=60, skips_weekends=True)
    saturday = 24 * (5 - NOON.weekday())
    ingest(forum, [said("1", hours=saturday)], minutes=saturday * 60)
    monday = (NOON + timedelta(hours=saturday + 48)).replace(hour=0, minute=0)
    ingest(other, [said("1", hours=saturday)], minutes=saturday * 60 + 1)
    assert Ticket.objects.get().due_at == monday + timedelta(hours=1)


def test_mention_of_a_connection_without_an_active_channel_says_what_to_add(forum):
    forum.channels.update(is_active=False)
    ingest(forum, [said("1")])
    assert "add one, then replay" in InboundItem.objects.get(state="failed").error


def test_ten_askers_under_one_story_are_ten_tickets(forum):
    ingest(forum, [said(str(n), f"user{n}", thread="story", parent="story", hours=n / 10) for n in range(10)])
    assert Ticket.objects.count() == 10
    assert Followed.objects.count() == 1


def test_post_that_names_three_handles_is_one_ticket_of_the_best_ranked(db):
    connection = connection_with("testforum", rank=200)
    main = ChannelFactory(connection=connection, address="acme", rank=1)
    for n, handle in enumerate(["acmestatus", "acmesupport"]):
        ChannelFactory(connection=connection, address=handle, rank=10 + n)
    ingest(connection, [said("1", addressed=[["acmesupport", "acme", "acmestatus"]])])
    assert Ticket.objects.get().channel == main
    assert Sighting.objects.count() == 3


def test_history_is_replayed_with_the_time_it_is_given(forum):
    arrive(forum, [said("1", hours=-100)])
    ingest_pending(now=lambda mention, fetched_at: mention.posted_at + timedelta(minutes=3))
    assert Ticket.objects.get().created_at == NOON + timedelta(hours=-100, minutes=3)
    assert Message.objects.get().ingested_at == NOON + timedelta(hours=-100, minutes=3)


def test_unknown_authors_are_not_one_person(forum):
    ingest(forum, [said("1", "", thread="t"), said("2", "", thread="t")])
    assert Ticket.objects.count() == Author.objects.count() == 2


def test_number_of_statements_does_not_grow_with_the_batch(
    forum,
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    ingest(forum, [said("warm")])  # loads the connection
    for start, size in ((0, 2), (100, 60)):
        arrive(forum, [said(str(start + n), f"user{n}") for n in range(size)])
        with CaptureQueriesContext(
            connection,
        ) as captured:
            ingest_pending()
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert counts[0] <= 20
