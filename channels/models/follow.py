"""Followed threads: refetched while somebody waits for an answer there."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Followed(models.Model):
    """A thread with an open ticket or a running outreach, refetched at growing intervals until `until`."""

    connection = models.ForeignKey(
        "channels.Connection", on_delete=models.CASCADE, related_name="followed", db_index=False
    )
    namespace = models.CharField(max_length=200)
    thread_id = models.CharField(max_length=500)
    until = models.DateTimeField()
    next_at = models.DateTimeField()
    interval_s = models.PositiveIntegerField(default=120)
    known = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    """Ids of the posts seen last time. One that is missing next time is looked up, since it may have been deleted."""
    last_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("followed thread")
        verbose_name_plural = _("followed threads")
        constraints = [
            models.UniqueConstraint(fields=["connection", "thread_id"], name="followed_thread_once"),
        ]
        indexes = [models.Index(fields=["next_at"], name="followed_due")]

    def __str__(self) -> str:
        return f"{self.namespace} {self.thread_id}"
