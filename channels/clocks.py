"""The desk's clock: the database's clock, on every machine.

Leases, undo windows, due times and claims are written by one process and read by another. `desk_now` makes them agree
even if two machines' clocks are ten minutes apart; views, tasks and adapters pass it as `now`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg2
from django.db import Error, connection

Clock = Callable[[], datetime]

ASK_EVERY_S = 30.0
ASK_AGAIN_S = 5.0
"""Retry interval after the database didn't answer."""
ACCURACY_S = 0.05
"""A new reading that differs by less than this, or by less than its round trip, is discarded: the process's clock must
not jitter."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The database's clock (POSIX seconds) at the moment the local monotonic clock showed `monotonic_s`."""

    at_s: float
    monotonic_s: float

    def now_s(self) -> float:
        return self.at_s + time.monotonic() - self.monotonic_s


_reading: Reading | None = None
_ask_at_s = 0.0
"""Monotonic seconds."""


def desk_now() -> datetime:
    """The database's time, aware UTC, accurate to some milliseconds; read every 30 seconds and extrapolated in between.
    If the database is down, the last reading is extrapolated; before the first one, the local clock is used."""
    global _reading, _ask_at_s
    if time.monotonic() >= _ask_at_s:
        new = _read(_reading)
        _ask_at_s = time.monotonic() + (ASK_EVERY_S if new is not None else ASK_AGAIN_S)
        _reading = new or _reading
    return datetime.fromtimestamp(_reading.now_s() if _reading is not None else time.time(), UTC)


def _read(old: Reading | None) -> Reading | None:
    before = time.monotonic()
    at_s = ask_database()
    if at_s is None:
        return None
    after = time.monotonic()
    new = Reading(at_s, (before + after) / 2)
    says_nothing_new = old is not None and abs(new.now_s() - old.now_s()) <= max(ACCURACY_S, (after - before) / 2)
    return old if says_nothing_new else new


def ask_database() -> float | None:
    """POSIX seconds; None if the database can't be queried now. Bypasses Django's cursor, so it doesn't count as a
    query of the page."""
    try:
        if connection.in_atomic_block and connection.needs_rollback:
            return None
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            return float(cursor.fetchone()[0])
    except (Error, psycopg2.Error):
        return None


def clock_from(now: datetime) -> Clock:
    """A monotonic clock that starts at `now`: long verbs stay testable at any time and ignore system clock jumps."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)
