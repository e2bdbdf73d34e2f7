"""Ingest against everything that moves messages between tickets, switched at every lock of either: no message loses its
ticket, none returns to a ticket that was merged away, and nothing deadlocks."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

import pytest

from channels.models import Batch, InboundItem
from mentions.imports import imports
from mentions.ingest.batch import ingest_pending
from mentions.ingest.placing.placing_by_hand import ensure_ticket
from mentions.models import Account, Message, Person, ThreadAlias, Ticket
from mentions.people.accounts import link_accounts
from mentions.tests.factories import NOON, UserFactory
from mentions.tests.interleaving import Job, Met, Pair
from mentions.tests.platforms import arrive, connection_with, ingest, said
from mentions.tests.restored import Restored
from mentions.triage import merging

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nobody_nudged")]
World = Callable[[str], tuple[Job, Job]]


def _ids(*names: str) -> list[str]:
    mark = uuid.uuid4().hex[:8]
    return [f"{name}-{mark}" for name in names]


def _ticket_of(external_id: str) -> Ticket:
    return Message.objects.select_related("ticket").get(external_id=external_id).ticket


def merge(platform: str) -> tuple[Job, Job]:
    """A question's edit and follow-up come in while its ticket is merged into another."""
    source = connection_with(platform)
    ann, bob, more = _ids("ann", "bob", "more")
    ingest(source, [said(ann, "ann"), said(bob, "bob", hours=1)])
    arrive(source, [said(more, "bob", thread=bob, parent=bob, thread_keys=[bob], hours=2)], minutes=200)
    arrive(source, [said(bob, "bob", hours=1, text="edited")], minutes=201)
    merged = partial(merging.merge, [_ticket_of(bob).pk], _ticket_of(ann).pk, UserFactory(), NOON)
    return partial(ingest_pending, connection_id=source.pk), merged


def merge_the_other_way(platform: str) -> tuple[Job, Job]:
    """As above, but the ticket with the higher number stays."""
    source = connection_with(platform)
    ann, bob, more = _ids("ann", "bob", "more")
    ingest(source, [said(ann, "ann"), said(bob, "bob", hours=1)])
    arrive(source, [said(more, "ann", thread=ann, parent=ann, thread_keys=[ann], hours=2)], minutes=200)
    arrive(source, [said(bob, "bob", hours=1, text="edited")], minutes=201)
    merged = partial(merging.merge, [_ticket_of(ann).pk], _ticket_of(bob).pk, UserFactory(), NOON)
    return partial(ingest_pending, connection_id=source.pk), merged


def split(platform: str) -> tuple[Job, Job]:
    source = connection_with(platform)
    first, second, more = _ids("first", "second", "more")
    ingest(source, [said(first, "ann"), said(second, "ann", thread=first, parent=first, thread_keys=[first], hours=1)])
    keys = [first, second]
    arrive(source, [said(more, "ann", thread=first, parent=second, thread_keys=keys, hours=2)], minutes=200)
    arrive(source, [said(second, "ann", thread=first, thread_keys=[first], hours=1, text="edited")], minutes=201)
    message = Message.objects.get(external_id=second)
    return (
        partial(ingest_pending, connection_id=source.pk),
        partial(merging.split, message.ticket_id, [message.pk], UserFactory(), NOON),
    )


def by_hand(platform: str) -> tuple[Job, Job]:
    """A mention in a notify-only channel gets a ticket while its edit and an answer to it come in."""
    source = connection_with(platform, to_queue=False)
    first, more = _ids("first", "more")
    ingest(source, [said(first, "ann")])
    arrive(source, [said(more, "ann", thread=first, parent=first, thread_keys=[first], hours=2)], minutes=200)
    arrive(source, [said(first, "ann", text="edited")], minutes=201)
    message = Message.objects.get(external_id=first)
    return partial(ingest_pending, connection_id=source.pk), partial(ensure_ticket, message.pk, UserFactory(), NOON)


def import_undone(platform: str) -> tuple[Job, Job]:
    source = connection_with(platform)
    first, more = _ids("first", "more")
    ingest(source, [said(first, "ann")])
    batch = Batch.objects.create(connection=source, started_at=NOON)
    items = Message.objects.filter(external_id=first).values("item_id")
    InboundItem.objects.filter(pk__in=items).update(batch=batch)
    arrive(source, [said(more, "ann", thread=first, parent=first, thread_keys=[first], hours=2)], minutes=200)
    arrive(source, [said(first, "ann", text="edited")], minutes=201)
    return partial(ingest_pending, connection_id=source.pk), partial(imports.undo, batch.pk, UserFactory(), NOON)


def account_entered(platform: str) -> tuple[Job, Job]:
    """An admin links an account to one of our people: their answers now belong to the tickets they answer."""
    source = connection_with(platform)
    first, answer, more = _ids("first", "answer", "more")
    handle = f"us{answer}"
    ingest(source, [said(first, "ann"), said(answer, handle, thread=first, parent=first, hours=1)])
    person = Person.objects.create(name=handle, is_us=True)
    Account.objects.create(person=person, namespace=platform, handle=handle)
    arrive(source, [said(answer, handle, thread=first, parent=first, hours=1, text="edited")], minutes=201)
    arrive(source, [said(more, "ann", thread=first, parent=first, thread_keys=[first], hours=2)], minutes=202)
    return partial(ingest_pending, connection_id=source.pk), link_accounts


WORLDS: list[World] = [merge, merge_the_other_way, split, by_hand, import_undone, account_entered]


@pytest.mark.parametrize("platform", ["testforum", "testmail"])
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.__name__)
@pytest.mark.parametrize("order", ["ingest first", "ingest second"])
def test_messages_stay_with_their_ticket_wherever_two_are_switched(world, order, platform, caplog):
    mets = []

    jobs = world(platform)
    with Pair() as pair, Restored(jobs if order == "ingest first" else jobs[::-1]) as restored:
        for met in pair.every_switch(restored.again):
            ingest_pending()  # as the sweep would
            _check(met)
            mets.append(met)
    assert len(mets) >= 3
    assert "deadlock" not in caplog.text


def _check(met: Met) -> None:
    for result in (met.first, met.second):
        assert not isinstance(result, Exception), f"{result!r}, stopped at {met.where}"
    lost = Message.objects.filter(ticket=None, channel__to_queue=True).exclude(direction=Message.Direction.TEAM)
    assert not lost.exists(), met.where
    assert not Message.objects.filter(ticket__merged_into__isnull=False).exists(), met.where
    assert not ThreadAlias.objects.filter(ticket__merged_into__isnull=False).exists(), met.where
    assert not Ticket.objects.filter(follow_up_of__merged_into__isnull=False).exists(), met.where
    empty = Ticket.objects.filter(messages=None, merged_into=None, status__in=("new", "open"))
    assert not empty.exclude(no_reply_reason="own").exists(), met.where
    by_hand = Ticket.objects.filter(events__data__by_hand=True)
    assert not by_hand.filter(messages=None).exists(), met.where
