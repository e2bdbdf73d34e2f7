"""What people write in the desk: the draft, the reply on its way to the platform, and what did not arrive."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


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


class DeliveryProblem(models.Model):
    """A reply, post, like or deletion that failed, was stopped, or may or may not have been posted."""

    class What(models.TextChoices):
        FAILED = "failed", _("failed")
        BLOCKED = "blocked", _("stopped")
        UNCERTAIN = "uncertain", _("uncertain")

    class Kind(models.TextChoices):
        REPLY = "reply", _("reply")
        POST = "post", _("post")
        LIKE = "like", _("like")
        DELETE = "delete", _("deletion")

    class How(models.TextChoices):
        OPEN = "", "—"
        SENT = "sent", _("it arrived after all")
        AGAIN = "again", _("somebody had it tried again")
        ANSWERED = "answered", _("another reply was sent")
        DISMISSED = "dismissed", _("somebody said that it is settled")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    what = models.CharField(max_length=9, choices=What.choices)
    why = models.TextField(blank=True)
    """What the platform or the guard said."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    """Who sent it, and hears of it first."""
    ticket = models.ForeignKey("mentions.Ticket", null=True, on_delete=models.PROTECT, related_name="delivery_problems")
    reply = models.ForeignKey("mentions.Reply", null=True, on_delete=models.PROTECT, related_name="+")
    """Of a reply and of its deletion."""
    outbound = models.ForeignKey("channels.OutboundItem", null=True, on_delete=models.PROTECT, related_name="+")
    """Null for a reply that was stopped before the outbox had it."""
    at = models.DateTimeField()
    told_author_at = models.DateTimeField(null=True)
    told_team_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    how = models.CharField(max_length=9, choices=How.choices, blank=True, default="")

    class Meta:
        verbose_name = _("delivery problem")
        verbose_name_plural = _("delivery problems")
        constraints = [
            # The nudge and the sweep may both find it.
            models.UniqueConstraint(
                fields=["reply", "kind"], condition=Q(settled_at=None), name="delivery_problem_once_per_reply"
            ),
            models.UniqueConstraint(
                fields=["outbound"], condition=Q(settled_at=None), name="delivery_problem_once_per_item"
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None, how="") | (Q(settled_at__isnull=False) & ~Q(how="")),
                name="delivery_problem_is_settled_somehow",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="delivery_problem_open", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"{self.kind} {self.what}"
