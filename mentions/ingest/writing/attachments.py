"""Stores attachments, each distinct content once, in the transaction of their messages."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from mentions.ingest.reading.state import MessageState
from mentions.models import Attachment, Blob
from mentions.text.storable_text import storable


def store_attachments(messages: Iterable[MessageState]) -> None:
    """Two statements for all files of a batch, none without files. Over the size cap only name and size are stored."""
    files = [(message, n, file) for message in messages for n, file in enumerate(message.attachments)]
    if not files:
        return
    kept = {
        file.sha256: bytes(file.content)
        for _, _, file in files
        if file.content is not None and len(file.content) <= settings.ATTACHMENT_MAX_BYTES
    }
    Blob.objects.bulk_create(
        [Blob(sha256=sha256, content=content) for sha256, content in sorted(kept.items())], ignore_conflicts=True
    )
    Attachment.objects.bulk_create(
        Attachment(
            message_id=message.id,
            name=storable(file.name, 300),
            type=storable(file.type, 150),
            size=file.size,
            sha256=file.sha256,
            content_id=storable(file.content_id or "", 300),
            blob_id=file.sha256 if file.sha256 in kept else None,
            position=position,
        )
        for message, position, file in files
    )
