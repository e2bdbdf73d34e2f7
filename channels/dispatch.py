"""After commit: signals to the floors above, tasks to workers. Both may get lost; a sweep finds the same work."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import current_app
from django.db import transaction

from channels.models import InboundItem, OutboundItem
from channels.signals import delivery_changed, items_stored

logger = logging.getLogger(__name__)


def items_after_commit(connection_id: int, item_ids: Sequence[int]) -> None:
    """Send `items_stored`. A failing receiver doesn't fail the caller."""
    if item_ids:
        transaction.on_commit(
            lambda: _log_failures(
                items_stored.send_robust(sender=InboundItem, connection_id=connection_id, item_ids=list(item_ids))
            )
        )


def delivery_after_commit(outbound_id: int, state: str) -> None:
    transaction.on_commit(
        lambda: _log_failures(delivery_changed.send_robust(sender=OutboundItem, outbound_id=outbound_id, state=state))
    )


def task_after_commit(name: str, *args: object, countdown_s: float = 0) -> None:
    """Queue a task by name; without a broker, the next sweep does the work."""
    transaction.on_commit(lambda: send_task(name, *args, countdown_s=countdown_s))


def send_task(name: str, *args: object, countdown_s: float = 0) -> bool:
    """Queue a task now. Returns whether the broker accepted it."""
    try:
        current_app.send_task(name, args=args, countdown=countdown_s or None, retry=False)
    except Exception as error:  # the broker's client raises many types; the sweep recovers
        logger.warning("Task %s was not queued (%s); the next sweep does its work.", name, type(error).__name__)
        return False
    return True


def _log_failures(results: Sequence[tuple[object, object]]) -> None:
    for receiver, result in results:
        if isinstance(result, Exception):
            logger.error("%r failed on a nudge; the next sweep does its work.", receiver, exc_info=result)
