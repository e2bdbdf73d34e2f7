"""The end of somebody's day: their open tickets, and what was decided about each."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class HandOver(models.Model):
    """One person's end of one day, in their time zone. It is done once its summary is queued."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="hand_overs")
    day = models.DateField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    lapsed_at = models.DateTimeField(null=True, blank=True)
    """When the team was told that the day ended without a hand-over."""
    done_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=1000, blank=True, default="")
    outbound = models.OneToOneField(
        "channels.OutboundItem", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="hand_over_once_per_user_and_day")]

    def __str__(self) -> str:
        return f"{self.user} {self.day}"


class HandOverItem(models.Model):
    """What was decided about one ticket."""

    class Decision(models.TextChoices):
        PASS = "pass", _("hand over")
        EXPERT = "expert", _("message the expert")
        KEEP = "keep", _("keep")

    hand_over = models.ForeignKey(HandOver, on_delete=models.CASCADE, related_name="items")
    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=6, choices=Decision.choices)
    note = models.CharField(max_length=500, blank=True, default="")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Who got it; null: the queue."""
    at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    """When the new owner took note."""

    class Meta:
        verbose_name = _("handed over ticket")
        verbose_name_plural = _("handed over tickets")
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["hand_over", "ticket"], name="hand_over_item_once_per_ticket")]
        indexes = [models.Index(fields=["to"], name="hand_over_waiting", condition=Q(begun_at=None, to__isnull=False))]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.decision}"
