"""Rows as one JSON parameter for PostgreSQL. Pure."""

from __future__ import annotations

import json
from typing import Any

from channels.db.payloads import storable


def to_json(rows: list[dict[str, Any]]) -> str:
    """Texts in the rows are already storable; a platform's `extra` may hold anything and is repaired if necessary."""
    try:
        text = json.dumps(rows, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:
        text = ""
    if text and "\\u0000" not in text:
        return text
    for row in rows:
        if "extra" in row:
            row["extra"] = storable(row["extra"])
    return json.dumps(rows, allow_nan=False)
