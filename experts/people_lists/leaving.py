"""Removes somebody from the directory, or restores them: always a person's decision, never a list's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from audit import log
from audit.kinds import EntryKind
from experts.models import Expert


@transaction.atomic
def set_active(expert: Expert, actor: Any, now: datetime, *, is_active: bool) -> None:
    """Set whether the expert can be asked. Running requests go on. A change is recorded in the audit log."""
    if Expert.objects.filter(pk=expert.pk).exclude(is_active=is_active).update(is_active=is_active):
        details = {"is_active": is_active}
        log.record(EntryKind.DIRECTORY_CHANGED, now=now, actor=actor, subject=expert, details=details)
    expert.is_active = is_active
