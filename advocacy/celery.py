"""The Celery app. Tasks take ids, are idempotent, and are enqueued after commit; options are in settings (CELERY_…).

Redis only carries nudges. Every schedule in `advocacy.runtime.beat` finds the same work in the tables, so a flushed
Redis, a killed worker or a lost message costs seconds, not a mention.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_process_init
from django.core.exceptions import ImproperlyConfigured

from advocacy.monitoring.heartbeats import Heartbeat
from advocacy.runtime import broker, collecting
from advocacy.runtime.beat import SCHEDULE
from advocacy.runtime.freshness import fresh_for

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advocacy.settings")

broker.install()
app = Celery("advocacy", task_cls="advocacy.runtime.freshness:DeskTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = SCHEDULE
app.autodiscover_tasks()
app.steps["worker"].add(Heartbeat)
app.set_default()  # for every thread, not only the importing one


@setup_logging.connect  # type: ignore[untyped-decorator]
def keep_logging(**_kwargs: Any) -> None:
    """With a receiver connected, Celery doesn't configure logging: LOGGING and DESK_LOG_LEVEL apply."""


@worker_init.connect  # type: ignore[untyped-decorator]
@beat_init.connect  # type: ignore[untyped-decorator]
def refuse_wrong_settings(**_kwargs: Any) -> None:
    """Neither worker nor beat runs Django's system checks; only SystemExit raised here stops them."""
    from advocacy import checks

    try:
        checks.refuse_wrong_settings()
        checks.refuse_old_database()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None


@worker_init.connect  # type: ignore[untyped-decorator]
@worker_process_init.connect  # type: ignore[untyped-decorator]
def limit_statements(**_kwargs: Any) -> None:
    """Limit statements, before the first connection of the worker and of each pool process."""
    from channels.db import db_session

    db_session.limit(db_session.for_worker())


@worker_init.connect  # type: ignore[untyped-decorator]
def share_what_is_loaded(**_kwargs: Any) -> None:
    """Freeze the loaded objects, so that pool processes share their memory. All tasks are loaded by now, and no process
    has been forked."""
    collecting.resume()


@worker_init.connect  # type: ignore[untyped-decorator]
def release_polls_of_the_one_before(sender: str, **_kwargs: Any) -> None:
    """Release the polls of a predecessor of the same name. If the database is down, the worker waits for it, and the
    leases expire."""
    from django.db import Error, connection

    from channels.polling import lost_workers

    with suppress(Error):
        lost_workers.release(sender)
    connection.close()


@beat_init.connect  # type: ignore[untyped-decorator]
def keep_watch(**_kwargs: Any) -> None:
    from advocacy.monitoring import watchman

    watchman.start()


@beat_init.connect  # type: ignore[untyped-decorator]
def tick_at_once(**_kwargs: Any) -> None:
    """Tick right away: the first scheduled tick, and readiness with it, would be ten seconds away."""
    app.send_task("advocacy.tasks.tick", **fresh_for(60))
