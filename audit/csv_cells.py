"""Cells of the CSV files that the desk writes."""

from __future__ import annotations

from typing import Any


def spreadsheet_safe(value: Any) -> Any:
    """Prefixes an apostrophe to text that a spreadsheet would evaluate as a formula.

    Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
    """
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value
