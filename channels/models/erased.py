"""What must not come in again."""

from __future__ import annotations

from django.db import models


class ErasedId(models.Model):
    """The hash of the id of something that was erased. What is polled or sent again under that id is not stored."""

    digest = models.BinaryField(max_length=32, unique=True)
    """`channels.inbox.tombstones.digest_of`: of nothing else than the platform's own id; it leads back to nobody."""
    at = models.DateTimeField()

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:12]
