"""Decides whether a figure changed by more than chance explains. Pure.

A summary compares dozens of figures at once, so it demands more than a single chart would: three standard deviations,
which chance alone exceeds once in 370 figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

CERTAIN = 3.0
LEAST = 10
"""With fewer in both periods together, a count never counts as moved."""
LEAST_ANSWERS = 20
"""With fewer in either period, neither a median nor a share is compared."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many in one period and in the one before; `days`: how long each of them is."""

    now: int
    before: int
    days: tuple[int, int] = (1, 1)

    @property
    def change(self) -> int:
        return self.now - self.before

    @property
    def deviations(self) -> float:
        """From the count to expect if both periods had the same daily rate."""
        total, share = self.now + self.before, self.days[0] / sum(self.days)
        return (self.now - total * share) / sqrt(total * share * (1 - share)) if total else 0.0

    @property
    def has_moved(self) -> bool:
        """A longer month gets more even at the same rate, so both measures must agree."""
        enough = self.now + self.before >= LEAST
        return enough and abs(self.deviations) > CERTAIN and self.deviations * self.change > 0


@dataclass(frozen=True, slots=True)
class Share:
    """`some` of `of`, in one period and in the one before."""

    some: int
    of: int
    some_before: int
    of_before: int

    @property
    def is_comparable(self) -> bool:
        return min(self.of, self.of_before) >= LEAST_ANSWERS

    @property
    def deviations(self) -> float:
        """Of the difference of two proportions."""
        if not self.of or not self.of_before:
            return 0.0
        both = (self.some + self.some_before) / (self.of + self.of_before)
        spread = sqrt(both * (1 - both) * (1 / self.of + 1 / self.of_before))
        return (self.some / self.of - self.some_before / self.of_before) / spread if spread else 0.0

    @property
    def has_moved(self) -> bool:
        return self.is_comparable and abs(self.deviations) > CERTAIN
