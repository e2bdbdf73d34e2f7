"""Everything that a database's tables are made of, as PostgreSQL describes it, to compare two databases."""

from __future__ import annotations

from typing import Any

QUERIES = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
            pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
            AND NOT a.attisdropped""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": """
        SELECT proname, md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')""",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
}


def catalogue(cursor: Any) -> dict[str, set[tuple[Any, ...]]]:
    """kind → descriptions of everything of that kind in `public`."""
    found = {}
    for kind, sql in QUERIES.items():
        cursor.execute(sql)
        found[kind] = set(cursor.fetchall())
    return found


def differences(one: dict[str, set[tuple[Any, ...]]], other: dict[str, set[tuple[Any, ...]]]) -> list[str]:
    """As lines, "-" for what only `one` has and "+" for what only `other` has."""
    lines = []
    for kind in QUERIES:
        lines += [f"- {kind}: {each}" for each in sorted(one[kind] - other[kind], key=str)]
        lines += [f"+ {kind}: {each}" for each in sorted(other[kind] - one[kind], key=str)]
    return lines
