"""Everything that was fetched, raw and durable, until it is parsed and after."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class InboundItem(models.Model):
    """One item as the platform sent it. Never deleted by the desk; what cannot be parsed stays `failed`, replayable."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        STORED = "stored", _("stored")  # a mention (or context) was made of it
        IGNORED = "ignored", _("no mention")  # a retweet, no whole-word match
        FAILED = "failed", _("failed")

    class Role(models.TextChoices):
        MENTION = "mention", _("mention")  # came by a search, timeline, mailbox
        THREAD = "thread", _("thread")  # came by reading a followed thread: context until its author says otherwise

    connection = models.ForeignKey("channels.Connection", on_delete=models.PROTECT, related_name="items")
    external_id = models.CharField(max_length=500)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.MENTION)
    payload = models.JSONField(null=True)
    raw = models.BinaryField(null=True)
    digest = models.BinaryField(max_length=16)
    """Over the parsed content, so that a moving score is no edit."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    revision = models.PositiveIntegerField(default=1)
    fetched_at = models.DateTimeField()
    """When the request that brought this version began; an older fetch never overwrites a newer one."""
    parsed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    """When it was stored for the first time; volume is counted by it."""

    class Meta:
        verbose_name = _("inbound item")
        verbose_name_plural = _("inbox")
        permissions = [("replay_inbounditem", "Can replay failed items")]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="inbound_item_once_per_connection"),
        ]
        indexes = [
            # The sweep looks only for work; the partial index stays tiny however large the inbox grows.
            models.Index(fields=["connection", "id"], name="inbound_pending", condition=Q(state="pending")),
            models.Index(fields=["-id"], name="inbound_failed", condition=Q(state="failed")),
            # Volume of the last days: the table grows in this order, so a few pages of index are enough.
            BrinIndex(fields=["created_at"], name="inbound_created", pages_per_range=32),
        ]

    def __str__(self) -> str:
        return self.external_id
