"""Ticket states as chainable queryset methods, for verbs. What the queue asks for is SQL (`mentions/queue/`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q


class TicketQuerySet(models.QuerySet[Any]):
    def held_by(self, user: Any, now: datetime) -> TicketQuerySet:
        """Under this person's live claim."""
        return self.filter(claimed_by=user, claim_expires_at__gt=now)

    def due_to_wake(self, now: datetime) -> TicketQuerySet:
        """Parked until a time that has come."""
        return self.filter(~Q(waiting_on=""), wake_at__lte=now)

    def waiting_for_a_reply(self) -> TicketQuerySet:
        """The requester still waits for a first reply, and nobody has said that none is needed."""
        return self.filter(due_at__isnull=False)
