"""Roll-ups: numerators and denominators per day, rebuilt from the tables of truth at any time."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DayFigures(models.Model):
    """What one channel amounted to on one day (UTC, by `posted_at` of the ticket)."""

    day = models.DateField()
    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+")
    priority = models.PositiveSmallIntegerField()
    created = models.PositiveIntegerField(default=0)
    solved = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    within_target = models.PositiveIntegerField(default=0)
    no_reply_needed = models.PositiveIntegerField(default=0)
    overdue_unanswered = models.PositiveIntegerField(default=0)
    reply_seconds = models.JSONField(default=list)
    """Sorted seconds to the first reply of each answered ticket: medians over any period are exact."""
    built_at = models.DateTimeField()

    class Meta:
        verbose_name = _("day figures")
        verbose_name_plural = _("day figures")
        constraints = [
            models.UniqueConstraint(fields=["day", "channel", "priority"], name="day_figures_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.channel_id}"
