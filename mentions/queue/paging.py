"""Keyset pagination: each page starts after the last row seen, so deep pages cost the same as the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from mentions.models.ticket import TicketQuerySet


def cursor_of(record: Mapping[str, Any], order: Sequence[str]) -> str:
    """Encode a row's position in the order for a URL: times as ISO 8601, nulls as an empty part."""
    return ",".join(_text(record[name.lstrip("-")]) for name in order)


def after(tickets: TicketQuerySet, order: Sequence[str], cursor: str) -> TicketQuerySet:
    """The rows after the cursor; an invalid cursor gives the first page."""
    parts = cursor.split(",")
    if len(parts) != len(order):
        return tickets
    try:
        values = [
            int(part) if name.lstrip("-") == "id" else _time(part) for name, part in zip(order, parts, strict=True)
        ]
    except ValueError:
        return tickets
    return tickets.filter(_comes_after(order, values))


def _comes_after(order: Sequence[str], values: Sequence[Any]) -> Q:
    name, value = order[0], values[0]
    column, step = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
    if value is None:  # nulls sort last in both directions: only further nulls follow one
        return Q(**{f"{column}__isnull": True}) & _comes_after(order[1:], values[1:])
    beyond = Q(**{f"{column}__{step}": value})
    if column == "due_at":
        beyond |= Q(due_at__isnull=True)
    if len(order) == 1:
        return beyond
    behind = beyond | (Q(**{column: value}) & _comes_after(order[1:], values[1:]))
    # A redundant condition, so that the index scan starts there.
    return behind if column == "due_at" else Q(**{f"{column}__{step}e": value}) & behind


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _time(part: str) -> datetime | None:
    if not part:
        return None
    at = datetime.fromisoformat(part.replace(" ", "+"))
    if at.tzinfo is None:
        raise ValueError(part)
    return at
