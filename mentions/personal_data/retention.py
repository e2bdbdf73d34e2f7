"""Data retention: removes the raw form of inbox items, and files of old conversations."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from channels.inbox import retention
from mentions.models import Attachment, Blob, Ticket
from mentions.personal_data import marks

logger = logging.getLogger(__name__)
PORTION = 200


@dataclass(frozen=True, slots=True)
class Removed:
    raw: int
    """Inbox items that can no longer be replayed."""
    files: int


def remove_old(now: datetime) -> Removed:
    """By DESK_RAW_RETENTION_DAYS and DESK_FILE_RETENTION_DAYS; 0 keeps forever. In portions, so nothing has to wait."""
    raw = files = 0
    if settings.RAW_RETENTION_DAYS:
        raw = retention.remove_raw(now - timedelta(days=settings.RAW_RETENTION_DAYS))
    if settings.FILE_RETENTION_DAYS:
        before = now - timedelta(days=settings.FILE_RETENTION_DAYS)
        while count := _some_files(before):
            files += count
    if people := marks.forget(now):
        logger.info("Retention: forgot the addresses of %d people who have no marks any more.", people)
    if raw or files:
        logger.info("Retention: removed the raw form of %d inbox items and %d files.", raw, files)
    return Removed(raw, files)


@transaction.atomic
def _some_files(before: datetime) -> int:
    """Delete the contents of some old files. Names and sizes stay, as for oversized files."""
    over = Attachment.objects.filter(
        blob__isnull=False, message__posted_at__lt=before, message__ticket__last_message_at__lt=before
    ).exclude(message__ticket__status__in=[Ticket.Status.NEW, Ticket.Status.OPEN, Ticket.Status.PENDING])
    rows = list(over.order_by("pk").select_for_update(of=("self",), skip_locked=True)[:PORTION])
    contents = {row.blob_id for row in rows}
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(blob=None)
    still = Attachment.objects.filter(blob__in=contents).values("blob")
    Blob.objects.filter(pk__in=contents).exclude(pk__in=still).delete()
    return len(rows)
