"""Messages in the Slack channel of a release on its day, and the decisions about them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from team.models.release import Release


class ReleaseRoom(models.Model):
    """How far the channel was read on one release day."""

    release = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="room")
    name = models.CharField(_("Slack channel"), max_length=80)
    slack_id = models.CharField(max_length=40, blank=True, default="")
    """Of the channel; found by its name at the first read."""
    read_at = models.DateTimeField(null=True, blank=True)
    threads_at = models.DateTimeField(null=True, blank=True)
    """When all threads were read, not just those with a new reply."""
    not_before = models.DateTimeField(null=True, blank=True)
    """Slack asked to wait, or cannot show the channel."""
    error = models.CharField(max_length=500, blank=True, default="")
    reminded_at = models.DateTimeField(null=True, blank=True)
    post_told_at = models.DateTimeField(null=True, blank=True)
    """When the owner was told that the release post is out."""

    class Meta:
        verbose_name = _("Slack channel of a release day")
        verbose_name_plural = _("Slack channels of release days")

    def __str__(self) -> str:
        return f"{self.name}: {self.release_id}"


class RoomMessage(models.Model):
    """A message or a reply, as Slack shows it now. Once decided about, it is open again when its text changes; with an
    open ticket, the change becomes a note there."""

    room = models.ForeignKey(ReleaseRoom, on_delete=models.CASCADE, related_name="messages")
    ts = models.CharField(max_length=40)
    thread_ts = models.CharField(max_length=40)
    """Its own `ts` if it began the thread."""
    who = models.CharField(max_length=120)
    text = models.TextField()
    url = models.CharField(max_length=500, blank=True, default="")
    posted_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    is_deleted = models.BooleanField(default=False)
    ticket = models.ForeignKey(
        "mentions.Ticket", null=True, blank=True, on_delete=models.SET_NULL, related_name="room_messages"
    )
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("message in the Slack channel of a release")
        verbose_name_plural = _("messages in the Slack channels of releases")
        ordering = ["ts"]
        constraints = [models.UniqueConstraint(fields=["room", "ts"], name="room_message_once")]
        indexes = [
            models.Index(fields=["room"], name="room_message_open", condition=Q(done_at__isnull=True, is_deleted=False))
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.posted_at:%Y-%m-%d %H:%M}"
