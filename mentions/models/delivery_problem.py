"""What did not arrive as its sender meant it, until somebody has settled it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


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
