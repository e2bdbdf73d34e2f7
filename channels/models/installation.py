"""Which database this desk lives in, so that a restored copy knows that it is one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Installation(models.Model):
    """One row, written by the first process that sends. A dump carries it into another database, where it is wrong."""

    THE_ONE = 1

    database = models.CharField(max_length=80)
    """System identifier of the PostgreSQL cluster, and the numbers of the database and of the outbox in it."""
    restored_at = models.DateTimeField(null=True)
    """When `manage.py after_restore` ran last: what was said before is not told to Slack again."""

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        default_permissions = ()

    def __str__(self) -> str:
        return self.database
