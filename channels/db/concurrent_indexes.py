"""Migration steps that create and drop indexes while the desk runs, and may be interrupted.

An interrupted CREATE INDEX CONCURRENTLY leaves an invalid index behind
(https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY); the next run replaces it.
For migrations with `atomic = False`.
"""

from __future__ import annotations

from django.db.migrations import RunSQL


def without_unfinished(name: str) -> RunSQL:
    """A step that drops an unfinished index of this name; it goes before the step that creates it."""
    return RunSQL(_dropped(name), RunSQL.noop)


def drop(table: str, name: str, column: str) -> RunSQL:
    """A step that drops the index that Django created for a foreign key; backwards, it creates it again."""
    return RunSQL(_dropped(name), [_dropped(name), f"CREATE INDEX CONCURRENTLY {name} ON {table} ({column})"])


def _dropped(name: str) -> str:
    return f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
