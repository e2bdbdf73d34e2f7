"""Queries and ignore rules at ingest: they keep out new conversations and nothing else."""

import hashlib
import logging

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.models import Channel, IgnoreRule, InboundItem
from mentions.ingest.batch import ingest_pending
from mentions.models import Account, Author, Message, Person, Sighting, ThreadPost, Ticket
from mentions.tests.factories import ChannelFactory
from mentions.tests.platforms import arrive, connection_with, ingest, said

pytestmark = pytest.mark.django_db


def asks_for(connection, query):
    channel = connection.channels.get()
    channel.query = query
    channel.save()
    return channel


def fate(external_id):
    item = InboundItem.objects.get(external_id=external_id)
    return item.state, item.ignored_why, item.ignored_by_id


def test_only_what_the_query_matches_comes_in(forum):
    asks_for(forum, "acme -jobs")
    done = ingest(forum, [said("1", text="I use Acme"), said("2", "bob", text="nothing"), said("3", text="acme jobs")])
    assert (done.stored, done.ignored, done.stopped[InboundItem.objects.get(external_id="2").pk].why) == (1, 2, "query")
    assert Message.objects.get().external_id == "1"
    assert [fate(n) for n in "123"] == [("stored", "", None), ("ignored", "query", None), ("ignored", "query", None)]
    assert Author.objects.get().external_id == "ann"


def test_ignore_rule_stops_and_is_named(forum):
    rule = IgnoreRule.objects.create(name="bots", query="author:*-bot")
    ingest(forum, [said("1", "ci-bot"), said("2", "ann")])
    assert fate("1") == ("ignored", "rule", rule.pk)
    assert fate("2") == ("stored", "", None)
    assert list(Author.objects.values_list("external_id", flat=True)) == ["ann"]


def test_rule_that_is_switched_off_or_of_another_channel_stops_nothing(forum, mailbox):
    IgnoreRule.objects.create(name="off", query="ann", is_active=False)
    IgnoreRule.objects.create(name="other", query="says", channel=mailbox.channels.get())
    ingest(forum, [said("1", text="ann says")])
    assert fate("1")[0] == "stored"


def test_rule_counts_from_the_moment_it_is_saved(forum):
    ingest(forum, [said("1", "x", text="spam")])
    IgnoreRule.objects.create(name="spam", query="spam")
    ingest(forum, [said("2", "y", text="spam")])
    assert (fate("1")[0], fate("2")[0]) == ("stored", "ignored")


def test_conversation_with_a_ticket_is_always_heard(forum):
    asks_for(forum, "acme")
    IgnoreRule.objects.create(name="thanks", query="thanks")
    ingest(forum, [said("1", text="acme?"), said("2", text="thanks", thread="1", parent="1", hours=0.1)])
    ingest(forum, [said("3", text="thanks again", thread="1", parent="1", hours=2)])
    assert Message.objects.filter(ticket=Ticket.objects.get()).count() == 3


def test_answer_below_another_thread_is_a_follow_up_too(forum):
    asks_for(forum, "acme")
    ingest(forum, [said("1", text="acme?"), said("2", text="one more thing", thread="t9", parent="1", hours=0.1)])
    assert Message.objects.filter(ticket=Ticket.objects.get()).count() == 2


def test_bystander_below_a_ticket_begins_a_conversation_of_their_own(forum):
    asks_for(forum, "acme")
    ingest(forum, [said("1", text="acme?")])
    ingest(forum, [said("2", "bob", text="me too", thread="1", parent="1", hours=1)])
    assert fate("2") == ("ignored", "query", None)


def test_closed_ticket_is_followed_up(forum):
    asks_for(forum, "acme")
    ingest(forum, [said("1", text="acme?")])
    Ticket.objects.update(status="closed")
    ingest(forum, [said("2", text="and now?", thread="1", parent="1", hours=50)])
    assert Ticket.objects.count() == 2


def test_mail_in_a_known_thread_is_heard_from_anybody(mailbox):
    asks_for(mailbox, "acme")
    ingest(mailbox, [said("1", text="acme?"), said("2", "boss", text="?", thread="1", parent="1", hours=1)])
    ingest(mailbox, [said("3", "boss", text="??", thread="x", thread_keys=["2"], hours=2)])
    assert Message.objects.filter(ticket=Ticket.objects.get()).count() == 3


def test_own_posts_bounces_and_context_are_never_stopped(forum, mailbox):
    for each in (forum, mailbox):
        asks_for(each, "acme")
    Account.objects.create(person=Person.objects.create(name="Lee", is_us=True), namespace="testforum", handle="lee")
    ingest(forum, [said("1", "acmeteam", text="hello", is_own=True), said("2", "lee", text="hi", thread="9")])
    ingest(forum, [said("3", "bob", text="by the way", thread="9")], role="thread")
    ingest(mailbox, [said("4", "mailer-daemon", text="came back", bounced_id="none")])
    assert [fate(n)[0] for n in "1234"] == ["stored"] * 4
    assert ThreadPost.objects.get().external_id == "3"


def test_mention_keeps_the_channels_that_ask_for_it(db):
    connection = connection_with("testforum", rank=200)
    support = ChannelFactory(connection=connection, address="acmesupport", rank=1, query="help")
    main = ChannelFactory(connection=connection, address="acme", rank=10)
    ingest(connection, [said("1", addressed=[["acme", "acmesupport"]], text="hello")])
    assert Ticket.objects.get().channel == main
    assert Sighting.objects.get().channel == main
    IgnoreRule.objects.create(name="x", query="hello", channel=main)
    ingest(connection, [said("2", "b", addressed=[["acme", "acmesupport"]], text="hello")])
    assert fate("2")[:2] == ("ignored", "rule")
    ingest(connection, [said("3", "c", addressed=[["acme", "acmesupport"]], text="hello help")])
    assert Message.objects.get(external_id="3").channel == support


def test_known_message_seen_where_nobody_asks_for_it_stays_as_it_is(forum):
    other = connection_with("testforum", rank=1, query="acme")
    ingest(forum, [said("1", text="hello")])
    ingest(other, [said("1", text="hello there")], minutes=90)
    message = Message.objects.get()
    assert (message.text, message.channel, message.sightings.count()) == ("hello there", forum.channels.get(), 1)
    assert not InboundItem.objects.filter(state="ignored").exists()


def test_edited_item_is_looked_at_again(forum):
    asks_for(forum, "acme")
    ingest(forum, [said("1", text="nothing")])
    ingest(forum, [said("1", text="it is Acme")], minutes=90)
    assert fate("1") == ("stored", "", None)
    assert Ticket.objects.get().subject == "it is Acme"


def test_item_of_an_undone_import_stays_out_when_it_is_edited(forum):
    arrive(forum, [said("1", text="first")])
    InboundItem.objects.update(state="ignored", ignored_why="undone")
    assert arrive(forum, [said("1", text="second")], minutes=90) == []
    assert arrive(forum, [said("1", text="third")], minutes=99, role="thread") == []
    item = InboundItem.objects.get()
    assert (item.state, item.ignored_why, item.payload["text"]) == ("ignored", "undone", "third")
    assert ingest_pending().taken == 0


def test_what_an_admin_let_pass_passes_that_rule_alone(forum):
    first = IgnoreRule.objects.create(name="one", query="ann")
    ingest(forum, [said("1", text="ann")])
    InboundItem.objects.update(state="pending")  # ignored_why and ignored_by stay set, which lets it past these rules
    arrive(forum, [said("1", text="ann, edited meanwhile")], minutes=90)
    ingest_pending()
    assert fate("1") == ("stored", "", None)
    ingest(forum, [said("2", "x", text="ann")])
    second = IgnoreRule.objects.create(name="two", query="ann")
    InboundItem.objects.filter(external_id="2").update(state="pending")
    ingest_pending()
    assert fate("2") == ("ignored", "rule", second.pk)
    assert first.pk != second.pk


def test_query_that_cannot_be_understood_loses_nothing(forum, caplog):
    Channel.objects.update(query="acme OR (")
    IgnoreRule.objects.create(name="bad", query='"')
    with caplog.at_level(logging.ERROR, "channels.queries.ignoring"):
        ingest(forum, [said("1", text="whatever")])
    assert fate("1")[0] == "stored"
    assert len(caplog.records) == 2


def test_stopped_post_becomes_context_of_a_thread_that_is_followed(forum):
    asks_for(forum, "acme")
    ingest(forum, [said("1", "bob", text="as I said", thread="t"), said("2", text="acme?", thread="t", hours=0.1)])
    ingest(forum, [said("1", "bob", text="as I said", thread="t")], role="thread")
    assert ThreadPost.objects.get().external_id == "1"
    for role in ("mention", "thread", "mention"):  # and doesn't flip back and forth
        ingest(forum, [said("1", "bob", text="as I said", thread="t")], role=role)
    assert arrive(forum, [said("1", "bob", text="as I said", thread="t")], role="thread") == []
    assert (Message.objects.count(), ThreadPost.objects.count(), fate("1")[0]) == (1, 1, "stored")


def test_number_of_statements_does_not_grow_with_what_is_stopped(forum):
    asks_for(forum, "acme")
    IgnoreRule.objects.create(name="x", query="spam")
    ingest(forum, [said("warm", text="acme")])
    counts = []
    for start, size in ((0, 4), (100, 60)):
        texts = ("acme", "acme spam", "nothing", "Acme!")
        arrive(forum, [said(str(start + n), f"u{n}", text=texts[n % 4]) for n in range(size)])
        with CaptureQueriesContext(database) as captured:
            ingest_pending()
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 21, counts


SAID = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cat"]),
        st.sampled_from(["t1", "t2", "t3", "t4"]),
        st.sampled_from(["acme is good", "nothing", "acme spam", "spam"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(posts=SAID, sizes=st.sampled_from([1, 3, 100]))
def test_queries_part_what_arrives_and_lose_nothing(forum, posts, sizes):
    """Each item becomes a message or is ignored with a reason, whatever the batches. In each conversation (author in
    thread), exactly the items before the first match stay out."""
    name = hashlib.blake2b(repr((posts, sizes)).encode(), digest_size=6).hexdigest()
    asks_for(forum, "acme")
    IgnoreRule.objects.get_or_create(name="spam", query="spam")
    payloads = [
        said(f"{name}-{n}", f"{name}{who}", thread=f"{name}{thread}", text=text, hours=n / 100)
        for n, (who, thread, text) in enumerate(posts)
    ]
    arrive(forum, payloads)
    while ingest_pending(limit=sizes).taken:
        pass
    begun, expected = set(), {}
    for n, (who, thread, text) in enumerate(posts):
        if "acme" in text and "spam" not in text:
            begun.add((who, thread))
        why = "query" if "acme" not in text else "rule"
        expected[f"{name}-{n}"] = "" if (who, thread) in begun else why
    items = InboundItem.objects.filter(external_id__startswith=name)
    assert dict(items.values_list("external_id", "ignored_why")) == expected
    stored = {external_id for external_id, why in expected.items() if not why}
    assert set(items.filter(state="stored").values_list("external_id", flat=True)) == stored
    assert set(Message.objects.filter(external_id__startswith=name).values_list("external_id", flat=True)) == stored
    assert Ticket.objects.filter(messages__external_id__startswith=name).distinct().count() == len(begun)
