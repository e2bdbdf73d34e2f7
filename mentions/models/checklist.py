"""Checks of channels that have no automatic intake."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ChannelCheck(models.Model):
    """Records that somebody checked a channel in a given week."""

    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="checks")
    week = models.DateField()
    """The week's Monday (UTC)."""
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "week"], name="channel_checked_once_a_week")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.week}"
