"""Slack notices: one per mention and Slack channel, edited as its ticket progresses; and one when it is due soon."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class NoticePost(models.Model):
    """One Slack message from the desk: about one mention, about several in a rush, or a digest."""

    class Kind(models.TextChoices):
        SINGLE = "single", _("one mention")
        RUSH = "rush", _("several at once")
        DIGEST = "digest", _("digest")

    slack_channel = models.CharField(max_length=80)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.SINGLE)
    outbound = models.OneToOneField("channels.OutboundItem", null=True, on_delete=models.SET_NULL, related_name="+")
    shown = models.BinaryField(max_length=16, null=True)
    """Hash of its current content (posted, or on its way): it is edited only when this changes."""
    edits = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.slack_channel} {self.kind}"


class Notice(models.Model):
    """A mention to be announced in a Slack channel. Unique per mention and Slack channel."""

    message = models.ForeignKey("mentions.Message", on_delete=models.CASCADE, related_name="notices")
    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+")
    slack_channel = models.CharField(max_length=80)
    due_at = models.DateTimeField()
    """When to post it: at once, or with the next digest."""
    post = models.ForeignKey(NoticePost, null=True, on_delete=models.SET_NULL, related_name="notices")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "slack_channel"], name="notice_once_per_slack_channel")
        ]
        indexes = [models.Index(fields=["due_at"], name="notice_due", condition=models.Q(post__isnull=True))]

    def __str__(self) -> str:
        return f"{self.message_id} in {self.slack_channel}"


class DueWarning(models.Model):
    """Slack was told that the ticket is due soon; again only if the due time has moved."""

    ticket = models.OneToOneField("mentions.Ticket", on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()
    """The announced due time."""
    told_at = models.DateTimeField()
    outbound_ids = ArrayField(models.BigIntegerField(), default=list)
    """The Slack messages that name it, in the outbox."""

    def __str__(self) -> str:
        return f"#{self.ticket_id} due {self.due_at:%Y-%m-%d %H:%M}"
