"""Alarms: lasting problems of a channel, a connection or the desk itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Alarm(models.Model):
    """Raised once, announced once, cleared when over; at most one open alarm per connection, channel and state."""

    connection = models.ForeignKey("channels.Connection", null=True, on_delete=models.CASCADE, related_name="alarms")
    """Null: the desk itself, such as a missing worker."""
    channel = models.ForeignKey("channels.Channel", null=True, on_delete=models.CASCADE, related_name="alarms")
    """Null: the whole connection."""
    state = models.CharField(max_length=80)
    """`channels.monitoring.health.Health.state`: silent, auth, expired, expiring, failing, late, …"""
    words = models.TextField()
    raised_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    """When Slack and mail were notified; null if not yet."""
    cleared_at = models.DateTimeField(null=True)
    is_over_told = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "channel", "state"],
                condition=Q(cleared_at__isnull=True),
                nulls_distinct=False,
                name="alarm_open_once",
            )
        ]
        indexes = [models.Index(fields=["-raised_at"], name="alarm_recent")]

    def __str__(self) -> str:
        return f"{self.state} {self.raised_at}"
