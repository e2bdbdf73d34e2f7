"""A world made once by the real code and restored before each try, because making one takes longer than a try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from django.db import connection

from advocacy.tests.emptying import FILLED, with_pages, with_rows
from mentions.tests.platforms import Wire

SCHEMA = "kept"
W = TypeVar("W")


@dataclass
class Restored(Generic[W]):
    """A snapshot of `world` and the whole database: `with Restored(make(wire), wire) as restored: restored.again()`.
    Create it, and call `again`, only while nothing else runs."""

    world: W
    wire: Wire | None = None
    is_new: bool = True

    def __post_init__(self) -> None:
        names = ("posted", "deleted", "liked") if self.wire else ()
        self.said = {name: list(getattr(self.wire, name)) for name in names}
        columns = _columns()
        with connection.cursor() as cursor:
            used = with_rows(cursor, with_pages(cursor).keys() & columns.keys())
        kept = "; ".join(f'CREATE TABLE {SCHEMA}."{table}" AS TABLE public."{table}"' for table in used)
        filled = "; ".join(_fill(table, columns[table]) for table in used)
        emptied = "; ".join(f'DELETE FROM public."{table}"' for table in columns.keys() - used)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}; {kept}")
            again = f"BEGIN {emptied}; {filled}; END"
            cursor.execute(f"CREATE FUNCTION {SCHEMA}.again() RETURNS void LANGUAGE plpgsql AS $$ {again} $$")

    def __enter__(self) -> Self:
        """On a connection of its own: one plans the statements of a function once, until its role changes."""
        self.own = connection.copy()
        with self.own.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # neither foreign keys nor triggers
        return self

    def __exit__(self, *_error: object) -> None:
        self.own.close()

    def outside(self) -> object:
        """Changes outside the database: the number of items sent, deleted and liked."""
        return [len(getattr(self.wire, name)) for name in self.said]

    def again(self) -> W:
        """The same world with the same keys; the first call returns it as it was made."""
        if self.is_new:
            self.is_new = False
            return self.world
        for name, keys in self.said.items():
            getattr(self.wire, name)[:] = keys
        with self.own.cursor() as cursor:
            cursor.execute(f"SELECT {SCHEMA}.again()")
        return self.world


def _fill(table: str, columns: str) -> str:
    """Rows that are as they were stay: deleted ones are in the way until somebody vacuums."""
    now, was = f'public."{table}"', f'{SCHEMA}."{table}"'
    return f"""
        DELETE FROM {now} AS now WHERE NOT EXISTS (SELECT FROM {was} AS was WHERE was *= now);
        INSERT INTO {now} ({columns}) OVERRIDING SYSTEM VALUE
        SELECT {columns} FROM {was} AS was WHERE NOT EXISTS (SELECT FROM {now} AS now WHERE now *= was)
    """


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
