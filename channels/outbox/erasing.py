"""Erases the text of sent items."""

from __future__ import annotations

from django.db.models import QuerySet

from channels.models import OutboundItem
from channels.outbox import states


def erase_settled(items: QuerySet[OutboundItem]) -> int:
    """Settled items keep only their state and the platform's id; returns how many were changed."""
    changed = 0
    for item in items.exclude(state__in=states.UNSETTLED):
        receipt = item.receipt or {}
        item.payload, item.error, item.url = {"erased": True}, "", ""
        item.receipt = {key: receipt[key] for key in ("ts", "channel") if key in receipt} or None
        item.save(update_fields=["payload", "error", "url", "receipt"])
        changed += 1
    return changed
