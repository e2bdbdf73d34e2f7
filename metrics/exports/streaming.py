"""Streams rows as lines of CSV or JSON, page by page.

Rows are read in pages that continue after the last row, not from one cursor. A cursor would keep a transaction open for
as long as the slowest download takes, and a transaction pooler refuses it. Each row is as of the moment it was read.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from audit.csv_cells import spreadsheet_safe
from metrics.exports.kinds import Kind

PAGE = 1000
"""Rows in memory at once."""
FORMS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


def lines(kind: Kind, rows: QuerySet[Any], form: str, note: Callable[[int], object]) -> Iterator[str]:
    """The file, one piece per page; calls `note` with the number of rows read so far. Raises KeyError for an unknown
    form."""
    write = {"csv": _csv, "jsonl": _jsonl}[form]
    if form == "csv":
        yield "\ufeff" + _csv_line(kind.heads)
    read = 0
    for page in pages(kind, rows):
        read += len(page)
        yield write(kind, page)
        note(read)


def pages(kind: Kind, rows: QuerySet[Any]) -> Iterator[list[tuple[Any, ...]]]:
    """Values of the columns, the oldest first."""
    named = {f"c_{name}": value for name, value in kind.columns}
    ordered = rows.annotate(**named).order_by(F(kind.time).asc(), "pk").values_list(*named, kind.time, "pk")
    after = Q()
    while page := list(ordered.filter(after)[:PAGE]):
        yield [row[:-2] for row in page]
        time, key = page[-1][-2:]
        # The first condition is implied by the second, but lets an index find the start.
        after = Q(**{f"{kind.time}__gte": time}) & (Q(**{f"{kind.time}__gt": time}) | Q(pk__gt=key))


def _csv(_kind: Kind, page: Sequence[Sequence[Any]]) -> str:
    return "".join(_csv_line([spreadsheet_safe(_cell(value)) for value in row]) for row in page)


def _csv_line(cells: Sequence[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """As text: times in UTC, lists with spaces (tags have none)."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return _time(value)


def _jsonl(kind: Kind, page: Sequence[Sequence[Any]]) -> str:
    rows = (dict(zip(kind.heads, map(_time, row), strict=True)) for row in page)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _time(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
