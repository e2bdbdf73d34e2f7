"""The outbox: replies, deletions, likes and Slack posts, with one state machine for all."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.clocks import desk_now


class OutboundItem(models.Model):
    """queued → sending → sent | retrying | uncertain | failed | cancelled. `key` is posted at most once."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        RETRYING = "retrying", _("retrying")
        UNCERTAIN = "uncertain", _("uncertain: may or may not have been posted")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Kind(models.TextChoices):
        REPLY = "reply", _("reply")
        DELETE = "delete", _("delete")
        LIKE = "like", _("like")
        SLACK = "slack", _("Slack message")
        SLACK_EDIT = "edit", _("edit of a Slack message")
        ISSUE = "issue", _("issue")
        ASSIGN = "assign", _("assignment of an issue")
        WEBHOOK = "webhook", _("call of the CRM")

    key = models.UUIDField(unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.REPLY)
    connection = models.ForeignKey(
        "channels.Connection", null=True, blank=True, on_delete=models.PROTECT, related_name="outbound"
    )
    """Null for Slack posts, which use the workspace's token."""
    sent_as = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Who sends it; if the platform uses personal accounts (`PersonalAccount`), it is sent from theirs."""
    conversation = models.CharField(max_length=600)
    """Items of one conversation are sent one at a time, in id order."""
    payload = models.JSONField()
    """Fields of `contract.Outgoing`, or the arguments of a Slack call."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    attempt_token = models.UUIDField(null=True)
    """Fencing: only the worker that holds the current token may record an outcome."""
    sending_until = models.DateTimeField(null=True)
    """After this, the worker of a `sending` item counts as lost and the item becomes uncertain."""
    sending_process = models.CharField(max_length=160, default="", db_default="", blank=True, editable=False)
    """Which process is sending it (`channels.processes`): if it is gone, nobody waits for `sending_until`."""
    first_sent_at = models.DateTimeField(null=True)
    uncertain_since = models.DateTimeField(null=True)
    checks = models.PositiveSmallIntegerField(default=0)
    external_id = models.CharField(max_length=500, blank=True)
    url = models.TextField(blank=True)
    receipt = models.JSONField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=desk_now, editable=False)
    held_at = models.DateTimeField(null=True)
    """Set if it was pending in a restored backup; a person must release it (`outbox.held_back`)."""
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("outbound item")
        verbose_name_plural = _("outbox")
        permissions = [("settle_outbounditem", "Can retry, cancel and settle outbound items")]
        constraints = [
            # Serial per conversation: two items of one conversation are never in flight at once.
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state="sending"), name="outbound_serial_per_conversation"
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"], name="outbound_due", condition=Q(state__in=["queued", "retrying"])
            ),
            models.Index(fields=["conversation", "id"], name="outbound_conversation"),
            models.Index(
                fields=["state", "id"], name="outbound_unsettled", condition=Q(state__in=["sending", "uncertain"])
            ),
            models.Index(fields=["external_id"], name="outbound_external", condition=~Q(external_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.state}"
