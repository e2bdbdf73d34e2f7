"""Rows that the real code creates once and that are restored for each test: a desk's company takes 2,500 queries."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import DateTimeField

from mentions.ingest.reading.reading import forget_feeds


@dataclass(frozen=True)
class KeptRows:
    """The rows of a database added since `before`: table → its rows, in PostgreSQL's COPY format."""

    at: datetime
    before: dict[str, str]
    tables: dict[str, str]

    @classmethod
    def since(cls, before: dict[str, str], at: datetime) -> KeptRows:
        """The changed tables, completely. `at` is when their rows were created."""
        changed = [table for table, rows in fingerprints().items() if before[table] != rows]
        return cls(at, before, {table: _copied(table) for table in changed})

    def fit(self) -> bool:
        """Whether the database still matches: recreated roles and permissions have other keys."""
        return fingerprints() == self.before

    def put_back(self, now: datetime) -> None:
        """Restore them as if created `now`, if they `fit`. Clears other tests' cached values about them, since keys are
        the same each time."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # neither foreign keys nor our triggers
            for table, rows in self.tables.items():
                cursor.execute(f'DELETE FROM "{table}"')
                cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.StringIO(rows))
                if columns := _moments(table):
                    later = ", ".join(f'"{column}" = "{column}" + %(passed)s' for column in columns)
                    cursor.execute(f'UPDATE "{table}" SET {later}', {"passed": now - self.at})
                _advance(table)
            cursor.execute("SET LOCAL session_replication_role = origin")
        cache.clear()
        forget_feeds()


def fingerprints() -> dict[str, str]:
    """Table → a hash of its rows in any order; "" for none."""
    hashed = [
        f"SELECT '{table}', COALESCE(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM \"{table}\" t"
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False)
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(hashed))
        return dict(cursor.fetchall())


def may_put_back() -> bool:
    """False on a server where we may not disable triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        return bool(cursor.fetchone()[0] == "on")


def _copied(table: str) -> str:
    rows = io.StringIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{table}" TO STDOUT', rows)
    return rows.getvalue()


def _moments(table: str) -> list[str]:
    """The timestamp columns of a model or of a many-to-many table."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table == table:
            fields = model._meta.concrete_fields
            return [field.column for field in fields if isinstance(field, DateTimeField) and not field.generated]
    raise LookupError(table)


def _advance(table: str) -> None:
    """Moves sequences past the rows again, where a test has reset them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname, pg_get_serial_sequence(%(name)s, a.attname) FROM pg_attribute a "
            "WHERE a.attrelid = %(name)s::regclass AND a.attidentity <> ''",
            {"name": f'"{table}"'},
        )
        for column, sequence in cursor.fetchall():
            cursor.execute(
                f'SELECT setval(\'{sequence}\', m) FROM (SELECT max("{column}") AS m FROM "{table}") t, {sequence} s '
                "WHERE t.m >= s.last_value"
            )
