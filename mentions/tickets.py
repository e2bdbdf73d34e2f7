"""The states of a ticket, each defined once, as chainable queryset methods."""

from __future__ import annotations

from django.db import models


class TicketQuerySet(models.QuerySet["models.Model"]):
    def queued(self) -> TicketQuerySet:
        """Waiting for an advocate: new or open, and not parked."""
        return self.filter(is_queued=True)

    def parked(self) -> TicketQuerySet:
        return self.exclude(waiting_on="")
