"""Runs raw SQL over the rows that a queryset selects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet


def fetched(rows: QuerySet[Any, Any], statement: str, *more: Any) -> list[tuple[Any, ...]]:
    """The result of `statement`, in which `(%rows%)` stands for the queryset. `more`: further values, all after the
    rows. Empty, without a query, if Django knows that there are no rows, such as when no channel is visible."""
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("%rows%", sql), (*params, *more))
        return list(cursor.fetchall())


@contextmanager
def in_memory() -> Iterator[None]:
    """For statements over very many rows: the database sorts and joins them in memory rather than on its disk."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('work_mem', '64MB', true)")
        yield
