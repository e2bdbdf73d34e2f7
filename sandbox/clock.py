"""The time in the pretend world. It may be put forward, so that ten minutes pass in one."""

from __future__ import annotations

import threading
import time

_lock = threading.Lock()
_ahead_s = 0.0


def now() -> float:
    """Epoch seconds."""
    return time.time() + _ahead_s


def advance(seconds: float) -> float:
    """Put the clock forward; how far it is ahead now. Raises ValueError for going back."""
    global _ahead_s
    if not 0 <= seconds <= 30 * 86_400:
        raise ValueError("the clock goes forward, by at most 30 days at once")
    with _lock:
        _ahead_s += seconds
        return _ahead_s
