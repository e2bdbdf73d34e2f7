"""The sandbox's clock. It can be advanced, so ten minutes can pass in one."""

from __future__ import annotations

import threading
import time

_lock = threading.Lock()
_ahead_s = 0.0


def now() -> float:
    """Epoch seconds."""
    return time.time() + _ahead_s


def advance(seconds: float) -> float:
    """Advance the clock; returns its total offset. Raises ValueError if negative or over 30 days."""
    global _ahead_s
    if not 0 <= seconds <= 30 * 86_400:
        raise ValueError("the clock goes forward, by at most 30 days at once")
    with _lock:
        _ahead_s += seconds
        return _ahead_s
