"""A clock that starts at the caller's `now` and runs on, so that long verbs stay testable at any time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

Clock = Callable[[], datetime]


def clock_from(now: datetime) -> Clock:
    """Independent of jumps of the system's clock."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)
