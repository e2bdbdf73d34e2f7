"""Limits on who may see a ticket."""

from __future__ import annotations

from django.db import models


class AudienceLimit(models.Model):
    """The ticket holds something from this channel: only people who may see the channel may see the ticket.

    Database triggers write the rows (migration 0010): when a ticket is merged into another, when a message of a
    restricted channel is added to a ticket of another channel, and when a channel becomes restricted. Rows are kept
    after a split: notes and history may still reveal it.
    """

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.CASCADE, related_name="audience_limits")
    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "channel"], name="audience_limit_once")]

    def __str__(self) -> str:
        return f"#{self.ticket_id} as {self.channel_id}"
