"""Records what a preset has loaded, so that loading it again keeps later edits."""

from __future__ import annotations

from django.db import models


class PresetRecord(models.Model):
    """One preset row as last loaded: if the object's values differ from `values`, a person edited it."""

    kind = models.CharField(max_length=40)
    """channel, connection, macro, view, tag, topic, ..."""
    key = models.CharField(max_length=200)
    object_id = models.BigIntegerField(null=True)
    """The row created from it; it may have been renamed or deleted since."""
    values = models.JSONField(default=dict)
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="preset_record_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
