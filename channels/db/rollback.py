"""Keeps data across migration rollbacks: what a reversal drops is set aside and restored by the next migrate.

An upgrade that is reverted for an hour must not change webhook addresses or lose what the newer release has written.
Before any of our migrations runs backwards, the tables' rows and the column values it would drop are copied to separate
tables (`kept_…`). When it runs forwards again they are restored: column values to rows that still exist, and no
references to deleted rows.
"""
# ruff: noqa: S608 (names of tables and columns come from migrations and the catalogue, and are quoted)

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import AddField, CreateModel, Migration
from django.db.migrations.loader import MigrationLoader
from django.db.models import Field, Model

PREFIX = "kept_"
Plan = Iterable[tuple[Migration, bool]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a reversal drops: one column (with the table's key), or the whole table if `column` is None."""

    app: str
    migration: str
    table: str
    key: str
    column: str | None
    empties: bool = False
    """The column is NOT NULL without a default, so it can only be added back to an empty table."""

    def name(self, number: int) -> str:
        return f"{PREFIX}{self.app}_{self.migration[:4]}_{number}"


def keep_aside(app_config: AppConfig, plan: Plan, using: str, verbosity: int = 1, **_kwargs: Any) -> None:
    """Receiver of `pre_migrate`; handles the whole plan when it is sent for this app."""
    backwards = [migration for migration, is_backwards in plan if is_backwards and is_ours(migration.app_label)]
    if app_config.name != "channels" or not backwards:
        return
    connection = connections[using]
    with transaction.atomic(using=using):
        found = list(_dropped_by(backwards, connection))
        for number, kept in enumerate(found, start=_highest(connection) + 1):
            rows = _copy(kept, number, connection)
            if kept.empties:
                _run(connection, f"DELETE FROM {_quoted(kept.table)}")
            if rows and verbosity:
                dropped = f"{kept.table}.{kept.column}" if kept.column else kept.table
                sys.stdout.write(f"  Set aside: {rows} rows of {dropped}. They are restored with {kept.migration}.\n")


def bring_back(app_config: AppConfig, using: str, plan: Plan = (), **_kwargs: Any) -> None:
    """Receiver of `post_migrate`, which is also sent without a plan when a test's tables are flushed."""
    forwards = {(migration.app_label, migration.name) for migration, is_backwards in plan if not is_backwards}
    if app_config.name != "channels" or not forwards:
        return
    connection = connections[using]
    with transaction.atomic(using=using):
        due = [(name, kept) for name, kept in _kept_tables(connection) if (kept.app, kept.migration) in forwards]
        for name, kept in _targets_first(due, connection):
            _restore(name, kept, connection)
        for name, kept in due:
            _restore_references(name, kept, connection)
            _run(connection, f"DROP TABLE {_quoted(name)}")


def is_ours(label: str) -> bool:
    """Whether this app is part of the desk rather than an installed package."""
    return Path(apps.get_app_config(label).path).is_relative_to(settings.BASE_DIR) and not _is_installed(label)


def _is_installed(label: str) -> bool:
    """Whether the app comes from an installed package: a virtual environment may be inside the checkout."""
    return "site-packages" in Path(apps.get_app_config(label).path).parts


def _dropped_by(backwards: list[Migration], connection: BaseDatabaseWrapper) -> Iterator[Kept]:
    """Tables first, then columns of tables that aren't kept as a whole."""
    loader = MigrationLoader(connection)
    tables: dict[str, Kept] = {}
    columns: list[Kept] = []
    for migration in backwards:
        state = loader.project_state((migration.app_label, migration.name)).apps
        for operation in migration.operations:
            if isinstance(operation, CreateModel):
                model = state.get_model(migration.app_label, operation.name)
                for each in (model, *_auto_through_tables(model)):
                    tables.setdefault(each._meta.db_table, _whole(migration, each))
            elif isinstance(operation, AddField):
                model = state.get_model(migration.app_label, operation.model_name)
                field = model._meta.get_field(operation.name)
                if field.many_to_many:
                    through = field.remote_field.through
                    tables.setdefault(through._meta.db_table, _whole(migration, through))
                elif field.concrete and _needs_empty(field):
                    tables.setdefault(model._meta.db_table, replace(_whole(migration, model), empties=True))
                elif field.concrete:
                    columns.append(_one(migration, model, field))
    _empty_referring_tables(tables, connection)
    existing = set(connection.introspection.table_names())
    yield from (kept for kept in tables.values() if kept.table in existing)
    yield from (kept for kept in columns if kept.table in existing and kept.table not in tables)


def _empty_referring_tables(tables: dict[str, Kept], connection: BaseDatabaseWrapper) -> None:
    """Emptying a table also deletes rows that reference it, so those are kept too."""
    todo = [kept for kept in tables.values() if kept.empties]
    while todo:
        kept = todo.pop()
        for table, key in _referring(kept.table, connection):
            if table not in tables or not tables[table].empties:
                tables[table] = replace(tables.get(table, kept), table=table, key=key, column=None, empties=True)
                todo.append(tables[table])


def _referring(table: str, connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """(table, primary key) of each table that references this one."""
    return list(
        _run(
            connection,
            """SELECT DISTINCT c.conrelid::regclass::text, k.attname FROM pg_constraint c
                 JOIN pg_constraint p ON p.conrelid = c.conrelid AND p.contype = 'p'
                 JOIN pg_attribute k ON k.attrelid = p.conrelid AND k.attnum = p.conkey[1]
                WHERE c.contype = 'f' AND c.confrelid = %s::regclass AND c.conrelid <> c.confrelid""",
            [table],
        )
    )


def _needs_empty(field: Field[Any, Any]) -> bool:
    return not field.null and not field.has_default() and not field.has_db_default()


def _auto_through_tables(model: type[Model]) -> Iterator[type[Model]]:
    """The many-to-many tables that Django creates automatically."""
    for field in model._meta.local_many_to_many:
        through = field.remote_field.through
        if through is not None and through._meta.auto_created:
            yield through


def _whole(migration: Migration, model: type[Model]) -> Kept:
    return Kept(migration.app_label, migration.name, model._meta.db_table, str(model._meta.pk.column), None)


def _one(migration: Migration, model: type[Model], field: Field[Any, Any]) -> Kept:
    key = str(model._meta.pk.column)
    return Kept(migration.app_label, migration.name, model._meta.db_table, key, str(field.column))


# --- SQL ------------------------------------------------------------------------------------------------------------


def _quoted(*names: str) -> str:
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)


def _run(connection: BaseDatabaseWrapper, sql: str, values: Any = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def _copy(kept: Kept, number: int, connection: BaseDatabaseWrapper) -> int:
    """Copy the rows or values that will be dropped; returns how many. Without any, no table is created."""
    columns = "*" if kept.column is None else _quoted(kept.key, kept.column)
    name = kept.name(number)
    _run(connection, f"CREATE TABLE {_quoted(name)} AS SELECT {columns} FROM {_quoted(kept.table)}")
    rows = int(_run(connection, f"SELECT count(*) FROM {_quoted(name)}")[0][0])
    if rows:
        _run(connection, f"COMMENT ON TABLE {_quoted(name)} IS %s", [json.dumps(asdict(kept))])
    else:
        _run(connection, f"DROP TABLE {_quoted(name)}")
    return rows


def take_out(kept: Kept, where: str, connection: BaseDatabaseWrapper) -> None:
    """Set aside and delete rows that the older release can't hold. For a migration's own reverse step."""
    name = kept.name(_highest(connection) + 1)
    _run(connection, f"CREATE TABLE {_quoted(name)} AS SELECT * FROM {_quoted(kept.table)} WHERE {where}")
    _run(connection, f"COMMENT ON TABLE {_quoted(name)} IS %s", [json.dumps(asdict(kept))])
    _run(connection, f"DELETE FROM {_quoted(kept.table)} WHERE {where}")


def _kept_tables(connection: BaseDatabaseWrapper) -> list[tuple[str, Kept]]:
    """The kept tables, in the order they were kept."""
    found = _run(
        connection,
        """SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c
            WHERE c.relkind = 'r' AND c.relname LIKE 'kept\\_%' AND pg_table_is_visible(c.oid)
              AND obj_description(c.oid, 'pg_class') LIKE '{%'""",
    )
    tables = [(name, Kept(**json.loads(words))) for name, words in found]
    return sorted(tables, key=lambda pair: int(pair[0].rpartition("_")[2]))


def _highest(connection: BaseDatabaseWrapper) -> int:
    return max((int(name.rpartition("_")[2]) for name, _kept in _kept_tables(connection)), default=0)


def _restore(name: str, kept: Kept, connection: BaseDatabaseWrapper) -> None:
    if kept.table in connection.introspection.table_names():
        references = _references(kept.table, connection)
        if kept.column is None:
            _put_back_rows(name, kept, references, connection)
        else:
            _put_back_values(name, kept, references, connection)


def _targets_first(due: list[tuple[str, Kept]], connection: BaseDatabaseWrapper) -> Iterator[tuple[str, Kept]]:
    """Referenced rows before rows with required references to them, and whole rows before single columns."""
    existing = set(connection.introspection.table_names())
    todo = [pair for pair in due if pair[1].column is None]
    while todo:
        tables = {kept.table for _name, kept in todo}
        free = [pair for pair in todo if not _points_to(pair[1].table, tables, existing, connection)] or todo[:1]
        yield from free
        todo = [pair for pair in todo if pair not in free]
    yield from (pair for pair in due if pair[1].column is not None)


def _points_to(table: str, others: set[str], existing: set[str], connection: BaseDatabaseWrapper) -> bool:
    if table not in existing:
        return False
    columns = _columns(table, connection)
    needed = {c: target for c, target in _references(table, connection).items() if not columns.get(c, True)}
    return any(target in others - {table} for target, _key in needed.values())


def _restore_references(name: str, kept: Kept, connection: BaseDatabaseWrapper) -> None:
    """Restores nullable references to rows that came back after the referencing row."""
    if kept.column is not None or kept.table not in connection.introspection.table_names():
        return
    columns = _columns(kept.table, connection)
    references = _references(kept.table, connection)
    for column in (c for c in references if columns.get(c) and c in _columns(name, connection)):
        _put_back_values(name, replace(kept, column=column), references, connection)


def _references(table: str, connection: BaseDatabaseWrapper) -> dict[str, tuple[str, str]]:
    """Column → the (table, column) it references."""
    with connection.cursor() as cursor:
        relations = connection.introspection.get_relations(cursor, table)
    return {column: (found[1], found[0]) for column, found in relations.items()}


def _columns(table: str, connection: BaseDatabaseWrapper) -> dict[str, bool]:
    """Column → whether it's nullable. Without generated columns."""
    found = _run(
        connection,
        """SELECT column_name, is_nullable = 'YES' FROM information_schema.columns
            WHERE table_name = %s AND table_schema = ANY (current_schemas(false)) AND is_generated = 'NEVER'""",
        [table],
    )
    return dict(found)


def _exists(column: str, target: tuple[str, str]) -> str:
    table, key = target
    target_row = f"SELECT FROM {_quoted(table)} x WHERE x.{_quoted(key)} = k.{_quoted(column)}"
    return f"(k.{_quoted(column)} IS NULL OR EXISTS ({target_row}))"


def _put_back_rows(
    name: str, kept: Kept, references: dict[str, tuple[str, str]], connection: BaseDatabaseWrapper
) -> None:
    kept_columns, columns = _columns(name, connection), _columns(kept.table, connection)
    shared = [column for column in columns if column in kept_columns]
    values, conditions = [], ["true"]
    for column in shared:
        target = references.get(column)
        is_self_reference = target is not None and target[0] == kept.table
        if target is None or is_self_reference:
            values.append(f"k.{_quoted(column)}")
        elif columns[column]:
            values.append(f"CASE WHEN {_exists(column, target)} THEN k.{_quoted(column)} END")
        else:
            values.append(f"k.{_quoted(column)}")
            conditions.append(_exists(column, target))
    overriding = "OVERRIDING SYSTEM VALUE"
    _run(
        connection,
        f"INSERT INTO {_quoted(kept.table)} ({_quoted(*shared)}) {overriding} SELECT {', '.join(values)} "
        f"FROM {_quoted(name)} k WHERE {' AND '.join(conditions)} ON CONFLICT DO NOTHING",
    )
    _advance_sequence(kept, connection)


def _advance_sequence(kept: Kept, connection: BaseDatabaseWrapper) -> None:
    """Set the key's sequence, if it has one, above the restored keys."""
    sequence = _run(connection, "SELECT pg_get_serial_sequence(%s, %s)", [_quoted(kept.table), kept.key])[0][0]
    if sequence:
        highest = f"SELECT coalesce(max({_quoted(kept.key)}), 1) FROM {_quoted(kept.table)}"
        _run(connection, f"SELECT setval(%s::regclass, ({highest}))", [sequence])


def _put_back_values(
    name: str, kept: Kept, references: dict[str, tuple[str, str]], connection: BaseDatabaseWrapper
) -> None:
    column = str(kept.column)
    if column not in _columns(kept.table, connection):
        return
    target = references.get(column)
    condition = _exists(column, target) if target else "true"
    _run(
        connection,
        f"UPDATE {_quoted(kept.table)} t SET {_quoted(column)} = k.{_quoted(column)} FROM {_quoted(name)} k "
        f"WHERE t.{_quoted(kept.key)} = k.{_quoted(kept.key)} AND {condition} "
        f"AND t.{_quoted(column)} IS DISTINCT FROM k.{_quoted(column)}",
    )
