"""Invariants 1 and 5: the desk ends up the same, whatever platforms repeat or reorder and however many workers run."""

import random
import threading
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import connections

from channels.models import Channel, Connection, InboundItem
from mentions.clocks import clocks
from mentions.ingest import storing
from mentions.ingest.batch import ingest_pending
from mentions.models import Author, Event, Message, MessageRevision, Sighting, ThreadAlias, ThreadPost, Ticket
from mentions.tests.factories import NOON, AccountFactory, ChannelFactory, ConnectionFactory
from mentions.tests.platforms import arrive, said
from mentions.tests.tables import desk, differences


def connections_of_the_test():
    """Two connections to the same forum, the second with a notify-only channel, and a mailbox."""
    first = ConnectionFactory(platform="testforum", name="search")
    ChannelFactory(connection=first, slug="search", name="search", is_default=True, rank=50)
    ChannelFactory(connection=first, slug="main", name="main", address="acme", rank=1, priority=30)
    second = ConnectionFactory(platform="testforum", name="second")
    ChannelFactory(connection=second, slug="notices", name="notices", is_default=True, rank=5, to_queue=False)
    mail = ConnectionFactory(platform="testmail", name="mail")
    ChannelFactory(connection=mail, slug="mail", name="mail", is_default=True, rank=9)
    AccountFactory(person__is_us=True, namespace="testforum", handle="Maria")
    return first, second, mail


def story(seed: int):
    """(connection number, role, payload): threads with askers, follow-ups, own answers, edits and bystanders."""
    rng = random.Random(seed)
    out = []
    for thread in range(4):
        askers = [f"user{rng.randrange(6)}" for _ in range(rng.randint(1, 3))]
        ids = []
        for n in range(rng.randint(3, 8)):
            external_id = f"{thread}-{n}"
            author = rng.choice([*askers, "maria", "acme"])
            parent = rng.choice(ids) if ids and rng.random() < 0.9 else None
            more = {"is_own": True} if author == "acme" else {}
            if rng.random() < 0.3 and author != "acme":
                more["addressed"] = [["acme"]]
            at = thread * 40 + n + rng.random() / 2
            entry = said(external_id, author, thread=f"t{thread}", parent=parent, hours=at, **more)
            out.append((0, "mention", entry))
            if rng.random() < 0.4:
                out.append((1, "mention", entry))
            if rng.random() < 0.2:
                out.append(
                    (
                        0,
                        "mention",
                        {
                            **entry,
                            "item": external_id + "v2",
                            "text": "edited " + external_id,
                            "aliases": [external_id + "v2"],
                            "reply_to_id": external_id + "v2",
                        },
                    )
                )
            ids.append(external_id)
    for n in range(3):
        root = f"m{n}@x"
        chain = [root]
        out.append((2, "mention", said(root, f"mailer{n}", hours=200 + n * 10, subject=f"Subject {n}")))
        for k in range(rng.randint(0, 3)):
            own = {"is_own": True} if k % 2 == 0 else {}
            mail_id = f"m{n}.{k}@x"
            author = "acme" if own else f"mailer{n}"
            out.append(
                (
                    2,
                    "mention",
                    said(
                        mail_id,
                        author,
                        thread=root,
                        parent=chain[-1],
                        thread_keys=chain[::-1],
                        hours=201 + n * 10 + k,
                        **own,
                    ),
                )
            )
            chain.append(mail_id)
    return out


def feed(conns, entries, cut):
    """Through the inbox and ingest in batches of `cut`."""
    for start in range(0, len(entries), cut):
        for number, role, payload in entries[start : start + cut]:
            arrive(conns[number], [payload], role=role)
        while (done := ingest_pending(cut)).taken:
            assert done.failed == 0, list(InboundItem.objects.filter(state="failed").values_list("error", flat=True))


def wipe():
    Ticket.objects.update(first_reply_message=None)
    for model in (MessageRevision, Sighting, ThreadAlias, ThreadPost, Event, Message, Ticket, Author, InboundItem):
        model.objects.all().delete()


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(5))
def test_shuffled_repeated_and_recut_items_give_the_same_desk(seed):
    conns = connections_of_the_test()
    entries = story(seed)
    feed(conns, sorted(entries, key=lambda e: e[2]["posted_at"]), cut=1000)
    expected = desk()
    assert len(expected["messages"]) > 10
    rng = random.Random(seed)
    for cut in (1, 7, 1000):
        wipe()
        shuffled = entries + rng.sample(entries, len(entries) // 3)
        rng.shuffle(shuffled)
        feed(conns, shuffled, cut)
        assert differences(desk(), expected) == {}
        assert_clocks_equal_their_recomputation()


def assert_clocks_equal_their_recomputation():
    assert clocks.recompute(Ticket.objects.values_list("pk", flat=True)) == 0
    for ticket in Ticket.objects.exclude(first_reply_at=None):
        assert ticket.first_reply_at >= ticket.posted_at


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_four_workers_over_the_same_items_store_each_once(seed):
    conns = connections_of_the_test()
    entries = [e for n in range(3) for e in renamed(story(seed * 10 + n), n)]
    feed(conns, entries, 1000)
    expected = desk()
    wipe()
    random.Random(seed).shuffle(entries)
    for number, role, payload in entries:
        arrive(conns[number], [payload], role=role)
    errors = work_at_once(4)
    assert not errors
    assert not InboundItem.objects.exclude(state="stored").exists()
    assert differences(desk(), expected) == {}
    assert_clocks_equal_their_recomputation()


def renamed(entries, n):
    """The same conversations among other people, so that several copies make more work."""

    def rename(payload):
        text = {k: f"{v}~{n}" for k, v in payload.items() if k in ("item", "external_id", "thread_id") and v}
        more = {k: [f"{v}~{n}" for v in payload.get(k, [])] for k in ("aliases", "thread_keys")}
        if payload.get("reply_to_id"):
            more["reply_to_id"] = f"{payload['reply_to_id']}~{n}"
        return {**payload, **text, **more, "parent_id": payload["parent_id"] and f"{payload['parent_id']}~{n}"}

    return [(number, role, rename(payload)) for number, role, payload in entries]


def work_at_once(workers):
    errors = []
    start = threading.Barrier(workers)

    def work():
        try:
            start.wait()
            while ingest_pending(5).taken:
                pass
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A worker that found everything locked by others has finished early.
    while ingest_pending(50).taken:
        pass
    return errors


@pytest.mark.django_db(transaction=True)
def test_same_post_through_many_connections_at_once_is_one_message():
    conns = [ConnectionFactory(platform="testforum") for _ in range(4)]
    for n, connection in enumerate(conns):
        ChannelFactory(connection=connection, is_default=True, rank=10 - n)
        arrive(connection, [said(str(k), f"user{k % 7}", thread=f"t{k % 5}", hours=k) for k in range(40)])
    assert not work_at_once(4)
    assert Message.objects.count() == 40
    assert Sighting.objects.count() == 160
    assert Ticket.objects.count() == 35
    assert set(Message.objects.values_list("channel__rank", flat=True)) == {7}
    assert set(Ticket.objects.values_list("channel__rank", flat=True)) == {7}


@pytest.mark.django_db(transaction=True)
def test_batch_that_dies_in_the_middle_leaves_nothing_and_loses_nothing(monkeypatch):
    forum = ConnectionFactory(platform="testforum")
    ChannelFactory(connection=forum, is_default=True)
    arrive(forum, [said(str(n), f"user{n}") for n in range(10)])

    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(storing.settling, "finish", die)
        with pytest.raises(Killed):
            ingest_pending()
    assert not Message.objects.exists()
    assert not Ticket.objects.exists()
    assert InboundItem.objects.filter(state="pending").count() == 10
    ingest_pending()
    assert Message.objects.count() == Ticket.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_collision_with_another_writer_is_done_again_and_not_failed(monkeypatch):
    """The desk stores a reply it sent at the moment polling brings it in."""
    from mentions.tests.factories import MessageFactory

    forum = ConnectionFactory(platform="testforum")
    ChannelFactory(connection=forum, is_default=True)
    arrive(forum, [said("1", thread="t"), said("2", "acme", thread="t", parent="1", hours=1, is_own=True)])
    real, written = storing.write, []

    def late(batch):
        if not written:
            written.append(1)
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
        real(batch)

    def other():
        MessageFactory(
            namespace="testforum",
            external_id="2",
            direction="team",
            ticket=None,
            thread_id="t",
            parent_external_id="1",
            posted_at=NOON + timedelta(hours=1),
        )
        connections.close_all()

    monkeypatch.setattr(storing, "write", late)
    done = ingest_pending()
    assert (done.stored, done.failed) == (2, 0)
    assert Message.objects.count() == 2
    assert Ticket.objects.get().first_reply_at == NOON + timedelta(hours=1)


@pytest.mark.django_db
def test_receiver_that_fails_does_not_undo_what_is_stored(forum):
    from mentions.signals import message_ingested

    def fail(**kwargs):
        raise RuntimeError("upstairs")

    message_ingested.connect(fail)
    try:
        arrive(forum, [said("1")])
        ingest_pending()
    finally:
        message_ingested.disconnect(fail)
    assert Message.objects.count() == 1
    assert database.is_usable()
    assert Connection.objects.count() == 1
    assert Channel.objects.get().last_item_at is not None
