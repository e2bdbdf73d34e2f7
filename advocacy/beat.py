"""Every schedule of the desk, in one place: task, seconds between two runs, and what would go wrong without it.

Most of them are sweeps: what they find was normally done at once, by a nudge. A run that could not start before the
next one is due is dropped (`expires`), so that a worker that was away is not met by a pile of equal sweeps.
"""

from __future__ import annotations

from typing import Any

HOUR = 3600
DAY = 24 * HOUR


def every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 5)}}


SCHEDULE: dict[str, dict[str, Any]] = {
    # Says that beat and a worker are alive; /readyz reads it.
    "tick": every(10, "advocacy.tasks.tick"),
}
