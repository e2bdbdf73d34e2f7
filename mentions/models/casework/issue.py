"""Issues on a tracker, opened from tickets or linked to them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Issue(models.Model):
    """opening → open ⇄ closed, or failed; a link is looked up first: looking → open | closed | missing."""

    class State(models.TextChoices):
        OPENING = "opening", _("being opened")
        LOOKING = "looking", _("being looked up")
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")
        FAILED = "failed", _("not opened")
        MISSING = "missing", _("not found")

    FOLLOWED = (State.LOOKING, State.OPEN, State.CLOSED)
    """States in which the desk queries the tracker."""
    RUNNING = (State.OPENING, State.LOOKING, State.OPEN)
    """Somebody may still wait for it."""

    connection = models.ForeignKey("channels.Connection", on_delete=models.PROTECT, related_name="+")
    namespace = models.CharField(max_length=200)
    project = models.CharField(max_length=300, blank=True)
    reference = models.CharField(max_length=500, blank=True)
    """What the adapter's `read_issue` takes."""
    external_id = models.CharField(max_length=500, blank=True)
    """As polling returns it; empty until known."""
    url = models.CharField(max_length=1000, blank=True)
    title = models.CharField(max_length=500, blank=True)
    is_confidential = models.BooleanField(default=False)
    assignees = models.JSONField(default=list, blank=True)
    """Account names on the tracker."""
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    error = models.TextField(blank=True)
    """Why it was not opened, found or assigned, and what to do."""
    key = models.UUIDField(unique=True)
    outbound = models.ForeignKey(
        "channels.OutboundItem", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    """When to query the tracker next."""
    closed_at = models.DateTimeField(null=True, blank=True)
    """When the desk learned that it is closed."""

    class Meta:
        verbose_name = _("issue")
        verbose_name_plural = _("issues")
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "external_id"], condition=~Q(external_id=""), name="issue_once_per_namespace"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="issue_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.title or self.url or f"{self.project} {self.key}"

    def title_on(self, ticket_id: int) -> str:
        """The title for readers of this ticket: a confidential issue's only on the ticket where it was opened."""
        is_from_there = self.outbound is not None and self.outbound.conversation == conversation_of(ticket_id)
        return "" if self.is_confidential and not is_from_there else self.title


def conversation_of(ticket_id: int) -> str:
    """The outbox's conversation of a ticket's issues."""
    return f"issue:{ticket_id}"


class IssueLink(models.Model):
    """A ticket waits for an issue, so that its requester is told when it is closed."""

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.CASCADE, related_name="issue_links")
    issue = models.ForeignKey(Issue, on_delete=models.PROTECT, related_name="links")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    came_back_at = models.DateTimeField(null=True, blank=True)
    """When the ticket came back because the issue was closed; null again if it was reopened."""
    told_at = models.DateTimeField(null=True, blank=True)
    """When the requester was told, or somebody decided that it isn't necessary."""

    class Meta:
        verbose_name = _("linked issue")
        verbose_name_plural = _("linked issues")
        constraints = [models.UniqueConstraint(fields=["ticket", "issue"], name="issue_link_once_per_ticket")]
        indexes = [models.Index(fields=["issue"], name="issue_link_untold", condition=Q(told_at__isnull=True))]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.issue_id}"
