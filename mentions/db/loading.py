"""Loads rows of the hot pages as model instances with prepared statements: the ORM takes longer to build these
statements than the database takes to run them. Columns are listed explicitly; a new column changes nothing here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)


class RowMapper(Generic[M]):
    """One model's columns in a SELECT, and how a row becomes an instance. Columns left out are deferred."""

    def __init__(self, model: type[M], without: Sequence[str] = ()) -> None:
        fields = [field for field in model._meta.concrete_fields if field.name not in without]
        self._model = model
        self._names = [field.attname for field in fields]
        self._columns = [str(field.column) for field in fields]
        # Only fields that convert values themselves (JSON); the driver already returns PostgreSQL's own types.
        self._conversions = [(n, f.from_db_value) for n, f in enumerate(fields) if hasattr(f, "from_db_value")]
        self.width = len(fields)

    def columns(self, alias: str) -> str:
        return ", ".join(f'{alias}."{column}"' for column in self._columns)

    def from_row(self, row: Sequence[Any], start: int = 0) -> M:
        """The instance built from the columns that start at `start`."""
        values = list(row[start : start + self.width])
        for place, convert in self._conversions:
            values[place] = convert(values[place], None, connection)
        return self._model.from_db(connection.alias, self._names, values)
