"""Hashed ids of erased items, which are never stored again."""

from __future__ import annotations

from django.db import models


class ErasedId(models.Model):
    """Hash of an erased item's id. Items fetched or received under that id are not stored."""

    digest = models.BinaryField(max_length=32, unique=True)
    """From `channels.inbox.tombstones.digest_of`: hashes only the platform's id and identifies nobody."""
    at = models.DateTimeField()

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:12]
