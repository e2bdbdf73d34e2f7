"""Frees the polls of a killed worker: when a worker of the same name starts, its predecessor must be gone. Otherwise a
killed poll's connection waits until the lease expires (DESK_POLL_LEASE_SECONDS). Nothing is read twice: a poller that
was merely slow finds its lease token gone, and leaves cursor and health alone (`channels.polling.polling`).
"""

from __future__ import annotations

from django.db.models import Q

from channels.models import Connection


def release(worker: str) -> int:
    """Release the leases of a worker of this name (`polls@host`), and of polls that were dispatched but have not begun:
    the next tick dispatches them again, and the old task finds its lease gone. Returns how many."""
    begun_by_worker = Q(lease_holder=worker) if worker else Q(pk__in=())
    leased = Connection.objects.filter(Q(lease_holder="") | begun_by_worker, lease_token__isnull=False)
    return leased.update(lease_token=None, lease_until=None, lease_holder="")
