"""Items that kill the process that parses them, on any platform: put `marker(how)` into a payload."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from channels.parsing import pool

POISON = Path(__file__).with_name("poison")
WAYS = ("spin", "loop", "sleep", "memory", "kill", "crash")


def marker(how: str) -> str:
    assert how in WAYS
    return f"POISON-{how}-"


def path_with_poison() -> str:
    """For PYTHONPATH."""
    return os.pathsep.join([str(POISON), *filter(None, [os.environ.get("PYTHONPATH")])])


@contextmanager
def poisoned() -> Iterator[None]:
    """The markers kill the parsers of this process."""
    before = os.environ.get("PYTHONPATH")
    pool.forget()
    os.environ["PYTHONPATH"] = path_with_poison()
    try:
        yield
    finally:
        pool.forget()
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
