"""Celery tasks of the desk: thin, idempotent; each only starts a verb at the clock's time.

Periodic ones and their periods are in `advocacy.beat`.
"""

from __future__ import annotations

from celery import shared_task
from django.db import connection
from django.utils import timezone

from channels.models import InboundItem
from channels.nudges import send_task
from mentions.ingest import following, ingest_pending

INGEST_TASK = "mentions.ingest"
BATCH = 100
MAX_BATCHES = 50


@shared_task(name=INGEST_TASK)  # type: ignore[misc,unused-ignore]
def ingest(connection_id: int | None = None) -> int:
    """Everything that waits, batch by batch; a very long queue goes on in a task of its own. Returns items taken."""
    taken = 0
    for _ in range(MAX_BATCHES):
        batch = ingest_pending(BATCH, connection_id)
        taken += batch.taken
        if batch.taken < BATCH:
            return taken
    send_task(INGEST_TASK, connection_id)
    return taken


@shared_task(name="mentions.sweep_inbox")  # type: ignore[misc,unused-ignore]
def sweep_inbox() -> int:
    """What a lost nudge or a killed worker left behind."""
    if not InboundItem.objects.filter(state=InboundItem.State.PENDING).exists():
        return 0
    return int(ingest())


@shared_task(name="mentions.clean_search_index")  # type: ignore[misc,unused-ignore]
def clean_search_index() -> int:
    """Move the search index's pending list into the index, so that no single insert has to; pages cleaned."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('message_search'::regclass)")
        return int(cursor.fetchone()[0])


@shared_task(name="mentions.renew_followed")  # type: ignore[misc,unused-ignore]
def renew_followed() -> int:
    """Threads with open tickets stay followed; those of solved tickets expire by themselves."""
    return following.renew(timezone.now())
