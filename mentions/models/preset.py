"""What a preset has loaded, so that loading it again leaves alone what somebody has changed since."""

from __future__ import annotations

from django.db import models


class PresetRecord(models.Model):
    """One row of a preset as it was loaded last: an object whose values differ from `values` was edited by a person."""

    kind = models.CharField(max_length=40)
    """channel, connection, macro, view, tag, topic, ..."""
    key = models.CharField(max_length=200)
    object_id = models.BigIntegerField(null=True)
    """The row that was made of it; it may have been renamed, or deleted, since."""
    values = models.JSONField(default=dict)
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="preset_record_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
