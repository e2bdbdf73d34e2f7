"""Questions that a parked ticket waits for, asked in Slack."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Question(models.Model):
    """asked → answered; or over: nobody answered, or nobody needs it any more; or it could not be posted."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked")
        ANSWERED = "answered", _("answered")
        OVER = "over", _("over")
        FAILED = "failed", _("could not be posted")

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.PROTECT, related_name="questions")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    text = models.TextField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    slack_channel = models.CharField(max_length=80)
    slack_room = models.CharField(max_length=40, blank=True, default="")
    """The channel's id, once posted."""
    slack_ts = models.CharField(max_length=40, blank=True, default="")
    slack_url = models.TextField(blank=True, default="")
    outbound = models.OneToOneField("channels.OutboundItem", on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField(null=True, blank=True)
    """When the thread is read again; null: not any more."""
    seen_ts = models.CharField(max_length=40, blank=True, default="")
    """The last reply that is on the ticket."""
    answer = models.TextField(blank=True, default="")
    answered_by = models.CharField(max_length=120, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    """Why it could not be posted, or its thread not be read."""

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="asked"), name="question_once_per_ticket")
        ]
        indexes = [models.Index(fields=["read_at"], name="question_due", condition=Q(read_at__isnull=False))]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.slack_channel}"
