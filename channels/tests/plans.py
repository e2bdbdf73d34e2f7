"""How many rows of a table a statement reads, as the database counts them, and what its planner knows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection


def rows_read(sql: str, params: Mapping[str, Any], table: str) -> int:
    """Runs the statement. Counts rows that a filter removed, too."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        (plan,) = cursor.fetchone()
    plan = json.loads(plan) if isinstance(plan, str) else plan
    steps = [step for step in _steps(plan[0]["Plan"]) if step.get("Relation Name") == table]
    return sum((step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) * step["Actual Loops"] for step in steps)


def empty_without_statistics(table: str) -> None:
    """As before a first import: no rows, and nothing known of any. Statistics that an earlier test left are of other
    rows: where each was of another platform, the planner takes any index that begins with the platform."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = %s::regclass", [table])


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _steps(each)
