"""The end of the retention time. Only who owns the table can do it: see "The audit log" in docs/running.md."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from audit import log
from audit.models import Entry


@transaction.atomic
def prune(now: datetime, days: int) -> int:
    """Remove entries older than `days` and record that; how many. Raises ProgrammingError (insufficient privilege)
    where the database role does not own the table.

    Writers wait for this transaction: none of them can slip a change in while the trigger is off.
    """
    before = now - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only")
        cursor.execute("DELETE FROM audit_entry WHERE at < %s", [before])
        count = int(cursor.rowcount)
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_append_only")
    log.record("log_pruned", now=now, actor_name="manage.py prune_audit_log", details=_details(count, before))
    return count


def _details(count: int, before: datetime) -> dict[str, object]:
    left = Entry.objects.order_by("pk").values_list("pk", flat=True).first()
    return {"entries": count, "older than": before.isoformat(timespec="seconds"), "first left": left}
