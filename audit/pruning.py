"""Retention of the audit log. Only the table's owner can prune it: see "The audit log" in docs/running.md."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from audit import log
from audit.kinds import EntryKind
from audit.models import Entry


@transaction.atomic
def prune(now: datetime, days: int) -> int:
    """Delete entries older than `days`, record that, and return the count. Raises ProgrammingError (insufficient
    privilege) if the database role doesn't own the table.

    Writers wait for this transaction, so none can slip a change in while the trigger is disabled.
    """
    before = now - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only")
        cursor.execute("DELETE FROM audit_entry WHERE at < %s", [before])
        count = int(cursor.rowcount)
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_append_only")
    log.record(EntryKind.LOG_PRUNED, now=now, actor_name="manage.py prune_audit_log", details=_details(count, before))
    return count


def _details(count: int, before: datetime) -> dict[str, object]:
    left = Entry.objects.order_by("pk").values_list("pk", flat=True).first()
    return {"entries": count, "older than": before.isoformat(timespec="seconds"), "first left": left}
