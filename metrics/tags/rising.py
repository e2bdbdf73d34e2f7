"""Decides whether a tag rises: more mentions than in the days compared with, by more than chance explains. Pure.

By chance alone, two counts differ by about the square root of their sum: 3 instead of 1 means nothing, 30 instead of 10
means something. Counts of periods of different lengths are scaled.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

LEAST = 5
"""With fewer mentions a tag never rises."""
CERTAIN = 2.0
"""Standard deviations: chance alone exceeds them once in 44 times."""


@dataclass(frozen=True, slots=True)
class TagCount:
    """`before` is None if the desk didn't exist for all of the previous days: unknown, not zero. `longer`: the period's
    length as a multiple of theirs."""

    name: str
    count: int
    before: int | None = None
    longer: float = 1.0

    @property
    def change(self) -> int | None:
        return None if self.before is None else self.count - self.before

    @property
    def deviations(self) -> float:
        """How far beyond chance; 0 if unknown."""
        if self.before is None or not self.count + self.before:
            return 0.0
        return (self.count - self.longer * self.before) / sqrt(self.count + self.longer**2 * self.before)

    @property
    def rises(self) -> bool:
        return self.count >= LEAST and self.deviations > CERTAIN


def ranked(tags: list[TagCount]) -> list[TagCount]:
    """The most certain rise first, then the highest count."""
    return sorted(tags, key=lambda tag: (-tag.deviations if tag.rises else 0.0, -tag.count, tag.name))
