"""Prepared statements, planned once per connection: for the few that run all day and take longer to plan than to run.

Behind a pooler that may give each transaction a different session (`channels.db.db_session`) they are sent unprepared.
PREPARE is not transactional, so the record of prepared statements survives a rollback.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import DatabaseError, connection, transaction
from psycopg2.errorcodes import DUPLICATE_PREPARED_STATEMENT, INVALID_SQL_STATEMENT_NAME

from channels.db import db_session

_NAMED = re.compile(r"%\((\w+)\)s")
_noted = "_desk_prepared"
_OF_ANOTHER_SESSION = (INVALID_SQL_STATEMENT_NAME, DUPLICATE_PREPARED_STATEMENT)

Statement = tuple[str, Mapping[str, Any]]
"""SQL with named parameters, and their values (extra values are ignored)."""


def run_together(statements: Sequence[Statement]) -> list[tuple[Any, ...]]:
    """Run all of them in one transaction and one round trip; return the rows of the last. Each sees the effects of the
    previous ones."""
    return _prepared_or_whole(lambda is_pooled: _run_together(statements, is_pooled))


def run(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    return _prepared_or_whole(lambda is_pooled: _run(sql, params, is_pooled))


def _prepared_or_whole(act: Callable[[bool], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """Run the statements prepared, or unprepared if that reveals a pooler: the prepared statement is in another
    session. A transaction that was open is lost, so there only the next attempt is unprepared."""
    connection.ensure_connection()  # detects a pooler
    if db_session.is_pooled(connection):
        return act(True)
    try:
        return act(False)
    except DatabaseError as error:
        if getattr(error.__cause__, "pgcode", None) not in _OF_ANOTHER_SESSION:
            raise
        db_session.mark_pooled(connection)
        if connection.in_atomic_block:
            raise
        connection.close()
    return act(True)


def _run_together(statements: Sequence[Statement], is_pooled: bool) -> list[tuple[Any, ...]]:
    # Statements sent in one string are one transaction; inside another, a savepoint keeps that one usable.
    one = transaction.atomic() if connection.in_atomic_block or is_pooled else nullcontext()
    with one, connection.cursor() as cursor:
        parts, values = zip(*(_whole(*s) if is_pooled else _executed(cursor, *s) for s in statements), strict=True)
        cursor.execute(";\n".join(parts), [value for each in values for value in each])
        return list(cursor.fetchall())


def _run(sql: str, params: Mapping[str, Any], is_pooled: bool) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(*(_whole(sql, params) if is_pooled else _executed(cursor, sql, params)))
        return list(cursor.fetchall())


def _whole(sql: str, params: Mapping[str, Any]) -> tuple[str, list[Any]]:
    return _NAMED.sub("%s", sql), [params[name] for name in _NAMED.findall(sql)]


def _executed(cursor: Any, sql: str, params: Mapping[str, Any]) -> tuple[str, list[Any]]:
    names, types = _signature(sql, tuple(sorted((name, _type(value)) for name, value in params.items())))
    statement, definition = _definition(sql, names, types)
    session = connection.connection
    noted = getattr(connection, _noted, None)
    if noted is None or noted[0] is not session:
        names_noted: set[str] = set()
        noted = (session, names_noted)
        setattr(connection, _noted, noted)
        # Generic plans are right here: these statements walk an index, whatever the values.
        cursor.execute("SET plan_cache_mode = force_generic_plan")
    if statement not in noted[1]:
        cursor.execute(definition)
        noted[1].add(statement)
    places = ", ".join(["%s"] * len(names))
    return f"EXECUTE {statement}({places})", [params[name] for name in names]


@lru_cache(maxsize=1024)
def _signature(sql: str, typed: tuple[tuple[str, str], ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    used = dict.fromkeys(_NAMED.findall(sql))
    types = dict(typed)
    return tuple(used), tuple(types[name] for name in used)


@lru_cache(maxsize=1024)
def _definition(sql: str, names: tuple[str, ...], types: tuple[str, ...]) -> tuple[str, str]:
    places = {name: f"${number}" for number, name in enumerate(names, start=1)}
    body = _NAMED.sub(lambda match: places[match[1]], sql)
    statement = "desk_" + hashlib.blake2b(f"{body}{types}".encode(), digest_size=12).hexdigest()
    return statement, f"PREPARE {statement}({', '.join(types)}) AS {body}"


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "bigint"
    if isinstance(value, datetime):
        return "timestamptz"
    return "text[]" if isinstance(value, list) else "text"
