"""Creates the views and their role as the latest migration does."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.db import connection, transaction

LATEST: Any = import_module("metrics.migrations.0007_reporting_views")
NAME = f"SELECT {LATEST.ROLE}"
"""Selects the role's name, which derives from the database's name."""


@transaction.atomic
def install() -> tuple[str, bool, bool]:
    """Create what is missing, as far as the desk's own role may. Returns (name of the role, whether the views exist,
    whether the role exists)."""
    with connection.cursor() as cursor:
        are_there = LATEST.install(cursor)
        cursor.execute(NAME)
        name = str(cursor.fetchone()[0])
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", [name])
        return name, are_there, bool(cursor.fetchone()[0])


def by_hand(name: str) -> str:
    """What a database administrator runs first if the desk's role may not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('CREATE ROLE %%I NOLOGIN;', %s::text),"
            " format('GRANT CREATE ON DATABASE %%I TO %%I;', current_database(), current_user)",
            [name],
        )
        return "\n".join(cursor.fetchone())
