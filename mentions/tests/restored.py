"""A world made once by the real code and restored before each try, because making one takes longer than a try."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from advocacy.tests.emptying import FILLED
from mentions.tests.interleaved_worlds import Made
from mentions.tests.platforms import Wire

SCHEMA = "kept"


@dataclass
class Restored:
    """A snapshot of `world` and the whole database. Create it, and call `again`, only while nothing else runs."""

    wire: Wire
    world: Made
    is_new: bool = True

    def __post_init__(self) -> None:
        self.said = {name: list(getattr(self.wire, name)) for name in ("posted", "deleted", "liked")}
        self.columns = _columns()
        kept = [f'CREATE TABLE {SCHEMA}."{table}" AS TABLE public."{table}"' for table in _used(self.columns)]
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}; {'; '.join(kept)}")
        self.tables = _used(self.columns)

    def outside(self) -> object:
        """Changes outside the database: the number of items sent, deleted and liked."""
        return [len(getattr(self.wire, name)) for name in self.said]

    def again(self) -> Made:
        """The same world with the same keys; the first call returns it as it was made."""
        if self.is_new:
            self.is_new = False
            return self.world
        for name, keys in self.said.items():
            getattr(self.wire, name)[:] = keys
        now = set(_used(self.columns)) | set(self.tables)
        emptied = "; ".join(f'DELETE FROM public."{table}"' for table in now)
        filled = "; ".join(self._fill(table) for table in self.tables)
        with connection.cursor() as cursor:  # one message, hence one transaction; no foreign keys or triggers
            cursor.execute(f"SET LOCAL session_replication_role = replica; {emptied}; {filled}")
        return self.world

    def _fill(self, table: str) -> str:
        columns = self.columns[table]
        return (
            f'INSERT INTO public."{table}" ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {SCHEMA}."{table}"'
        )


def _columns() -> dict[str, str]:
    """Table → its columns, except generated ones."""
    asked = """
        SELECT relname, string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
            AND attgenerated = '' AND NOT relname = ANY(%s) GROUP BY relname
    """
    with connection.cursor() as cursor:
        cursor.execute(asked, [[*FILLED, "django_migrations"]])
        return dict(cursor.fetchall())


def _used(tables: dict[str, str]) -> list[str]:
    """Tables that have rows."""
    asked = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT FROM public.\"{name}\")" for name in sorted(tables)
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [name for (name,) in cursor.fetchall()]
