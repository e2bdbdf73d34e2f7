from celery.signals import worker_init

from advocacy.celery import app, release_polls_of_the_one_before
from advocacy.runtime.beat import SCHEDULE
from advocacy.runtime.freshness import FRESH_FOR


def test_every_schedule_names_an_existing_task():
    app.loader.import_default_modules()
    assert [entry["task"] for entry in SCHEDULE.values() if entry["task"] not in app.tasks] == []


def test_every_run_expires_before_runs_pile_up():
    for name, entry in SCHEDULE.items():
        assert 0 < entry["schedule"] <= 24 * 3600, name
        fresh_for_s = entry["options"]["headers"][FRESH_FOR]
        assert entry["schedule"] <= fresh_for_s <= max(5, entry["schedule"]), name
        assert "expires" not in entry["options"], f"{name}: judged by the worker's clock, which may be another one"


def test_tasks_are_acknowledged_late_and_limited_in_time():
    assert app.conf.task_acks_late
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.accept_content == ["json"]
    assert not app.conf.task_always_eager
    # A message comes back only after its task must have ended, or it would run twice at once.
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]


def test_no_task_is_scheduled_twice():
    tasks = [entry["task"] for entry in SCHEDULE.values()]
    assert len(tasks) == len(set(tasks))


def test_a_worker_that_starts_frees_the_polls_of_the_one_before(monkeypatch):
    freed = []
    monkeypatch.setattr("channels.polling.lost_workers.release", freed.append)
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    freeing = [ref() for _key, ref in worker_init.receivers if ref() is release_polls_of_the_one_before]
    assert len(freeing) == 1, "Celery calls it"
    freeing[0](sender="polls@here")
    assert freed == ["polls@here"]
