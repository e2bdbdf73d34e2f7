"""Checks whether the process that was sending an item is gone, so that nobody has to wait for the end of its lease.
Only processes on the same machine (same kernel, same process space) are visible; for any other, its lease counts. The
start time reveals a reused process id. Linux only: elsewhere nothing is known.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

PROC = Path("/proc")


def this_one() -> str:
    """`kernel/process space/number/start time`; "" if unknown."""
    started, place = _started(os.getpid()), _place()
    return f"{place}/{os.getpid()}/{started}" if place and started else ""


def is_gone(process: str) -> bool:
    """Whether a process named by `this_one` has certainly ended."""
    place, _, rest = process.rpartition("/")[0].rpartition("/")
    number, started = rest, process.rpartition("/")[2]
    if not place or place != _place() or not number.isdigit():
        return False
    return _started(int(number)) != started


@cache
def _place() -> str:
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink(PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def _started(number: int) -> str:
    """Ticks since boot, the 22nd field of `stat` (proc_pid_stat(5)); "" if there is no such process, or it is a
    zombie."""
    try:
        fields = (PROC / str(number) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
