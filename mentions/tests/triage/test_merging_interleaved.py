"""Merge and split take turns with whatever else works in the same conversations, also where it has not locked the
tickets that are merged or split."""

from __future__ import annotations

import logging
import uuid
from functools import partial

import pytest

from channels.models import OutboundItem
from mentions.ingest.batch import ingest_pending
from mentions.ingest.placing.placing_by_hand import ensure_ticket
from mentions.models import Account, Message, Person, Reply, ThreadAlias, Ticket
from mentions.people.accounts import link_accounts
from mentions.tests.factories import NOON, UserFactory
from mentions.tests.interleaving import Job, Met, Pair
from mentions.tests.platforms import arrive, connection_with, ingest, said
from mentions.tests.restored import Restored
from mentions.triage import merging

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nobody_nudged")]


def _ticket_of(external_id: str) -> Ticket:
    ticket = Message.objects.select_related("ticket").get(external_id=external_id).ticket
    assert ticket is not None
    return ticket


def _answer_of_ours_and_follow_up() -> tuple[Job, Job]:
    """In one batch: a follow-up, and a reply sent from another ticket, found only once the first ticket is locked. Both
    tickets are merged."""
    source = connection_with("testforum")
    ingest(source, [said("early", "ann"), said("late", "bob", hours=1)])
    early, late = _ticket_of("early"), _ticket_of("late")
    key, message = uuid.uuid4(), early.messages.get()
    item = OutboundItem.objects.create(
        key=key, kind="reply", connection=source, state="sent", external_id="ours", not_before=NOON, payload={}
    )
    Reply.objects.create(
        ticket=early, channel=early.channel, key=key, text="Like this.", in_reply_to=message, guard_message_id=0,
        state="sent", outbound=item, send_at=NOON, created_at=NOON,
    )  # fmt: skip
    arrive(source, [said("more", "bob", thread="late", parent="late", hours=2)], minutes=200)
    arrive(source, [said("ours", "acme", text="Like this.", is_own=True, hours=3)], minutes=201)
    merged = partial(merging.merge, [early.pk], late.pk, UserFactory(), NOON)
    return partial(ingest_pending, connection_id=source.pk), merged


@pytest.mark.parametrize("order", ["ingest first", "merge first"])
def test_neither_ingest_nor_merge_is_aborted_for_the_other(order, caplog):
    caplog.set_level(logging.INFO)
    mets = []

    jobs = _answer_of_ours_and_follow_up()
    with Pair() as pair, Restored(jobs if order == "ingest first" else jobs[::-1]) as restored:
        for met in pair.every_switch(restored.again):
            _check_all_in(met, "late", ["early", "late", "more", "ours"])
            mets.append(met)
    assert len(mets) >= 3
    assert "deadlock" not in caplog.text


def _check_all_in(met: Met, target: str, names: list[str]) -> None:
    _check_succeeded(met)
    assert {_ticket_of(name) for name in names} == {_ticket_of(target)}, met.where
    assert Message.objects.count() == len(names), met.where
    assert Ticket.objects.filter(merged_into=None).count() == 1, met.where


def _check_succeeded(met: Met) -> None:
    for result in (met.first, met.second):
        assert not isinstance(result, Exception), f"{result!r}, stopped at {met.where}"


def _colleague_and_two_merges() -> tuple[Job, Job]:
    """An admin links the account of a colleague, whose answer then belongs to the question's ticket: which is merged
    into a second one, and that into a third."""
    source = connection_with("testforum")
    answer = said("answer", "maria", thread="question", parent="question", hours=1)
    ingest(source, [said("question", "ann"), answer, said("second", "bob", hours=2), said("third", "cyd", hours=3)])
    question, second, third = (_ticket_of(name).pk for name in ("question", "second", "third"))
    maria, sam = Person.objects.create(name="Maria", is_us=True), UserFactory()
    Account.objects.create(person=maria, namespace="testforum", handle="maria")

    def merge_twice() -> None:
        merging.merge([question], second, sam, NOON)
        merging.merge([second], third, sam, NOON)

    return link_accounts, merge_twice


def test_answer_of_a_colleague_follows_its_question_through_two_merges():
    with Pair() as pair, Restored(_colleague_and_two_merges()) as restored:
        mets = 0
        for met in pair.every_two_switches(restored.again, most=12):
            _check_succeeded(met)
            assert {_ticket_of("question"), _ticket_of("answer")} == {_ticket_of("third")}, met.where
            mets += 1
    assert mets >= 3


def _split_and_by_hand() -> tuple[Job, Job]:
    """A closed ticket holds a question and an answer. The answer is split off while somebody makes a ticket of another
    answer to it, which the desk had only noted."""
    source = connection_with("testmail", to_queue=False)
    deeper = said("deeper", "cyd", thread="question", parent="answer", thread_keys=["answer", "question"], hours=2)
    ingest(source, [said("question", "ann"), deeper])
    sam = UserFactory()
    ticket = ensure_ticket(Message.objects.get(external_id="question").pk, sam, NOON)
    ingest(source, [said("answer", "bob", thread="question", parent="question", thread_keys=["question"], hours=1)])
    Ticket.objects.filter(pk=ticket.pk).update(status="closed", solved_at=NOON)
    answer, deeper_id = (Message.objects.get(external_id=name).pk for name in ("answer", "deeper"))
    return partial(ensure_ticket, deeper_id, sam, NOON), partial(merging.split, ticket.pk, [answer], sam, NOON)


@pytest.mark.parametrize("order", ["by hand first", "split first"])
def test_ids_of_split_messages_lead_to_the_new_ticket(order):
    mets = []

    jobs = _split_and_by_hand()
    with Pair() as pair, Restored(jobs if order == "by hand first" else jobs[::-1]) as restored:
        for met in pair.every_switch(restored.again):
            _check_succeeded(met)
            assert ThreadAlias.objects.get(key="answer").ticket == _ticket_of("answer"), met.where
            mets.append(met)
    assert len(mets) >= 3
