"""Sweeps: what a lost nudge left behind, row by row. One row that fails is logged and left for the next run; the others
are done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import connection

logger = logging.getLogger(__name__)
T = TypeVar("T")


def each(what: str, rows: Iterable[T], do: Callable[[T], object]) -> int:
    """`do` for every row, in a transaction of its own; how many of them changed something. Raises only when the
    database is away: then none of them can be done, and the next run finds them all."""
    total = 0
    for row in rows:
        try:
            total += int(bool(do(row)))
        except Exception:
            if not connection.is_usable():
                raise
            logger.exception("The sweep %s left out %r; the next run tries it again.", what, row)
    return total
