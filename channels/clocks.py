"""The desk's clock: the database's, whichever machine a process runs on.

Leases, undo windows, due times and claims are written by one process and judged by another. Two machines whose clocks
are ten minutes apart must still mean the same moment, so `desk_now` is what views, tasks and adapters pass as `now`.
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
"""After the database did not answer: it is not asked at every call."""
ACCURACY_S = 0.05
"""A reading that differs by less than this, or than its own round trip, says nothing new: the old one runs on, so that
the clock of a process does not step back and forth."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the database's clock showed (POSIX seconds) when ours, which never jumps, showed `monotonic_s`."""

    at_s: float
    monotonic_s: float

    def now_s(self) -> float:
        return self.at_s + time.monotonic() - self.monotonic_s


_reading: Reading | None = None
_ask_at_s = 0.0
"""By the clock that never jumps."""


def desk_now() -> datetime:
    """Aware UTC, by the database's clock, to some milliseconds; it is asked every half minute and runs on in between.
    While it is away the last answer runs on; before the first answer, the process' own clock is what there is."""
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
    """POSIX seconds; None when it cannot be asked now. Past Django's cursor: this is no query of the page."""
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
    """A clock that starts at the caller's `now` and runs on, so that long verbs stay testable at any time. Independent
    of jumps of the system's clock."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)
