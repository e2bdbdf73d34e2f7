from __future__ import annotations

import itertools
import math
import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction

from channels.contract import Outgoing
from channels.errors import AuthFailed, Malformed, RateLimited, Rejected, Transient, Uncertain
from channels.http import deadlines
from channels.models import OutboundItem
from channels.outbox import outbox, sending, states
from channels.signals import delivery_changed
from channels.tests.factories import NOW, make_connection, make_reply
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db
State = OutboundItem.State
Kind = OutboundItem.Kind


def raising(error: BaseException):
    def fail(*args: object) -> None:
        raise error

    return fail


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def test_a_reply_is_sent_with_its_receipt(fake: FakeAdapter) -> None:
    item = make_reply(make_connection())
    assert outbox.send_due(NOW) == 1
    item.refresh_from_db()
    assert (item.state, item.external_id, item.url) == (State.SENT, "post-1", "https://fake.example/post-1")
    assert fake.posts == [Outgoing(key=str(item.key), text="Hello", in_reply_to="m1", sender="acme")]
    assert outbox.send_due(after(3600)) == 0


@pytest.mark.parametrize("kind", ["reply", "delete", "like"])
def test_whatever_leaves_ends_before_its_worker_counts_as_lost(fake: FakeAdapter, kind: str) -> None:
    left: list[float] = []

    def look(*args: object) -> None:
        left.append(deadlines.left_until() - time.monotonic())

    fake.on_send = fake.on_delete = fake.on_like = look
    payload = {"text": "Hello"} if kind == "reply" else {"external_id": "m1"}
    outbox.enqueue(
        key=uuid4(), kind=kind, connection_id=make_connection().pk, conversation="c", payload=payload, not_before=NOW
    )
    assert outbox.send_due(NOW) == 1
    assert fake.request_timeout_s - 5 < left[0] <= fake.request_timeout_s
    assert deadlines.left_until() == math.inf


def test_one_key_is_one_item(fake: FakeAdapter) -> None:
    connection, key = make_connection(), uuid4()
    first = make_reply(connection, key=key)
    assert make_reply(connection, key=str(key), payload={"text": "another"}).pk == first.pk
    outbox.send_due(NOW)
    assert [post.text for post in fake.posts] == ["Hello"]


def test_not_before_is_waited_for(fake: FakeAdapter) -> None:
    make_reply(make_connection(), not_before=after(10))
    assert outbox.send_due(after(9)) == 0
    assert outbox.send_due(after(10)) == 1


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("reply", {"no_text": 1}), ("reply", {"text": "a", "colour": "red"}), ("delete", {}), ("shout", {"text": "a"})],
)
def test_what_could_never_be_sent_is_refused_at_once(kind: str, payload: dict) -> None:
    connection = make_connection()
    with pytest.raises(ValueError, match=r"\w"):
        outbox.enqueue(
            key=uuid4(), kind=kind, connection_id=connection.pk, conversation="c", payload=payload, not_before=NOW
        )


def test_every_change_is_announced_after_commit(fake: FakeAdapter, django_capture_on_commit_callbacks) -> None:
    changes = []

    def receive(sender, outbound_id, state, **kwargs):
        changes.append((outbound_id, state))

    delivery_changed.connect(receive)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            item = make_reply(make_connection())
            outbox.send_due(NOW)
    finally:
        delivery_changed.disconnect(receive)
    assert changes == [(item.pk, "queued"), (item.pk, "sending"), (item.pk, "sent")]


def test_a_transient_error_is_tried_again_with_backoff_and_a_cap(fake: FakeAdapter) -> None:
    item = make_reply(make_connection())
    fake.on_send = raising(Transient("no route"))
    now, pauses = NOW, []
    for _ in range(states.MAX_ATTEMPTS):
        assert outbox.send_due(now) == 1
        assert outbox.send_due(now) == 0
        item.refresh_from_db()
        pauses.append((item.not_before - now).total_seconds())
        now = item.not_before + timedelta(seconds=1)
    assert item.state == State.FAILED
    assert "no route" in item.error
    assert str(states.MAX_ATTEMPTS) in item.error
    assert all(later > earlier for earlier, later in itertools.pairwise(pauses[:6]))
    assert fake.posts == []


def test_a_quota_is_waited_out(fake: FakeAdapter) -> None:
    item = make_reply(make_connection())
    fake.on_send = raising(RateLimited("asked too often", until=after(4000), retry_after_s=10))
    outbox.send_due(NOW)
    item.refresh_from_db()
    assert item.state == State.RETRYING
    assert item.not_before >= after(4000)


def test_one_item_is_sent_before_all_others_and_alone(fake: FakeAdapter) -> None:
    connection = make_connection()
    waiting = make_reply(connection, conversation="older", payload={"text": "older"})
    urgent = make_reply(connection, conversation="urgent", payload={"text": "urgent"})
    assert sending.send_one(urgent.pk, NOW)
    assert [post.text for post in fake.posts] == ["urgent"]
    assert not sending.send_one(urgent.pk, NOW)
    waiting.refresh_from_db()
    assert waiting.state == State.QUEUED


def test_nothing_leaves_while_sending_is_held(fake: FakeAdapter, settings) -> None:
    item = make_reply(make_connection())
    settings.HOLD_SENDING = True
    assert outbox.send_due(NOW) == 0
    assert not sending.send_one(item.pk, NOW)
    assert fake.posts == []
    settings.HOLD_SENDING = False
    assert outbox.send_due(NOW) == 1


@pytest.mark.parametrize("error", [Rejected("too long"), AuthFailed("token expired")])
def test_a_refusal_is_final_and_says_why(fake: FakeAdapter, error: Exception) -> None:
    item = make_reply(make_connection())
    fake.on_send = raising(error)
    outbox.send_due(NOW)
    item.refresh_from_db()
    assert (item.state, item.error) == (State.FAILED, str(error))


@pytest.mark.parametrize("error", [Uncertain("cut off"), Malformed("odd answer"), KeyError("bug"), TimeoutError()])
def test_any_doubt_makes_it_uncertain_and_never_sends_again(fake: FakeAdapter, error: Exception) -> None:
    item = make_reply(make_connection())
    fake.after_send = raising(error)
    outbox.send_due(NOW)
    item.refresh_from_db()
    assert item.state == State.UNCERTAIN
    assert "Fakebook" in item.error
    assert outbox.send_due(after(86400)) == 0
    assert len(fake.posts) == 1


def test_wrong_settings_or_a_missing_secret_fail_before_anything_is_sent(fake: FakeAdapter) -> None:
    item = make_reply(make_connection(settings={"port": 99999}))
    outbox.send_due(NOW)
    item.refresh_from_db()
    assert item.state == State.FAILED
    assert "65535" in item.error
    assert fake.posts == []


def test_a_paused_connection_sends_nothing_until_it_is_resumed(fake: FakeAdapter) -> None:
    connection = make_connection(is_active=False)
    make_reply(connection)
    assert outbox.send_due(NOW) == 0
    connection.is_active = True
    connection.save()
    assert outbox.send_due(NOW) == 1


def test_a_conversation_leaves_in_order_and_waits_for_what_is_unsettled(fake: FakeAdapter) -> None:
    connection = make_connection()
    first = make_reply(connection, conversation="c", payload={"text": "one"})
    second = make_reply(connection, conversation="c", payload={"text": "two"}, not_before=NOW - timedelta(hours=1))
    other = make_reply(connection, conversation="d", payload={"text": "three"})
    fake.on_send = lambda outgoing: raising(Transient("later"))() if outgoing.text == "one" else None
    outbox.send_due(NOW)
    assert [post.text for post in fake.posts] == ["three"]
    fake.on_send = raising(Uncertain("cut off"))
    first.refresh_from_db()
    outbox.send_due(first.not_before)
    fake.on_send = lambda outgoing: None
    assert outbox.send_due(after(7200)) == 0
    outbox.mark_sent(first.pk, "https://fake.example/x", after(7200))
    assert outbox.send_due(after(7200)) == 1
    second.refresh_from_db()
    other.refresh_from_db()
    assert second.state == other.state == State.SENT


MAIL = {"sender": "help@acme.example", "recipients": ["ann@x.example"], "cc": ["bo@x.example"]}


def test_what_a_person_marked_as_sent_was_sent_when_it_was_tried_and_is_known_by_its_key(fake: FakeAdapter) -> None:
    item = make_reply(make_connection(), payload=MAIL)
    fake.on_send = raising(Uncertain("cut off"))
    outbox.send_due(NOW)
    outbox.mark_sent(item.pk, "", after(7200))
    item.refresh_from_db()
    assert (item.state, item.external_id) == (State.SENT, f"{item.key}@acme.example")
    assert item.sent_at is not None
    assert item.sent_at - NOW < timedelta(minutes=1)


def test_post_of_what_a_person_marked_as_sent_is_known_when_it_comes_in(fake: FakeAdapter) -> None:
    connection = make_connection()
    item = make_reply(connection)
    fake.on_send = raising(Rejected("no"))
    outbox.send_due(NOW)
    outbox.mark_sent(item.pk, "https://fake.example/by-hand", after(60))
    assert outbox.settle_by_own_posts(connection.pk, [("p9", "m1", "Hello")], after(90)) == {"p9": item.pk}
    assert outbox.settle_by_own_posts(connection.pk, [("p9", "m1", "Hello")], after(99)) == {"p9": item.pk}
    assert outbox.settle_by_own_posts(connection.pk, [("p10", "m1", "Hello")], after(99)) == {}


def test_what_came_back_has_failed_unless_only_a_copy_did(fake: FakeAdapter) -> None:
    connection = make_connection()
    item = make_reply(connection, payload=MAIL)
    outbox.send_due(NOW)
    assert outbox.mark_bounced(connection.pk, "post-1", "no such user", "bo@x.example") is None
    assert outbox.mark_bounced(make_connection(name="another").pk, "post-1", "no such user") is None
    assert outbox.mark_bounced(connection.pk, "post-1", "no such user", "Ann@x.example") == item.pk
    assert outbox.mark_bounced(connection.pk, "post-1", "no such user", "ann@x.example") is None
    item.refresh_from_db()
    assert (item.state, item.error) == (State.FAILED, "no such user")
    assert outbox.send_due(after(7200)) == 0


def test_uncertain_mail_that_came_back_was_sent_and_has_failed(fake: FakeAdapter) -> None:
    connection = make_connection()
    item = make_reply(connection, payload=MAIL)
    fake.on_send = raising(Uncertain("cut off"))
    outbox.send_due(NOW)
    assert outbox.mark_bounced(connection.pk, f"{item.key}@acme.example", "no such user") == item.pk
    assert outbox.mark_bounced(connection.pk, f"{uuid4()}@acme.example", "no such user") is None
    assert outbox.mark_bounced(connection.pk, "-@acme.example", "no such user") is None


def test_a_failed_item_does_not_block_its_conversation(fake: FakeAdapter) -> None:
    connection = make_connection()
    make_reply(connection, conversation="c", payload={"text": "bad"})
    make_reply(connection, conversation="c", payload={"text": "good"})
    fake.on_send = lambda outgoing: raising(Rejected("no"))() if outgoing.text == "bad" else None
    assert outbox.send_due(NOW) == 2
    assert [post.text for post in fake.posts] == ["good"]


def test_the_database_refuses_two_in_flight_in_one_conversation() -> None:
    connection = make_connection()
    items = [make_reply(connection, conversation="c") for _ in range(2)]
    OutboundItem.objects.filter(pk=items[0].pk).update(state=State.SENDING)
    with pytest.raises(IntegrityError, match="outbound_serial_per_conversation"), transaction.atomic():
        OutboundItem.objects.filter(pk=items[1].pk).update(state=State.SENDING)


def test_deletions_and_likes_are_repeated_instead_of_uncertain(fake: FakeAdapter) -> None:
    connection = make_connection()
    delete = make_reply(connection, kind=Kind.DELETE, payload={"external_id": "post-1"})
    like = make_reply(connection, kind=Kind.LIKE, payload={"external_id": "m1"})
    fake.on_delete = raising(Uncertain("cut off"))
    outbox.send_due(NOW)
    delete.refresh_from_db()
    like.refresh_from_db()
    assert (delete.state, like.state) == (State.RETRYING, State.SENT)
    fake.on_delete = lambda: None
    outbox.send_due(delete.not_before)
    assert (fake.deleted, fake.liked) == (["post-1"], ["m1"])


def test_cancel_only_before_it_is_sent(fake: FakeAdapter) -> None:
    waiting, gone = make_reply(make_connection()), make_reply(make_connection())
    outbox.cancel(waiting.pk)
    outbox.send_due(NOW)
    assert len(fake.posts) == 1
    with pytest.raises(outbox.WrongState) as caught:
        outbox.cancel(gone.pk)
    assert caught.value.state == State.SENT
    with pytest.raises(outbox.WrongState):
        outbox.retry(gone.pk, NOW)


def test_cancel_while_sending_is_refused(fake: FakeAdapter) -> None:
    item = make_reply(make_connection())
    refused = []

    def try_to_cancel(outgoing: Outgoing) -> None:
        with pytest.raises(outbox.WrongState):
            outbox.cancel(item.pk)
        refused.append(True)

    fake.on_send = try_to_cancel
    outbox.send_due(NOW)
    assert refused == [True]


def test_a_failed_reply_can_be_retried_by_hand(fake: FakeAdapter) -> None:
    item = make_reply(make_connection())
    fake.on_send = raising(Rejected("no"))
    outbox.send_due(NOW)
    fake.on_send = lambda outgoing: None
    outbox.retry(item.pk, NOW)
    assert outbox.send_due(NOW) == 1
    item.refresh_from_db()
    assert (item.state, item.error) == (State.SENT, "")


def test_a_worker_that_stalls_after_its_attempt_began_sends_nothing(fake: FakeAdapter) -> None:
    make_reply(make_connection())
    item = states.begin_attempt(NOW, sending.request_s)
    assert item is not None
    sending.deliver(item, lambda: after(45))
    item.refresh_from_db()
    assert (item.state, item.attempts, fake.posts) == (State.QUEUED, 0, [])


def test_a_mail_keeps_its_message_id_over_attempts(fake: FakeAdapter) -> None:
    item = make_reply(make_connection(), payload={"sender": "merch@acme.example"})
    seen = []

    def refuse_once(outgoing: Outgoing) -> None:
        seen.append(outgoing.message_id)
        if len(seen) == 1:
            raise Transient("greylisted")

    fake.on_send = refuse_once
    outbox.send_due(NOW)
    outbox.send_due(after(60))
    assert seen == [f"<{item.key}@acme.example>"] * 2


@pytest.mark.django_db(transaction=True)
def test_eight_workers_send_each_reply_once_and_a_conversation_in_order(fake: FakeAdapter) -> None:
    connection = make_connection()
    for number in range(40):
        make_reply(connection, conversation=f"c{number % 10}", payload={"text": f"{number:02}"})
    gate, errors = threading.Barrier(8), []

    def work() -> None:
        try:
            gate.wait()
            while OutboundItem.objects.exclude(state=State.SENT).exists():
                outbox.send_due(NOW)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    texts = [post.text for post in fake.posts]
    assert sorted(texts) == [f"{number:02}" for number in range(40)]
    for conversation in range(10):
        own = [text for text in texts if int(text) % 10 == conversation]
        assert own == sorted(own)
