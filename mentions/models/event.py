"""A ticket's append-only history, and the team's notes on it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """Who did what and when, with the values before and after. Append-only."""

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Null for the desk itself."""
    kind = models.CharField(max_length=30)
    """created, claimed, released, expired, handed_back, status, parked, woken, assigned, tagged, macro, replied,
    undone, delivered, delivery_failed, uncertain, deleted, edited, merged, split, no_reply, outreach, ..."""
    data = models.JSONField(default=dict, blank=True)
    """{"from": ..., "to": ...} and anything else the kind needs."""

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["ticket", "at", "id"], name="event_ticket_order"),
            models.Index(fields=["kind", "at"], name="event_kind_time", include=["actor"]),
            models.Index(fields=["actor", "at"], name="event_actor_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"


class Note(models.Model):
    """Internal; never leaves the desk and never affects a clock."""

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("note"))
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.text[:50]
