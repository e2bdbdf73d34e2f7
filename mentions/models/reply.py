"""A reply written in the desk, from the keyboard to the platform."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Reply(models.Model):
    """resting (can be undone) → handed (the outbox has it) → sent | uncertain | failed; or undone | blocked."""

    class State(models.TextChoices):
        RESTING = "resting", _("will be sent")
        UNDONE = "undone", _("taken back")
        BLOCKED = "blocked", _("stopped: the conversation has moved")
        HANDED = "handed", _("being sent")
        SENT = "sent", _("sent")
        UNCERTAIN = "uncertain", _("uncertain")
        FAILED = "failed", _("failed")
        DELETED = "deleted", _("deleted on the platform")

    ON_ITS_WAY = (State.RESTING, State.HANDED, State.SENT, State.UNCERTAIN)
    """Counts as an answer until something else is known: should it fail, its ticket opens again."""

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.PROTECT, related_name="replies")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.ForeignKey("channels.Channel", on_delete=models.PROTECT, related_name="+")
    """The handle or alias it is sent from."""
    key = models.UUIDField(unique=True)
    """Made by the page that shows the composer: a double click or a second tab posts it once."""
    text = models.TextField()
    subject = models.CharField(max_length=1000, blank=True)
    in_reply_to = models.ForeignKey("mentions.Message", null=True, on_delete=models.PROTECT, related_name="+")
    recipients = models.JSONField(default=list, blank=True)
    """Mail: lower-case addresses it goes to; what is sent to one address in a day is capped."""
    cc = models.JSONField(default=list, blank=True)
    guard_message_id = models.BigIntegerField()
    """The last message of the thread that its author had seen."""
    status_after = models.CharField(max_length=7, blank=True)
    """Ticket status the advocate chose with it; taken back when the reply is undone, blocked or fails."""
    status_before = models.CharField(max_length=7, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.RESTING)
    send_at = models.DateTimeField()
    """End of the undo window."""
    outbound = models.OneToOneField(
        "channels.OutboundItem", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    message = models.OneToOneField(
        "mentions.Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="reply"
    )
    deletion = models.OneToOneField(
        "channels.OutboundItem", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Its deletion on the platform, where somebody has asked for it."""
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        indexes = [
            models.Index(fields=["send_at"], name="reply_resting", condition=Q(state="resting")),
            models.Index(fields=["ticket", "created_at"], name="reply_ticket_order"),
            models.Index(fields=["created_at"], name="reply_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.text[:40]}"
