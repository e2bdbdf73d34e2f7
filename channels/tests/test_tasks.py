from __future__ import annotations

import pytest
from celery import current_app
from django.conf import settings

from advocacy.runtime.beat import SCHEDULE
from channels import dispatch, tasks
from channels.inbox import settling, storing_once
from channels.models import InboundItem, OutboundItem
from channels.signals import items_stored
from channels.tests.factories import NOW, make_connection, make_reply, page_of
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def all_tasks() -> None:
    """As a worker knows them; otherwise it depends on what other tests have imported."""
    current_app.loader.import_default_modules()


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """The messages for the broker."""
    found: list[tuple] = []
    monkeypatch.setattr(
        current_app._get_current_object(), "send_task", lambda name, **kw: found.append((name, kw["args"]))
    )
    return found


def test_a_tick_dispatches_one_task_for_each_due_connection(fake: FakeAdapter, queued: list[tuple]) -> None:
    connections = [make_connection() for _ in range(3)]
    fake.pages = [page_of(("1", "a"), cursor=1)]
    assert tasks.dispatch_polls() == 3
    assert tasks.dispatch_polls() == 0
    assert {name for name, _ in queued} == {"channels.poll"}
    assert {args[0] for _, args in queued} == {connection.pk for connection in connections}
    for _, args in queued:
        assert tasks.poll(*args) == 1
        assert tasks.poll(*args) == 0
    assert InboundItem.objects.count() == 3


def test_a_broker_that_is_away_loses_nothing(
    fake: FakeAdapter, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ConnectionError("no redis")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        item = make_reply(make_connection())
    assert not dispatch.send_task("channels.send_due")
    assert tasks.send_due() == 1
    item.refresh_from_db()
    assert item.state == OutboundItem.State.SENT


def test_a_reply_is_nudged_after_commit(
    fake: FakeAdapter, queued: list[tuple], django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        make_reply(make_connection())
        assert queued == []
    assert ("channels.send_due", ()) in queued


def test_what_waits_in_the_inbox_is_announced_again(fake: FakeAdapter, django_capture_on_commit_callbacks) -> None:
    connection, announced = make_connection(), []
    ids = storing_once.store_page(connection.pk, page_of(("1", "a"), ("2", "b")), fetched_at=NOW)
    settling.finish(stored=ids[:1], now=NOW)

    def receive(sender, connection_id, item_ids, **kwargs):
        announced.append((connection_id, item_ids))

    items_stored.connect(receive)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            assert tasks.nudge_pending() == 1
    finally:
        items_stored.disconnect(receive)
    assert announced == [(connection.pk, ids[1:])]


def test_the_sweeps_find_nothing_in_an_empty_desk(fake: FakeAdapter) -> None:
    assert tasks.recover_outbox() == tasks.refetch_followed() == tasks.send_due() == tasks.nudge_pending() == 0


def test_what_waits_for_other_servers_keeps_no_reply_waiting() -> None:
    """A worker without `-Q` takes from all queues; a route for an unknown task would go unnoticed."""
    routed = settings.CELERY_TASK_ROUTES
    assert set(routed) <= set(current_app.tasks)
    assert set(current_app.amqp.queues.consume_from) == {"replies", "desk", "ingest", "polls", "pages"}

    def queue_of(task: str) -> str:
        return str(current_app.amqp.router.route({}, task)["queue"].name)

    assert queue_of("channels.poll") == "polls"
    leaving = {"channels.send_due", "mentions.hand_over_due", "mentions.apply_deliveries", "channels.recover_outbox"}
    assert {queue_of(task) for task in leaving} == {"replies"}
    assert {task for task in current_app.tasks if queue_of(task) == "replies"} == leaving
    assert {queue_of(task) for task in ("mentions.ingest", "mentions.sweep_inbox")} == {"ingest"}
    assert {queue_of(task) for task in ("channels.read_page", "channels.try_connection")} == {"pages"}
    assert {queue_of(task) for task in ("mentions.post_notices", "channels.dispatch_polls")} == {"desk"}


def test_every_periodic_task_of_this_app_is_scheduled_and_known() -> None:
    scheduled = {entry["task"] for entry in SCHEDULE.values() if entry["task"].startswith("channels.")}
    mine = {name for name in current_app.tasks if name.startswith("channels.")}
    asked_for = {f"channels.{name}" for name in ("poll", "refetch_thread", "try_connection", "read_page", "find")}
    assert scheduled == mine - asked_for
