"""The Celery app. Tasks take ids, are idempotent, are enqueued after commit; the options are in settings (CELERY_…).

Redis only carries nudges. Every schedule in `advocacy.runtime.beat` finds the same work in the tables, so a flushed
Redis, a killed worker or a lost message costs some seconds, not a mention.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_process_init
from django.core.exceptions import ImproperlyConfigured

from advocacy.monitoring.heartbeats import Heartbeat
from advocacy.runtime import broker
from advocacy.runtime.beat import SCHEDULE
from advocacy.runtime.freshness import fresh_for

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advocacy.settings")

broker.install()
app = Celery("advocacy", task_cls="advocacy.runtime.freshness:DeskTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = SCHEDULE
app.autodiscover_tasks()
app.steps["worker"].add(Heartbeat)
app.set_default()  # for every thread, not only the one that imported this


@setup_logging.connect  # type: ignore[untyped-decorator]
def keep_logging(**_kwargs: Any) -> None:
    """Celery sets up nothing of its own when somebody listens here: LOGGING holds, and DESK_LOG_LEVEL."""


@worker_init.connect  # type: ignore[untyped-decorator]
@beat_init.connect  # type: ignore[untyped-decorator]
def refuse_wrong_settings(**_kwargs: Any) -> None:
    """Neither worker nor beat runs Django's system checks; of what is raised here only SystemExit stops them."""
    from advocacy import checks

    try:
        checks.refuse_wrong_settings()
        checks.refuse_old_database()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None


@worker_init.connect  # type: ignore[untyped-decorator]
@worker_process_init.connect  # type: ignore[untyped-decorator]
def limit_statements(**_kwargs: Any) -> None:
    """Before the first connection of the worker, and of each process of its pool."""
    from channels.db import db_session

    db_session.limit(db_session.for_worker())


@beat_init.connect  # type: ignore[untyped-decorator]
def keep_watch(**_kwargs: Any) -> None:
    from advocacy.monitoring import watchman

    watchman.start()


@beat_init.connect  # type: ignore[untyped-decorator]
def tick_at_once(**_kwargs: Any) -> None:
    """The schedule's first tick would be ten seconds away, and readiness with it."""
    app.send_task("advocacy.tasks.tick", **fresh_for(60))
