"""Whether the process that was sending an item is gone: then nobody has to wait for the end of its lease.

Only a process of this very machine (same kernel, same process space) can be seen; of any other nothing is known, and
its lease counts. A number that was given to another process meanwhile is told by its start time. Linux only: elsewhere
nothing is known.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

PROC = Path("/proc")


def this_one() -> str:
    """`kernel/process space/number/start time`; "" where that cannot be told."""
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
    """Ticks since boot, the 22nd field of `stat` (proc_pid_stat(5)); "" if it is none, or a zombie."""
    try:
        fields = (PROC / str(number) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
