"""Sweeps: process work whose signal or task was lost, row by row. A failing row is logged and retried in the next run;
it doesn't block the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import connection

logger = logging.getLogger(__name__)
T = TypeVar("T")


def each(what: str, rows: Iterable[T], do: Callable[[T], object]) -> int:
    """Call `do` for every row (`do` owns its transaction); returns how many calls returned a true value. Raises only if
    the database is down: then no row can be processed, and the next run finds them all."""
    total = 0
    for row in rows:
        try:
            total += int(bool(do(row)))
        except Exception:
            if not connection.is_usable():
                raise
            logger.exception("The sweep %s left out %r; the next run retries it.", what, row)
    return total
