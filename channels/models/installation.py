"""The identity of the desk's database: a restored copy detects that it is a copy."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Installation(models.Model):
    """One row, written by the first process that sends. In a database restored from a dump, it no longer matches."""

    THE_ONE = 1

    database = models.CharField(max_length=80)
    """System identifier of the PostgreSQL cluster, and the OIDs of the database and of the outbox table."""
    restored_at = models.DateTimeField(null=True)
    """When `manage.py after_restore` last ran: older messages are not posted to Slack again."""

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        default_permissions = ()

    def __str__(self) -> str:
        return self.database
