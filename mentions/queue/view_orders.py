"""The orders of views."""

from __future__ import annotations

from mentions.models import View
from mentions.queue.view_filters import is_queue

ORDERS = {
    "oldest": ("queued_at", "id"),
    "newest": ("-queued_at", "-id"),
    "due": ("due_at", "queued_at", "id"),
    "recent": ("-last_message_at", "-id"),
    "stale": ("last_message_at", "id"),
}


def order_of(view: View) -> str:
    """Queue views use the queue's order; others go by last message, which has an index."""
    if is_queue(view.filters) or view.filters.get("parked") is True:
        return view.order
    return "stale" if view.order == "oldest" else "recent"
