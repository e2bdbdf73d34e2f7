"""A worker killed while polling delays nothing once it is back, and no other worker loses a lease."""

from datetime import timedelta

import pytest

from channels.models import Connection, InboundItem
from channels.polling import lost_workers, polling
from channels.tests.factories import NOW, make_connection, page_of
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Like SIGKILL: nothing is caught, nothing is cleaned up."""


def killed_while_polling(fake: FakeAdapter, worker: str) -> Connection:
    connection = make_connection()

    def fetch(*_args: object) -> object:
        raise Killed

    fake.fetch = fetch  # type: ignore[method-assign, assignment]
    with pytest.raises(Killed):
        polling.poll(connection.pk, NOW, worker=worker)
    del fake.fetch
    return connection


def test_its_successor_polls_at_once(fake: FakeAdapter) -> None:
    connection = killed_while_polling(fake, "polls@here")
    fake.pages = [page_of(("1", "a"), cursor=1)]
    assert not polling.poll(connection.pk, NOW).leased
    assert lost_workers.release("polls@here") == 1
    assert polling.poll(connection.pk, NOW).items == 1


def test_other_workers_keep_their_leases(fake: FakeAdapter) -> None:
    connection = killed_while_polling(fake, "polls@there")
    assert lost_workers.release("polls@here") == 0
    assert not polling.poll(connection.pk, NOW).leased
    assert polling.poll(connection.pk, NOW + polling.lease() + timedelta(seconds=1)).leased


def test_what_was_dispatched_and_lost_is_dispatched_again_and_the_late_task_does_nothing(fake: FakeAdapter) -> None:
    connection = make_connection()
    (lost,) = polling.due(NOW)
    assert polling.due(NOW) == []
    lost_workers.release("desk@here")
    (again,) = polling.due(NOW)
    assert not polling.poll(connection.pk, NOW, lost.token).leased
    assert polling.poll(connection.pk, NOW, again.token).leased


def test_a_poller_that_was_only_slow_stores_its_items_and_leaves_the_cursor(fake: FakeAdapter) -> None:
    connection = make_connection()
    fake.pages = [page_of(("1", "a"), cursor=1), page_of(("2", "b"), cursor=2)]
    fetch = fake.fetch

    def slow(*args: object) -> object:
        for page in fetch(*args):  # type: ignore[arg-type]
            lost_workers.release("polls@here")
            yield page

    fake.fetch = slow  # type: ignore[method-assign, assignment]
    polling.poll(connection.pk, NOW, worker="polls@here")
    connection.refresh_from_db()
    assert connection.cursor is None
    assert InboundItem.objects.filter(connection=connection).count() == 1
