from __future__ import annotations

from django.conf import settings
from django.db import models


class Draft(models.Model):
    """What an advocate has typed but not sent; kept through parking, hand-over and a closed tab. The row outlives its
    text, so that a save which was under way when the reply was sent does not bring the text back."""

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    status_after = models.CharField(max_length=7, blank=True, default="")
    """What the ticket is after the reply, as the macro says that wrote it; "" for what is usual."""
    updated_at = models.DateTimeField()

    version = models.PositiveIntegerField(default=0)
    """Counts every change. A page that saves says which one it has seen."""
    writer = models.CharField(max_length=40, blank=True, default="")
    """The window that saved last; "" for the desk itself, SENT once the text has left."""
    sequence = models.BigIntegerField(default=0)
    """Orders the saves of one window, whichever arrives first."""

    SENT = "-"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="draft_once_per_ticket_and_user")]

    def __str__(self) -> str:
        return self.text[:50]
