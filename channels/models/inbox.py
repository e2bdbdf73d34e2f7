"""The inbox: every fetched item in raw form, its imports, and ignore rules."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from channels.clocks import desk_now


class InboundItem(models.Model):
    """One item as the platform sent it. Never deleted by the desk; an unreadable one stays `failed` and can be
    replayed."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        STORED = "stored", _("stored")  # it became a mention or context
        IGNORED = "ignored", _("not a mention")  # a retweet, no whole-word match
        FAILED = "failed", _("could not be read")

    class Ignored(models.TextChoices):
        RULE = "rule", _("an ignore rule")
        QUERY = "query", _("the query of its channels")
        UNDONE = "undone", _("import undone")
        ERASED = "erased", _("author erased")

    class Role(models.TextChoices):
        MENTION = "mention", _("mention")  # from a search, timeline or mailbox
        THREAD = "thread", _("thread")  # from a followed thread: context until its author says otherwise

    connection = models.ForeignKey(
        "channels.Connection", on_delete=models.PROTECT, related_name="items", db_index=False
    )
    external_id = models.CharField(max_length=500)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.MENTION)
    payload = models.JSONField(null=True)
    raw = models.BinaryField(null=True)
    digest = models.BinaryField(max_length=16)
    """Over the parsed content: a changing score isn't an edit."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    error = models.TextField(blank=True)
    ignored_why = models.CharField(max_length=7, choices=Ignored.choices, blank=True, default="")
    """What stopped an ignored item, if it wasn't the adapter (a retweet, no whole-word match)."""
    ignored_by = models.ForeignKey(
        "channels.IgnoreRule", null=True, blank=True, on_delete=models.SET_NULL, related_name="items", db_index=False
    )
    batch = models.ForeignKey(
        "channels.Batch", null=True, blank=True, on_delete=models.SET_NULL, related_name="items", db_index=False
    )
    """The import (a poll, a query change) that first added it; null: another way, such as a webhook."""
    attempts = models.PositiveSmallIntegerField(default=0)
    """Attempts to parse this version, each counted before it starts; reset to 0 on success."""
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    """When the parsing worker counts as lost. By the database's clock."""
    unreadable_since = models.DateTimeField(null=True, editable=False)
    """When it first failed to parse; null again after success."""
    acknowledged_at = models.DateTimeField(null=True, editable=False)
    """When a person marked an unreadable item as dealt with; it raises no more alarms."""
    revision = models.PositiveIntegerField(default=1)
    fetched_at = models.DateTimeField()
    """When the request that fetched this version began; an older fetch never overwrites a newer one."""
    parsed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    """When it was first stored; volume counts use it."""

    class Meta:
        verbose_name = _("inbound item")
        verbose_name_plural = _("inbox")
        permissions = [("replay_inbounditem", "Can replay failed items")]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="inbound_item_once_per_connection"),
        ]
        indexes = [
            # The sweep only looks for work; this partial index stays tiny however large the inbox grows.
            models.Index(fields=["connection", "id"], name="inbound_pending", condition=Q(state="pending")),
            models.Index(fields=["-id"], name="inbound_failed", condition=Q(state="failed")),
            # To be retried alone: a few among many pending items.
            models.Index(fields=["id"], name="inbound_retry", condition=Q(state="pending", attempts__gt=0)),
            # For counting and listing the items that a rule stopped or an import added.
            models.Index(fields=["ignored_by", "-id"], name="inbound_by_rule", condition=Q(ignored_by__isnull=False)),
            models.Index(fields=["batch", "id"], name="inbound_batch", condition=Q(batch__isnull=False)),
            # Volume of the last days: the table grows in this order, so a few index pages are enough.
            BrinIndex(fields=["created_at"], name="inbound_created", pages_per_range=32),
        ]

    def __str__(self) -> str:
        return self.external_id


class Batch(models.Model):
    """An import: one poll, including its continuations until it caught up, or a query change that let in stopped items.
    Undone as a whole: untouched tickets are removed, and its items stay in the inbox as ignored."""

    class Reason(models.TextChoices):
        POLL = "poll", _("poll")
        FIRST = "first", _("first import")
        QUERY = "query", _("a query was switched on")
        HAND = "hand", _("by hand")

    connection = models.ForeignKey("channels.Connection", on_delete=models.CASCADE, related_name="batches")
    channel = models.ForeignKey("channels.Channel", null=True, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=5, choices=Reason.choices, default=Reason.POLL)
    started_at = models.DateTimeField()
    is_open = models.BooleanField(default=False)
    """The first import isn't complete; the next poll continues it."""
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        permissions = [("undo_batch", "Can undo an import")]
        indexes = [models.Index(fields=["connection", "-id"], name="batch_recent")]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.started_at}"


class IgnoreRule(models.Model):
    """Excludes mentions from the desk: our own bots, reposts, a competitor's noise. Nothing is lost: the items stay in
    the inbox, each with the rule that stopped it."""

    name = models.CharField(_("name"), max_length=120)
    query = models.TextField(_("query"), help_text=_('In the language of queries: author:ci-bot, "a phrase", …'))
    channel = models.ForeignKey(
        "channels.Channel",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="ignore_rules",
        verbose_name=_("channel"),
        help_text=_("Empty: all channels."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=desk_now, editable=False)

    class Meta:
        verbose_name = _("ignore rule")
        verbose_name_plural = _("ignore rules")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
