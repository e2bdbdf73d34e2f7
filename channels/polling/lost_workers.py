"""Frees the polls of a killed worker: when a worker of the same name starts, its predecessor must be gone. Otherwise a
killed poll waits for the end of its lease (DESK_POLL_LEASE_SECONDS). Nothing is read twice: a poller that was merely
slow finds its lease token gone, and leaves cursor and health alone (`channels.polling.polling`).
"""

from __future__ import annotations

from django.db.models import Q

from channels.models import Connection


def release(worker: str) -> int:
    """Free the connections that a worker of this name (`polls@host`) held, and those whose poll was dispatched but has
    not begun: the next tick dispatches them again, and the old task finds its lease gone. Returns how many."""
    begun = Q(lease_holder=worker) if worker else Q(pk__in=())
    held = Connection.objects.filter(Q(lease_holder="") | begun, lease_token__isnull=False)
    return held.update(lease_token=None, lease_until=None, lease_holder="")
