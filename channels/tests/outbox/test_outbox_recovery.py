from __future__ import annotations

import time
from datetime import timedelta
from uuid import uuid4

import pytest

from channels.errors import AuthFailed, Rejected, Transient, Uncertain
from channels.http import deadlines
from channels.models import OutboundItem
from channels.outbox import outbox, recovery, sending, states
from channels.registry.finding_adapters import adapter_for
from channels.tests.factories import NOW, make_connection, make_reply
from channels.tests.fakes import FakeAdapter
from channels.tests.outbox.test_outbox import after, raising

pytestmark = pytest.mark.django_db
State = OutboundItem.State
LOST_AT = 20 + states.WORKER_MARGIN_S + 1
"""Seconds after the attempt began at which a silent worker counts as lost (the fake's timeout, the margin, and the
test's own pace: the clock runs on while an item is sent)."""


class Killed(BaseException):
    """What a SIGKILL looks like from inside: nothing of ours runs after it."""


def crash_while_sending(fake: FakeAdapter, *, posted: bool) -> OutboundItem:
    item = make_reply(make_connection())
    if posted:
        fake.after_send = raising(Killed())
    else:
        fake.on_send = raising(Killed())
    with pytest.raises(Killed):
        outbox.send_due(NOW)
    fake.on_send = fake.after_send = lambda outgoing: None
    item.refresh_from_db()
    assert item.state == State.SENDING
    return item


def reload(item: OutboundItem) -> OutboundItem:
    item.refresh_from_db()
    return item


def test_a_lost_worker_makes_it_uncertain_only_after_its_time(fake: FakeAdapter) -> None:
    item = crash_while_sending(fake, posted=False)
    outbox.recover(after(LOST_AT - 5))
    assert (reload(item).state, fake.finds) == (State.SENDING, 0)
    outbox.recover(after(LOST_AT))
    assert reload(item).state == State.UNCERTAIN
    assert "lost" in item.error


def test_posted_and_killed_is_found_and_never_posted_again(fake: FakeAdapter) -> None:
    item = crash_while_sending(fake, posted=True)
    outbox.recover(after(LOST_AT))
    outbox.recover(after(LOST_AT + 31))
    assert (reload(item).state, item.external_id, item.error) == (State.SENT, "post-1", "")
    assert outbox.send_due(after(3600)) == 0
    assert len(fake.posts) == 1


def test_killed_before_posting_is_proved_absent_twice_and_sent_once(fake: FakeAdapter) -> None:
    item = crash_while_sending(fake, posted=False)
    outbox.recover(after(LOST_AT))
    assert (reload(item).state, item.checks, fake.finds) == (State.UNCERTAIN, 0, 1), "too early to prove anything"
    outbox.recover(after(LOST_AT + 20))
    assert fake.finds == 1
    outbox.recover(after(LOST_AT + 31))
    assert (reload(item).state, reload(item).checks, fake.finds) == (State.UNCERTAIN, 1, 2)
    outbox.recover(after(LOST_AT + 40))
    assert fake.finds == 2
    outbox.recover(after(LOST_AT + 70))
    assert (reload(item).state, fake.finds) == (State.QUEUED, 3)
    outbox.send_due(after(LOST_AT + 71))
    assert (reload(item).state, len(fake.posts)) == (State.SENT, 1)


def test_a_post_that_was_made_is_found_as_soon_as_its_worker_is_known_to_be_lost(fake: FakeAdapter) -> None:
    item = crash_while_sending(fake, posted=True)
    outbox.recover(after(LOST_AT))
    assert (reload(item).state, fake.finds, len(fake.posts)) == (State.SENT, 1, 1)


def test_a_post_that_shows_up_late_is_found_at_the_second_look(fake: FakeAdapter) -> None:
    item = crash_while_sending(fake, posted=True)
    hidden, fake.posts = fake.posts, []
    outbox.recover(after(LOST_AT))
    outbox.recover(after(LOST_AT + 31))
    fake.posts = hidden
    outbox.recover(after(LOST_AT + 70))
    assert reload(item).state == State.SENT
    assert len(fake.posts) == 1


@pytest.mark.parametrize("error", [Transient("down"), AuthFailed("expired"), Rejected("cannot"), ValueError("bug")])
def test_a_look_that_fails_proves_nothing(fake: FakeAdapter, error: Exception) -> None:
    item = crash_while_sending(fake, posted=False)
    fake.on_find = raising(error)
    for minutes in range(0, 60, 6):
        outbox.recover(after(LOST_AT + 60 * minutes))
    assert (reload(item).state, item.checks) == (State.UNCERTAIN, 0)
    assert item.error.count("Looking for it failed") == 1
    assert fake.finds > 2


def test_mail_stays_uncertain_and_says_that_a_person_decides(fake: FakeAdapter) -> None:
    item = make_reply(make_connection(platform="maillike"))
    begun = states.begin_attempt(NOW, sending.request_s)
    assert begun is not None  # and its worker dies here
    for hours in range(1, 30):
        outbox.recover(after(3600 * hours))
        assert outbox.send_due(after(3600 * hours)) == 0
    assert reload(item).state == State.UNCERTAIN
    assert "Paper mail cannot confirm whether it arrived" in item.error


def test_a_lost_worker_is_noticed_by_the_time_that_its_own_platform_takes(
    fake: FakeAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail may take minutes; a reply on another platform needn't wait that long."""
    monkeypatch.setattr(type(adapter_for("maillike")), "request_timeout_s", 150.0)
    quick, mail = make_reply(make_connection()), make_reply(make_connection(platform="maillike"))
    taken = [states.begin_attempt(NOW, sending.request_s), states.begin_attempt(NOW, sending.request_s)]
    assert {item.pk: item.sending_until for item in taken if item} == {quick.pk: after(50), mail.pk: after(180)}
    outbox.recover(after(51))
    assert (reload(quick).state, reload(mail).state) == (State.UNCERTAIN, State.SENDING)


def test_a_lost_deletion_is_simply_done_again(fake: FakeAdapter) -> None:
    item = make_reply(make_connection(), kind=OutboundItem.Kind.DELETE, payload={"external_id": "post-9"})
    assert states.begin_attempt(NOW, sending.request_s) is not None
    outbox.recover(after(LOST_AT))
    assert reload(item).state == State.RETRYING
    outbox.send_due(after(LOST_AT))
    assert (reload(item).state, fake.deleted) == (State.SENT, ["post-9"])


def test_a_receipt_that_comes_after_its_worker_was_given_up_still_counts(fake: FakeAdapter) -> None:
    item = make_reply(make_connection())
    fake.after_send = lambda outgoing: outbox.recover(after(LOST_AT + 5))
    outbox.send_due(NOW)
    assert (reload(item).state, item.external_id) == (State.SENT, "post-1")


def test_a_receipt_that_comes_after_it_was_queued_again_keeps_it_from_a_second_post(fake: FakeAdapter) -> None:
    item = make_reply(make_connection())

    def slow_network(outgoing: object) -> None:
        hidden, fake.posts = fake.posts, []
        for seconds in (0, 31, 70):
            outbox.recover(after(LOST_AT + seconds))
        assert reload(item).state == State.QUEUED
        fake.posts = hidden

    fake.after_send = slow_network
    outbox.send_due(NOW)
    assert reload(item).state == State.SENT
    fake.after_send = lambda outgoing: None
    assert outbox.send_due(after(3600)) == 0


def test_a_failure_that_comes_late_does_not_undo_what_is_settled(fake: FakeAdapter) -> None:
    make_reply(make_connection())
    begun = states.begin_attempt(NOW, sending.request_s)
    assert begun is not None
    assert begun.attempt_token is not None
    outbox.recover(after(LOST_AT))
    outbox.mark_sent(begun.pk, "https://fake.example/seen", after(LOST_AT))
    assert not states.mark_failed(begun.pk, begun.attempt_token, "late")
    assert not states.schedule_retry(begun.pk, begun.attempt_token, "late", NOW)
    assert not states.mark_sent(begun.pk, begun.attempt_token, external_id="x", url=None, receipt=None, at=NOW)
    assert (reload(begun).state, begun.url) == (State.SENT, "https://fake.example/seen")


def test_an_own_post_settles_before_the_receipt_and_the_receipt_changes_nothing(fake: FakeAdapter) -> None:
    connection = make_connection()
    item = make_reply(connection, payload={"text": "See https://acme.example/a?b=1&c  now"})
    settled = []

    def polled_first(outgoing: object) -> None:
        settled.append(
            outbox.settle_by_own_posts(
                connection.pk, [("77", "m1", "@jane See https://t.co/x now"), ("78", "m1", "Something else")], NOW
            )
        )

    fake.after_send = polled_first
    outbox.send_due(NOW)
    assert settled == [{"77": item.pk}]
    assert (reload(item).state, item.external_id) == (State.SENT, "77")
    assert outbox.settle_by_own_posts(connection.pk, [("77", "m1", "whatever")], NOW) == {"77": item.pk}


def test_an_own_post_settles_what_is_uncertain(fake: FakeAdapter) -> None:
    connection = make_connection()
    item = make_reply(connection)
    fake.after_send = raising(Uncertain("cut off"))
    outbox.send_due(NOW)
    assert outbox.settle_by_own_posts(connection.pk, [("5", "other parent", "Hello")], NOW) == {}
    assert outbox.settle_by_own_posts(make_connection().pk, [("5", "m1", "Hello")], NOW) == {}
    assert outbox.settle_by_own_posts(connection.pk, [("5", "m1", "Hello")], NOW) == {"5": item.pk}
    assert (reload(item).state, item.error) == (State.SENT, "")


def test_two_equal_replies_need_two_own_posts(fake: FakeAdapter) -> None:
    connection = make_connection()
    items = [make_reply(connection, conversation=f"c{n}") for n in range(2)]
    fake.after_send = raising(Uncertain("cut off"))
    outbox.send_due(NOW)
    assert outbox.settle_by_own_posts(connection.pk, [("5", "m1", "Hello")], NOW) == {"5": items[0].pk}
    assert outbox.settle_by_own_posts(connection.pk, [("5", "m1", "Hello")], NOW) == {"5": items[0].pk}
    assert reload(items[1]).state == State.UNCERTAIN
    assert outbox.settle_by_own_posts(connection.pk, [("6", "m1", "Hello")], NOW) == {"6": items[1].pk}


def test_what_was_never_sent_is_not_settled_by_a_post_of_the_same_words(fake: FakeAdapter) -> None:
    connection = make_connection()
    item = make_reply(connection, not_before=after(60))
    assert outbox.settle_by_own_posts(connection.pk, [("5", "m1", "Hello")], NOW) == {}
    assert reload(item).state == State.QUEUED


def test_a_mail_is_known_by_its_message_id(fake: FakeAdapter) -> None:
    connection = make_connection(platform="maillike")
    item = make_reply(connection, payload={"sender": "merch@acme.example", "in_reply_to": None})
    assert states.begin_attempt(NOW, sending.request_s) is not None
    posts = [(f"<{item.key}@acme.example>", "<parent@x>", "Hello\n\n-- \nSam")]
    assert outbox.settle_by_own_posts(connection.pk, posts, NOW) == {posts[0][0]: item.pk}


def test_no_transaction_is_open_while_the_network_is_used(fake: FakeAdapter) -> None:
    from django.db import connection as database

    depth = len(database.savepoint_ids)
    seen = []
    fake.on_send = lambda outgoing: seen.append(len(database.savepoint_ids))
    fake.on_find = lambda: seen.append(len(database.savepoint_ids))
    fake.after_send = raising(Uncertain("cut off"))
    make_reply(make_connection())
    outbox.send_due(NOW)
    outbox.recover(after(60))
    assert seen == [depth, depth]
    assert timedelta(seconds=LOST_AT) > timedelta(seconds=20)


def test_looks_at_a_slow_platform_end_with_the_run(fake: FakeAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []

    def slow() -> None:
        left.append(deadlines.left_until() - time.monotonic())
        time.sleep(0.1)

    connection = make_connection()
    items = [make_reply(connection, conversation=f"c{number}") for number in range(3)]
    OutboundItem.objects.update(state=State.UNCERTAIN, attempt_token=uuid4(), not_before=NOW)
    fake.on_find = slow
    monkeypatch.setattr(recovery, "MAX_RUN_S", 0.05)
    assert outbox.recover(after(1)) == 1
    assert 0 < left[0] <= recovery.MAX_LOOK_S < recovery.LOOK_LEASE_S
    monkeypatch.setattr(recovery, "MAX_RUN_S", 60)
    assert outbox.recover(after(2)) == len(items) - 1
