"""Pages of lists, as APIs serve them: by number, offset or position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sandbox.wire.http import Request

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Page(Generic[Entry]):
    """`entries` of the whole list from `start`; `end` is where the next page starts, `more` whether there is one."""

    entries: list[Entry]
    start: int
    size: int
    total: int

    @property
    def end(self) -> int:
        return self.start + self.size

    @property
    def more(self) -> bool:
        return self.end < self.total


def page_of(request: Request, found: Sequence[Entry], start: int, size: int, *, repeats: int = 1) -> Page[Entry]:
    """The page of `found` that starts at `start`. Under the fault `duplicates` its first entries come twice."""
    shown = list(found[start : start + size])
    return Page(shown + shown[:repeats] if request.duplicates else shown, start, size, len(found))


def number(value: Any, default: int, *, least: int = 1, most: int | None = None) -> int:
    """An optional number, clamped as lenient APIs do. Raises ValueError if it is not a number."""
    given = int(value) if value not in (None, "") else default
    return max(least, given if most is None else min(most, given))
