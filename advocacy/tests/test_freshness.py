"""Sweeps that have waited too long are dropped, by a clock shared by sender and worker."""

from datetime import UTC, datetime, timedelta

import pytest
import redis
import time_machine
from celery import Celery
from kombu import Queue

from advocacy.runtime import freshness
from advocacy.runtime.freshness import FRESH_FOR, SENT_AT, fresh_for, is_stale, redis_now_s

MINUTES = timedelta(minutes=1)


@pytest.fixture
def sent():
    """(app, headers of what was sent): a real message, kept in the process."""
    app = Celery("test", broker="memory://", task_cls="advocacy.runtime.freshness:DeskTask", set_as_current=False)
    app.conf.task_queues = [Queue("fresh")]
    app.conf.task_default_queue = "fresh"

    def send(**options):
        app.send_task("sweep", **options)
        with app.connection_for_read() as connection, connection.SimpleQueue("fresh") as queue:
            message = queue.get(timeout=5)
            message.ack()
        return message.headers

    yield app, send
    app.close()


def test_a_periodic_message_says_when_it_was_sent(sent):
    headers = sent[1](**fresh_for(5))
    assert headers[FRESH_FOR] == 5
    assert abs(headers[SENT_AT] - redis_now_s()) < 5
    assert not is_stale(headers)
    assert SENT_AT not in sent[1]()


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_worker_whose_clock_is_wrong_drops_nothing(sent, minutes):
    headers = sent[1](**fresh_for(5))
    with time_machine.travel(datetime.now(UTC) + minutes * MINUTES, tick=True):
        assert not is_stale(headers)


def test_what_waited_too_long_is_stale(monkeypatch):
    headers = {FRESH_FOR: 5, SENT_AT: redis_now_s() - 6}
    assert is_stale(headers)
    assert not is_stale({**headers, FRESH_FOR: 60})
    monkeypatch.setattr(freshness, "redis_now_s", lambda: (_ for _ in ()).throw(redis.ConnectionError))
    assert not is_stale(headers), "what cannot be judged is run"


def test_a_stale_task_is_not_run_and_a_fresh_one_is(sent):
    app, _send = sent
    ran = []

    @app.task(name="sweep")
    def sweep():
        ran.append(1)

    for waited_s in (6, 1):
        sweep.push_request(headers={FRESH_FOR: 5, SENT_AT: redis_now_s() - waited_s})
        sweep()
        sweep.pop_request()
    sweep()
    assert len(ran) == 2
