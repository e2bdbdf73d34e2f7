"""Losing Redis ends no worker. The full test, with real processes, is a drill: `advocacy/tests/test_drills.py`."""

import logging
import uuid
from types import SimpleNamespace

import pytest
import redis
from kombu import Connection

from advocacy.celery import app

logger = logging.getLogger(__name__)


@pytest.fixture
def taken():
    """(connection, an unacknowledged message from a Redis queue)."""
    connection = app.connection_for_read()
    queue = connection.SimpleQueue(f"test-{uuid.uuid4()}")
    queue.put("a poll")
    message = queue.get(timeout=10)
    yield connection, message
    connection.close()


def test_a_task_that_ends_after_its_connection_was_lost_ends_no_worker(taken):
    connection, message = taken
    connection.collect()
    message.channel._disconnect_pools()
    message.channel.connection = SimpleNamespace(client=None)  # as the worker's channel is left behind
    with pytest.raises(redis.ConnectionError):
        message.ack()
    message.ack_log_error(logger, connection.connection_errors)  # as Celery's worker does after a task


def test_a_channel_whose_connection_was_lost_says_so_as_a_lost_connection(taken):
    connection, message = taken
    connection.close()
    with pytest.raises(redis.ConnectionError):
        message.channel._connparams()


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_both_schemes_speak_by_our_transport(scheme):
    with Connection(f"{scheme}://127.0.0.1:1/0", ssl={"ssl_cert_reqs": "required"}) as connection:
        assert type(connection.transport).__module__ == "advocacy.runtime.broker"


def test_workers_and_beat_try_for_ever():
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.broker_connection_retry_on_startup
    assert app.conf.broker_connection_retry
    assert not app.conf.worker_cancel_long_running_tasks_on_connection_loss
