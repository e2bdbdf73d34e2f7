"""When a first reply is overdue: after its due time, while the ticket is new or open. One rule for lists and reports.

A reply at that very second is within target. `due_at` is empty once somebody has replied (`mentions.clocks.clocks`).
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from mentions.models import Ticket

OPEN = (Ticket.Status.NEW, Ticket.Status.OPEN)
SQL = "mentions_ticket.due_at < %(now)s::timestamptz AND mentions_ticket.status IN ('new', 'open')"


def overdue(now: datetime) -> Q:
    return Q(due_at__lt=now, status__in=OPEN)


def not_yet(now: datetime) -> Q:
    """Open, with time left, or without a target."""
    return (Q(due_at__isnull=True) | Q(due_at__gte=now)) & Q(status__in=OPEN)
