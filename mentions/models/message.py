"""Messages of tickets, their files, their older versions, and the context around them."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

IS_REPLY = Q(direction="team", is_auto=False, is_deleted=False, is_bounced=False)
"""A public answer by the team that reached somebody; in SQL: `mentions.clocks.first_reply`."""


class Message(models.Model):
    """One post or mail, stored once however often the platform repeats it. `ticket` is null on notify-only channels."""

    class Direction(models.TextChoices):
        INBOUND = "in", _("to us")
        TEAM = "team", _("from us")  # public answer of the team, from anywhere
        BYSTANDER = "by", _("by others")

    ticket = models.ForeignKey(
        "mentions.Ticket", null=True, blank=True, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    channel = models.ForeignKey("channels.Channel", on_delete=models.PROTECT, related_name="+")
    """The primary channel among its sightings, by rank."""
    namespace = models.CharField(max_length=200)
    external_id = models.CharField(max_length=500)
    thread_id = models.CharField(max_length=500)
    parent_external_id = models.CharField(max_length=500, blank=True)
    reply_to_external_id = models.CharField(max_length=500, blank=True)
    """The id to answer, if not `external_id` (the newest id of an edited tweet)."""
    author = models.ForeignKey("mentions.Author", on_delete=models.PROTECT, related_name="messages", db_index=False)
    direction = models.CharField(max_length=4, choices=Direction.choices, default=Direction.INBOUND)
    subject = models.CharField(max_length=1000, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    """As received; sanitised for display."""
    url = models.TextField(blank=True)
    language = models.CharField(max_length=12, blank=True)
    links = models.JSONField(default=list, blank=True)
    canonical_url = models.CharField(max_length=500, blank=True, default="")
    """Its URL in canonical form (`channels.links.canonical_urls.canonical`)."""
    page_url = models.CharField(max_length=500, blank=True, default="")
    """The canonical URL of the page it is about, if different: finds the same page on two platforms."""
    thread_title = models.CharField(max_length=1000, blank=True)
    is_auto = models.BooleanField(default=False)
    is_deleted = models.BooleanField(default=False)
    is_bounced = models.BooleanField(default=False, db_default=False)
    """A reply of ours that was accepted and then bounced: it reached nobody, so it is no reply."""
    extra = models.JSONField(default=dict, blank=True)
    posted_at = models.DateTimeField()
    ingested_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    digest = models.BinaryField(max_length=16)
    version_at = models.DateTimeField()
    """When the request that fetched this version started; an older version never overwrites it."""
    is_unreadable = models.BooleanField(default=False, db_default=False)
    """A stand-in for an unreadable inbox item; replaced by the real message once it can be read."""
    item_id = models.BigIntegerField(null=True, blank=True)
    """The inbox item of the latest version; null for messages from the desk until polling returns them."""
    # A tsvector is limited to 1 MB; longer text could not be stored.
    search = models.GeneratedField(
        expression=SearchVector("subject", Left("text", 200_000), config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        permissions = [("like_message", "Can like praise on its platform")]
        constraints = [models.UniqueConstraint(fields=["namespace", "external_id"], name="message_once_per_namespace")]
        indexes = [
            # Covers everything that says who asked and who answered, so clocks and reports don't read the table.
            models.Index(
                fields=["ticket", "posted_at", "id"],
                include=["direction", "is_auto", "is_deleted", "is_bounced"],
                name="message_said",
            ),
            models.Index(fields=["posted_at"], include=["ticket", "id"], name="message_answers", condition=IS_REPLY),
            models.Index(fields=["posted_at"], include=["ticket", "direction"], name="message_times"),
            # The thread first: else the planner, without statistics, takes it for the lookup of an external id.
            models.Index(fields=["thread_id", "namespace"], name="message_by_thread"),
            # What waits in a thread for a ticket; in a busy thread almost every message has one.
            models.Index(fields=["namespace", "thread_id"], name="message_loose", condition=Q(ticket_id__isnull=True)),
            models.Index(fields=["author", "-posted_at"], name="message_author_recent"),
            # An import's messages are found by their items.
            models.Index(fields=["item_id"], name="message_item", condition=Q(item_id__isnull=False)),
            models.Index(fields=["canonical_url"], name="message_canonical", condition=~Q(canonical_url="")),
            models.Index(fields=["page_url"], name="message_page", condition=~Q(page_url="")),
            # The default pending list causes 170 ms spikes, fastupdate off costs 46 %; a scheduled task flushes it.
            GinIndex(fields=["search"], name="message_search", fastupdate=True, gin_pending_list_limit=16384),
        ]

    def __str__(self) -> str:
        return f"{self.namespace} {self.external_id}"


class MessageAlias(models.Model):
    """Another external id of a message: the later ids of an edited tweet lead to the same row."""

    namespace = models.CharField(max_length=200)
    external_id = models.CharField(max_length=500)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["namespace", "external_id"], name="message_alias_leads_to_one_message")
        ]

    def __str__(self) -> str:
        return f"{self.namespace} {self.external_id}"


class MessageRevision(models.Model):
    """An older text of an edited message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    subject = models.CharField(max_length=1000, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    replaced_at = models.DateTimeField()

    class Meta:
        ordering = ["replaced_at", "id"]

    def __str__(self) -> str:
        return f"{self.message_id} until {self.replaced_at}"


class Sighting(models.Model):
    """Records that a channel saw a message. Several per message; the message's own `channel` is the primary one."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="sightings", db_index=False)
    channel = models.ForeignKey("channels.Channel", on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "channel"], name="sighting_once_per_channel")]
        indexes = [models.Index(fields=["channel", "-at"], name="sighting_channel_recent")]

    def __str__(self) -> str:
        return f"{self.message_id} in {self.channel_id}"


class Blob(models.Model):
    """Attachment bytes, stored once per content, in the same transaction as their message."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.sha256


class Attachment(models.Model):
    """A file of a message. `blob` is null if it was over the size cap; name and size are always stored."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments", db_index=False)
    name = models.CharField(max_length=300)
    type = models.CharField(max_length=150)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_id = models.CharField(max_length=300, blank=True)
    blob = models.ForeignKey(Blob, null=True, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "position"], name="attachment_position_once")]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name


class ThreadPost(models.Model):
    """Context around a ticket (parents, siblings, a story): shared, owned by no ticket."""

    namespace = models.CharField(max_length=200)
    external_id = models.CharField(max_length=500)
    thread_id = models.CharField(max_length=500)
    parent_external_id = models.CharField(max_length=500, blank=True)
    author_external_id = models.CharField(max_length=500, blank=True)
    author_handle = models.CharField(max_length=254, blank=True)
    author_name = models.CharField(max_length=300, blank=True)
    author_url = models.TextField(blank=True)
    subject = models.CharField(max_length=1000, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    url = models.TextField(blank=True)
    posted_at = models.DateTimeField()
    is_deleted = models.BooleanField(default=False)
    digest = models.BinaryField(max_length=16)
    version_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["namespace", "external_id"], name="thread_post_once")]
        indexes = [models.Index(fields=["namespace", "thread_id", "posted_at"], name="thread_post_thread")]

    def __str__(self) -> str:
        return f"{self.namespace} {self.external_id}"
