from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from channels.contract import Config, Item
from channels.errors import Malformed, RateLimited
from channels.inbox import storing_once
from channels.models import Connection, Followed, InboundItem
from channels.polling import follow, rereading
from channels.tests.factories import NOW, make_connection
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db
UNTIL = NOW + timedelta(days=3)


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def thread_of(*texts: str):
    return lambda thread_id: [Item(str(n), {"text": text}) for n, text in enumerate(texts)]


def test_a_followed_thread_is_read_as_context(fake: FakeAdapter) -> None:
    connection = make_connection()
    assert follow.follow(connection.pk, "fake", "t1", UNTIL, NOW)
    fake.thread = thread_of("question", "answer")
    assert rereading.refetch_due(after(119)) == 0
    assert rereading.refetch_due(after(120)) == 1
    assert set(InboundItem.objects.values_list("role", "state")) == {(storing_once.THREAD, "pending")}
    assert rereading.refetch_due(after(120)) == 0


def test_the_rate_falls_while_nothing_happens_and_rises_when_something_does(fake: FakeAdapter) -> None:
    connection = make_connection()
    follow.follow(connection.pk, "fake", "t1", UNTIL, NOW)
    fake.thread = thread_of("question")
    now, pauses = after(120), []
    for _ in range(14):
        assert rereading.refetch_due(now) == 1
        followed = Followed.objects.get()
        pauses.append((followed.next_at - now).total_seconds())
        now = followed.next_at + timedelta(seconds=1)
    assert pauses == sorted(pauses)
    assert round(pauses[-1]) == rereading.MAX_INTERVAL_S
    fake.thread = thread_of("question", "at last an answer")
    rereading.refetch_due(now)
    assert Followed.objects.get().interval_s == follow.FIRST_INTERVAL_S


def test_following_again_begins_anew_and_never_shortens(fake: FakeAdapter) -> None:
    connection = make_connection()
    follow.follow(connection.pk, "fake", "t1", UNTIL, NOW)
    Followed.objects.update(next_at=after(9999), interval_s=9999)
    follow.follow(connection.pk, "fake", "t1", NOW + timedelta(hours=1), after(10))
    followed = Followed.objects.get()
    assert (followed.until, followed.next_at, followed.interval_s) == (UNTIL, after(130), follow.FIRST_INTERVAL_S)


def test_it_ends_when_nobody_waits_any_more(fake: FakeAdapter) -> None:
    connection = make_connection()
    follow.follow(connection.pk, "fake", "t1", UNTIL, NOW)
    follow.follow(connection.pk, "fake", "t2", UNTIL, NOW)
    follow.unfollow(connection.pk, "t1")
    assert Followed.objects.get().thread_id == "t2"
    assert rereading.refetch_due(UNTIL) == 0
    assert not Followed.objects.exists()


def test_a_platform_that_cannot_read_threads_is_not_followed(fake: FakeAdapter) -> None:
    assert not follow.follow(make_connection(platform="maillike").pk, "mail", "t1", UNTIL, NOW)
    assert not Followed.objects.exists()


def test_errors_are_visible_and_a_quota_stops_the_whole_connection(fake: FakeAdapter) -> None:
    connection, other = make_connection(), make_connection()
    for name in "abc":
        follow.follow(connection.pk, "fake", name, UNTIL, NOW)
    follow.follow(other.pk, "fake", "x", UNTIL, NOW)
    asked = []

    def thread(thread_id: str) -> list[Item]:
        asked.append(thread_id)
        if thread_id == "x":
            raise Malformed("odd thread")
        raise RateLimited("429", until=after(1000))

    fake.thread = thread
    rereading.refetch_due(after(120))
    assert len([name for name in asked if name != "x"]) == 1
    assert "x" in asked
    assert set(Followed.objects.exclude(last_error="").values_list("last_error", flat=True)) == {"429", "odd thread"}
    assert not Followed.objects.filter(connection=connection, next_at__lt=after(999)).exists()


def test_a_paused_connection_is_not_read_and_a_tick_is_bounded(fake: FakeAdapter) -> None:
    follow.follow(make_connection(is_active=False).pk, "fake", "p", UNTIL, NOW)
    connection = make_connection()
    for number in range(30):
        follow.follow(connection.pk, "fake", str(number), UNTIL, NOW)
    assert rereading.refetch_due(after(200)) == rereading.MAX_PER_TICK
    assert rereading.refetch_due(after(200)) == 30 - rereading.MAX_PER_TICK


def test_a_killed_worker_s_threads_are_due_again(fake: FakeAdapter) -> None:
    follow.follow(make_connection().pk, "fake", "t1", UNTIL, NOW)

    def thread(thread_id: str) -> list[Item]:
        raise SystemExit

    fake.thread = thread
    with pytest.raises(SystemExit):
        rereading.refetch_due(after(120))
    fake.thread = thread_of("question")
    assert rereading.refetch_due(after(200)) == 0
    assert rereading.refetch_due(after(120 + rereading.LEASE_S)) == 1


def test_a_post_that_is_missing_is_looked_up_until_it_is_known_to_be_gone(fake: FakeAdapter) -> None:
    connection = make_connection()
    follow.follow(connection.pk, "fake", "t1", UNTIL, NOW)
    Followed.objects.update(known=["0", "old", "gone"])
    asked = []

    def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
        asked.append((thread_id, list(external_ids)))
        return [Item("old", {"text": "old"}), Item("gone", {"nothing": True})]

    fake.lookup = lookup  # type: ignore[method-assign]
    fake.thread = thread_of("question", "answer")
    assert rereading.refetch_due(after(120)) == 1
    assert asked == [("t1", ["old", "gone"])]
    assert set(InboundItem.objects.values_list("external_id", flat=True)) == {"0", "1", "old", "gone"}
    assert set(Followed.objects.get().known) == {"0", "1", "old"}
    fake.thread = thread_of("question")
    rereading.refetch_due(after(9999))
    assert [sorted(ids) for _, ids in asked[1:]] == [["1", "old"]]


def test_threads_leave_what_is_left_of_the_quota_to_the_polls(fake: FakeAdapter) -> None:
    resets_at = after(120 + 3600)
    connection = make_connection(quota_left=70, quota_resets_at=resets_at, interval_s=60)
    for number in range(20):
        follow.follow(connection.pk, "fake", f"t{number}", UNTIL, NOW)
    fake.thread = thread_of("question")
    assert rereading.refetch_due(after(120)) == 20  # 35 polls at most are kept back, or half of what is left
    Connection.objects.update(quota_left=61)
    Followed.objects.update(next_at=after(120))
    read = rereading.refetch_due(after(120))
    assert 0 < read <= 20
    Connection.objects.update(quota_left=4)
    Followed.objects.update(next_at=after(120))
    assert rereading.refetch_due(after(120)) == 0
    assert set(Followed.objects.values_list("next_at", flat=True)) == {resets_at}
    assert rereading.refetch_due(resets_at + timedelta(seconds=1)) == 20


def test_readings_count_until_the_next_poll_tells(fake: FakeAdapter) -> None:
    connection = make_connection(quota_left=30, quota_resets_at=after(7200), interval_s=900)
    for number in range(9):
        follow.follow(connection.pk, "fake", f"t{number}", UNTIL, NOW)
    fake.thread = thread_of("question")
    rereading.refetch_due(after(120))
    connection.refresh_from_db()
    assert connection.quota_left == 21
