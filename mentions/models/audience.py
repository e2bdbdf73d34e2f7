"""What narrows the circle of those who may see a ticket."""

from __future__ import annotations

from django.db import models


class AudienceLimit(models.Model):
    """The ticket holds something that came through this channel: only those who may see the channel see the ticket.

    Triggers of the database write the rows (migration 0010): when a ticket is merged into another, when a message of a
    restricted channel comes to a ticket of another channel, and when a channel becomes restricted. Rows stay, whatever
    is split off later: notes and history may still tell.
    """

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.CASCADE, related_name="audience_limits")
    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "channel"], name="audience_limit_once")]

    def __str__(self) -> str:
        return f"#{self.ticket_id} as {self.channel_id}"
