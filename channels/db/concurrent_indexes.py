"""Steps of migrations that make and drop indexes while the desk works, and may be interrupted.

An interrupted CREATE INDEX CONCURRENTLY leaves an invalid index behind
(https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY); the next run replaces it.
For migrations with `atomic = False`.
"""

from __future__ import annotations

from django.db.migrations import RunSQL


def without_unfinished(name: str) -> RunSQL:
    """Before the step that makes this index."""
    return RunSQL(_dropped(name), RunSQL.noop)


def drop(table: str, name: str, column: str) -> RunSQL:
    """Of an index that Django made for a foreign key; backwards, it is made again."""
    return RunSQL(_dropped(name), [_dropped(name), f"CREATE INDEX CONCURRENTLY {name} ON {table} ({column})"])


def _dropped(name: str) -> str:
    return f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
