"""Old threads yield to new mentions, and to the thread that somebody is about to post in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from channels.contract import Item
from channels.models import Followed
from channels.polling import follow, rereading
from channels.tests.factories import NOW, make_connection
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db
UNTIL = NOW + timedelta(days=3)
DUE = NOW + timedelta(seconds=200)


@pytest.fixture
def thirty(fake: FakeAdapter) -> int:
    """Number of a connection with thirty due threads, "0" to "29"; the last one is due last."""
    connection = make_connection()
    for number in range(30):
        follow.follow(connection.pk, "fake", str(number), UNTIL, NOW + timedelta(seconds=number))
    return connection.pk


def test_one_worker_at_a_time_rereads_so_that_the_others_poll(fake: FakeAdapter, thirty: int) -> None:
    read, beside = [], []

    def thread(thread_id: str) -> list[Item]:
        read.append(thread_id)
        beside.append(rereading.refetch_due(DUE))
        return []

    fake.thread = thread
    assert rereading.refetch_due(DUE) == rereading.MAX_PER_TICK == len(read)
    assert set(beside) == {0}
    assert rereading.refetch_due(DUE) == 30 - rereading.MAX_PER_TICK


@pytest.mark.parametrize("error", [SystemExit, RuntimeError])
def test_whoever_fails_does_not_stop_the_next(fake: FakeAdapter, thirty: int, error: type[BaseException]) -> None:
    def thread(thread_id: str) -> list[Item]:
        raise error

    fake.thread = thread
    try:
        rereading.refetch_due(DUE)
    except SystemExit:
        pass
    fake.thread = lambda thread_id: []
    assert rereading.refetch_due(DUE) == 30 - rereading.MAX_PER_TICK


def test_a_killed_worker_is_forgotten_after_a_while(
    fake: FakeAdapter, thirty: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    add = cache.add
    monkeypatch.setattr(cache, "add", lambda key, value, timeout: given.append(timeout) or add(key, value, timeout))
    rereading.refetch_due(DUE)
    assert given == [rereading.MAX_RUN_S]


def test_the_thread_that_somebody_posts_in_is_read_at_once_and_alone(fake: FakeAdapter, thirty: int) -> None:
    read = []
    fake.thread = lambda thread_id: read.append(thread_id) or []
    cache.add(rereading._RUNNING, 1, 90)  # a worker processes the others
    try:
        assert rereading.refetch_thread(thirty, "29", DUE)
        assert not rereading.refetch_thread(thirty, "29", DUE)
        assert not rereading.refetch_thread(thirty, "unknown", DUE)
    finally:
        cache.delete(rereading._RUNNING)
    assert read == ["29"]
    assert Followed.objects.filter(next_at__gt=DUE).count() == 1
