"""Faults on demand: which request of which platform fails, and how."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass
from typing import Any

KINDS = (
    "429",
    "500",
    "timeout",
    "truncated",
    "expired",
    "duplicates",
    "slow",
    "html",
    "empty",
    "drop_after_accept",
    "451",
    "550",
)
"""451 and 550 are for SMTP only; there 429 becomes 451 and 500 becomes 550."""
PARTS = {"imap": "email", "smtp": "email"}
WRITE_ONLY = frozenset({"drop_after_accept"})
READ_ONLY = frozenset({"duplicates"})


@dataclass
class Fault:
    """A share (`rate`) of requests fails; after `count` failures the fault ends (None: never). `seconds`: for slow and
    timeout."""

    platform: str
    kind: str
    rate: float = 1.0
    count: int | None = None
    seconds: float | None = None


class Faults:
    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(f"faults {seed}")
        self._active: list[Fault] = []
        self.happened: dict[str, int] = {}

    def add(self, fault: Fault) -> None:
        """Raises ValueError for an unknown kind."""
        if fault.kind not in KINDS:
            raise ValueError(f"no fault of kind {fault.kind!r}; there are {', '.join(KINDS)}")
        with self._lock:
            self._active.append(fault)

    def clear(self, platform: str | None = None) -> None:
        with self._lock:
            self._active = [f for f in self._active if platform not in (None, "all", f.platform)]

    def take(
        self, platform: str, part: str = "", *, write: bool = False, only: frozenset[str] | None = None
    ) -> Fault | None:
        """The fault for this request, counted; None if it may succeed. A fault may also target a single `part` of a
        platform (imap, smtp)."""
        with self._lock:
            for fault in self._active:
                if fault.platform not in (platform, part, "all") or (only is not None and fault.kind not in only):
                    continue
                if (fault.kind in WRITE_ONLY and not write) or (fault.kind in READ_ONLY and write):
                    continue
                if self._random.random() >= fault.rate:
                    continue
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._active.remove(fault)
                name = f"{part or platform}:{fault.kind}"
                self.happened[name] = self.happened.get(name, 0) + 1
                return fault
        return None

    def active(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(f) for f in self._active]
