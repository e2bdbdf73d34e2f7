"""Ticket states, each defined once, as chainable queryset methods."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q


class TicketQuerySet(models.QuerySet[Any]):
    def queued(self) -> TicketQuerySet:
        """Waiting for an advocate: new or open, and not parked."""
        return self.filter(is_queued=True)

    def parked(self) -> TicketQuerySet:
        """Open, outside the queue, until an event or a time returns it."""
        return self.exclude(waiting_on="")

    def unsolved(self) -> TicketQuerySet:
        """Not done: our turn (new, open) or the requester's (pending)."""
        return self.filter(status__in=("new", "open", "pending"))

    def overdue(self, now: datetime) -> TicketQuerySet:
        """Still open without an answer, past its target."""
        return self.filter(due_at__lt=now, status__in=("new", "open"))

    def held(self, now: datetime) -> TicketQuerySet:
        """Under a live claim."""
        return self.filter(claim_expires_at__gt=now)

    def held_by(self, user: Any, now: datetime) -> TicketQuerySet:
        return self.filter(claimed_by=user, claim_expires_at__gt=now)

    def left_alone(self, now: datetime) -> TicketQuerySet:
        """Under an expired claim."""
        return self.filter(claim_expires_at__lte=now)

    def due_to_wake(self, now: datetime) -> TicketQuerySet:
        return self.filter(~Q(waiting_on=""), wake_at__lte=now)
