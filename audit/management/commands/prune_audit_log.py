"""`manage.py prune_audit_log`: remove entries older than DESK_AUDIT_RETENTION_DAYS."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError
from django.utils import timezone

from audit.pruning import prune


class Command(BaseCommand):
    help = "Removes audit log entries older than DESK_AUDIT_RETENTION_DAYS, and records how many."

    def handle(self, **options: Any) -> None:
        days = settings.AUDIT_RETENTION_DAYS
        if not days:
            self.stdout.write("DESK_AUDIT_RETENTION_DAYS is 0: audit log entries are kept forever.")
            return
        try:
            count = prune(timezone.now(), days)
        except ProgrammingError as error:
            raise CommandError(
                "The database role in DATABASE_URL does not own the audit log, so it cannot remove entries. Run this "
                f"command with the role that does (docs/running.md, The audit log). PostgreSQL says: {error}"
            ) from error
        self.stdout.write(f"Removed {count} entries older than {days} days.")
