from __future__ import annotations

from django.conf import settings
from django.db import models


class Draft(models.Model):
    """What an advocate has typed but not sent; kept through parking, hand-over and a closed tab."""

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.TextField(blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="draft_once_per_ticket_and_user")]

    def __str__(self) -> str:
        return self.text[:50]
