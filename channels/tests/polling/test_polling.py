from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections

from channels.contract import Page
from channels.errors import AuthFailed, Malformed, RateLimited, Rejected, Transient
from channels.models import Batch, Connection, InboundItem
from channels.polling import pausing, polling
from channels.secrets.vault import seal
from channels.tests.factories import NOW, make_connection, page_of
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def reload(connection: Connection) -> Connection:
    connection.refresh_from_db()
    return connection


def test_only_active_connections_that_are_due_are_leased(fake: FakeAdapter) -> None:
    never, due = make_connection(), make_connection(next_poll_at=NOW)
    make_connection(next_poll_at=after(1))
    make_connection(is_active=False)
    make_connection(lease_until=after(1), lease_token=uuid4())
    abandoned = make_connection(lease_until=NOW, lease_token=uuid4(), next_poll_at=NOW)
    leases = polling.due(NOW)
    assert {lease.connection_id for lease in leases} == {never.pk, due.pk, abandoned.pk}
    assert polling.due(NOW) == []
    assert {lease.connection_id for lease in polling.due(after(polling.DISPATCH_GRACE_S))} >= {never.pk, due.pk}


def test_a_poll_stores_page_after_page_with_the_cursor(fake: FakeAdapter) -> None:
    connection = make_connection()
    fake.pages = [page_of(("1", "a"), cursor=1), page_of(("2", "b"), ("1", "a"), cursor=2)]
    polled = polling.poll(connection.pk, NOW)
    assert (polled.items, polled.pages, polled.error) == (2, 2, "")
    reload(connection)
    assert (connection.cursor, connection.lease_token, connection.failures) == (2, None, 0)
    assert connection.last_success_at >= NOW
    assert connection.next_poll_at >= after(60)


def test_what_came_before_an_error_is_kept_and_the_next_poll_goes_on_there(fake: FakeAdapter) -> None:
    connection = make_connection()
    fake.pages = [page_of(("1", "a"), cursor=1), Transient("503")]
    assert polling.poll(connection.pk, NOW).error == "503"
    reload(connection)
    assert (connection.cursor, connection.trouble, connection.last_error) == (1, "transient", "503")
    assert InboundItem.objects.count() == 1
    seen = []

    def fetch(config: object, cursor: object) -> Iterator[Page]:
        seen.append(cursor)
        yield page_of(("2", "b"), cursor=2)

    fake.on_fetch = fetch
    polling.poll(connection.pk, after(600))
    assert seen == [1]
    assert (reload(connection).trouble, connection.last_error, connection.failures) == ("", "", 0)


@pytest.mark.parametrize(
    ("error", "trouble", "shortest", "longest"),
    [
        (Transient("503"), "transient", 45, 75),
        (Transient("503", retry_after_s=500), "transient", 500, 501),
        (RateLimited("429", until=after(1000)), "quota", 1000, 1006),
        (RateLimited("429", retry_after_s=300), "quota", 300, 306),
        (RateLimited("429", until=after(10**8)), "quota", 86400, 86406),
        (RateLimited("429", until=after(-50)), "quota", 45, 75),
        (AuthFailed("401"), "auth", 1800, 2200),
        (Malformed("html"), "malformed", 45, 75),
        (Rejected("400"), "refused", 45, 75),
        (KeyError("data"), "bug", 45, 75),
    ],
)
def test_each_kind_of_error_has_its_pause(
    fake: FakeAdapter, error: Exception, trouble: str, shortest: float, longest: float
) -> None:
    connection = make_connection()
    fake.pages = [error]
    polling.poll(connection.pk, NOW)
    reload(connection)
    pause = (connection.next_poll_at - NOW).total_seconds()
    assert connection.trouble == trouble
    assert shortest <= pause <= longest
    assert connection.last_error
    assert connection.failures == 1
    assert connection.lease_token is None


def test_failures_in_a_row_wait_longer_up_to_a_cap(fake: FakeAdapter) -> None:
    connection = make_connection()
    fake.pages = [Transient("503")]
    now, pauses = NOW, []
    for _ in range(12):
        polling.poll(connection.pk, now)
        pauses.append((reload(connection).next_poll_at - now).total_seconds())
        now = connection.next_poll_at + timedelta(seconds=1)
    assert pauses[0] < pauses[2] < pauses[4]
    assert max(pauses) <= polling.MAX_BACKOFF_S * 1.21
    assert connection.failures == 12


def test_a_missing_key_or_wrong_settings_are_shown_to_the_admin(fake: FakeAdapter, settings) -> None:
    def fetch(config, cursor) -> Iterator[Page]:
        config.secret("token")
        yield page_of()

    fake.on_fetch = fetch
    connection = make_connection(secrets={"token": seal("s3cret-token")})
    settings.ENCRYPTION_KEYS = []
    polling.poll(connection.pk, NOW)
    assert reload(connection).trouble == "auth"
    assert "DESK_ENCRYPTION_KEYS" in connection.last_error
    wrong = make_connection(settings={"port": "http"})
    polling.poll(wrong.pk, NOW)
    assert (reload(wrong).trouble, wrong.last_error) == ("settings", "Port: Enter a whole number.")
    gone = make_connection(platform="gone")
    polling.poll(gone.pk, NOW)
    assert "gone" in reload(gone).last_error


def test_a_secret_in_an_error_is_blotted_out(fake: FakeAdapter, caplog) -> None:
    def fetch(config, cursor) -> Iterator[Page]:
        raise RuntimeError(f"cannot open https://x/?token={config.secret('token')}")
        yield

    fake.on_fetch = fetch
    connection = make_connection(secrets={"token": seal("very-s3cret")})
    polling.poll(connection.pk, NOW)
    assert "very-s3cret" not in reload(connection).last_error
    assert "failed with an unexpected error" in caplog.text
    assert "•••" in caplog.text
    assert "very-s3cret" not in caplog.text


def test_a_fenced_off_poller_moves_neither_cursor_nor_health(fake: FakeAdapter) -> None:
    connection = make_connection(cursor=0)
    successor = uuid4()

    def fetch(config: object, cursor: object) -> Iterator[Page]:
        Connection.objects.filter(pk=connection.pk).update(lease_token=successor, lease_until=after(999))
        yield page_of(("1", "a"), cursor=1)
        raise AssertionError("read on after the lease was lost")

    fake.on_fetch = fetch
    assert polling.poll(connection.pk, NOW).items == 1
    reload(connection)
    assert (connection.cursor, connection.lease_token, connection.last_success_at) == (0, successor, None)
    assert InboundItem.objects.count() == 1


def test_a_task_that_is_delivered_twice_polls_once(fake: FakeAdapter) -> None:
    make_connection()
    (lease,) = polling.due(NOW)
    polls = []

    def fetch(config: object, cursor: object) -> Iterator[Page]:
        polls.append(polling.poll(lease.connection_id, NOW, lease.token).leased)
        yield page_of()

    fake.on_fetch = fetch
    assert polling.poll(lease.connection_id, NOW, lease.token).leased
    assert polls == [False]
    assert not polling.poll(lease.connection_id, NOW, lease.token).leased


def test_a_killed_worker_s_connection_is_due_again(fake: FakeAdapter) -> None:
    connection = make_connection()

    def fetch(config: object, cursor: object) -> Iterator[Page]:
        yield page_of(("1", "a"), cursor=1)
        raise SystemExit

    fake.on_fetch = fetch
    with pytest.raises(SystemExit):
        polling.poll(connection.pk, NOW)
    assert polling.due(NOW + polling.lease() - SECOND) == []
    assert len(polling.due(after(5) + polling.lease())) == 1
    assert reload(connection).cursor == 1


def test_a_run_is_bounded_and_the_rest_is_due_at_once(fake: FakeAdapter) -> None:
    connection = make_connection()
    fake.on_fetch = lambda config, cursor: (page_of(cursor=n) for n in range(10**9))
    polled = polling.poll(connection.pk, NOW)
    assert (polled.pages, polled.more) == (polling.MAX_PAGES_PER_RUN, True)
    assert len(polling.due(after(5))) == 1


def test_the_pace_follows_what_comes_in() -> None:
    assert polling.next_interval_s(200, 50, (60, 900)) == 100
    assert polling.next_interval_s(70, 50, (60, 900)) == 60
    assert polling.next_interval_s(200, 1, (60, 900)) == 200
    assert polling.next_interval_s(200, 0, (60, 900)) == 251
    assert polling.next_interval_s(900, 0, (60, 900)) == 900
    assert polling.next_interval_s(5, 0, (20, 20)) == 20


def test_a_quota_is_spread_over_its_window() -> None:
    assert polling.quota_pause_s(None, None, 1, NOW) == 0
    assert polling.quota_pause_s(0, after(900), 1, NOW) == 900
    assert polling.quota_pause_s(8, after(900), 1, NOW) == 100
    assert polling.quota_pause_s(8, after(900), 4, NOW) == 300
    assert polling.quota_pause_s(8, after(-1), 1, NOW) == 0


def test_a_used_up_quota_stops_polling_until_it_is_filled(fake: FakeAdapter) -> None:
    connection = make_connection()
    fake.pages = [Page([], 1, quota_left=0, quota_resets_at=after(3000))]
    polling.poll(connection.pk, NOW)
    assert reload(connection).quota_left == 0
    assert connection.next_poll_at >= after(2999)


def test_pause_resume_and_poll_now(fake: FakeAdapter) -> None:
    connection = make_connection(next_poll_at=after(900))
    assert pausing.poll_soon([connection.pk], NOW) == 1
    assert len(polling.due(NOW)) == 1
    assert pausing.pause([connection.pk], "Sam: " + "x" * 300) == 1
    assert not polling.poll(connection.pk, after(999)).leased
    assert pausing.poll_soon([connection.pk], NOW) == 0
    assert pausing.resume([connection.pk], after(999)) == 1
    assert polling.poll(connection.pk, after(999)).leased


@pytest.mark.django_db(transaction=True)
def test_eight_dispatchers_lease_each_connection_once(fake: FakeAdapter) -> None:
    ids = {make_connection().pk for _ in range(24)}
    gate, leased = threading.Barrier(8), []

    def dispatch() -> None:
        gate.wait()
        leased.extend(polling.due(NOW, limit=10))
        leased.extend(polling.due(NOW))
        connections.close_all()

    threads = [threading.Thread(target=dispatch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lease.connection_id for lease in leased) == sorted(ids)


# --- imports ---------------------------------------------------------------------------------------------------------


def batches() -> list[tuple[str, bool, int]]:
    return [(b.reason, b.is_open, b.items.count()) for b in Batch.objects.order_by("pk")]


def test_a_poll_that_brings_something_new_is_one_import(fake: FakeAdapter) -> None:
    connection = make_connection(cursor=0)
    fake.pages = [page_of(cursor=1), page_of(("1", "a"), cursor=2), page_of(("2", "b"), cursor=3)]
    polling.poll(connection.pk, NOW)
    assert batches() == [("poll", False, 2)]
    assert Batch.objects.get().started_at == NOW
    fake.pages = [page_of(("1", "edited"), ("2", "b"), cursor=4)]
    polling.poll(connection.pk, after(600))
    assert batches() == [("poll", False, 2)]
    fake.pages = [page_of(("3", "c"), cursor=5)]
    polling.poll(connection.pk, after(1200))
    assert batches() == [("poll", False, 2), ("poll", False, 1)]


def test_a_first_import_goes_on_until_a_poll_reaches_its_end(fake: FakeAdapter, monkeypatch) -> None:
    monkeypatch.setattr(polling, "MAX_PAGES_PER_RUN", 1)
    connection = make_connection()
    fake.pages = [page_of(("1", "a"), cursor=1)]
    assert polling.poll(connection.pk, NOW).more
    assert batches() == [("first", True, 1)]
    monkeypatch.setattr(polling, "MAX_PAGES_PER_RUN", 50)
    fake.pages = [page_of(("2", "b"), cursor=2), Transient("503")]
    polling.poll(connection.pk, after(600))
    assert batches() == [("first", True, 2)]
    fake.pages = [page_of(cursor=3)]
    polling.poll(connection.pk, after(1200))
    assert batches() == [("first", False, 2)]
    fake.pages = [page_of(("3", "c"), cursor=4)]
    polling.poll(connection.pk, after(1800))
    assert batches() == [("first", False, 2), ("poll", False, 1)]


def test_an_import_that_was_undone_meanwhile_is_not_gone_on_with(fake: FakeAdapter, monkeypatch) -> None:
    monkeypatch.setattr(polling, "MAX_PAGES_PER_RUN", 1)
    connection = make_connection()
    fake.pages = [page_of(("1", "a"), cursor=1)]
    polling.poll(connection.pk, NOW)
    Batch.objects.update(undone_at=NOW, is_open=False)
    fake.pages = [page_of(("2", "b"), cursor=2)]
    polling.poll(connection.pk, after(600))
    assert batches() == [("first", False, 1), ("poll", True, 1)]


def test_a_page_that_is_not_stored_leaves_no_import(fake: FakeAdapter, monkeypatch) -> None:
    connection = make_connection()

    def refuse(*args: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr("channels.inbox.storing_once._advance", refuse)
    fake.pages = [page_of(("1", "a"), cursor=1)]
    polling.poll(connection.pk, NOW)
    assert (batches(), InboundItem.objects.count()) == ([], 0)
