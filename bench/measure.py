"""Pairs of measurements, taken in turn in one run: absolute figures drift, the ratio of a pair does not."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class Pairs:
    """Seconds of ours and of the yardstick, pair by pair."""

    ours: list[float]
    yardstick: list[float]

    @property
    def ratio(self) -> float:
        """Median of yardstick / ours: 1.0 is as fast as the yardstick, less is slower."""
        return statistics.median(y / o for o, y in zip(self.ours, self.yardstick, strict=True))

    @property
    def medians(self) -> tuple[float, float]:
        return statistics.median(self.ours), statistics.median(self.yardstick)


def pairs(ours: Callable[[], float], yardstick: Callable[[], float], rounds: int, warm_up: int = 3) -> Pairs:
    """Both in turn, each first in every other round; what warms caches and plans is not counted."""
    taken: list[tuple[float, float]] = []
    for number in range(-warm_up, rounds):
        if number % 2:
            mine, other = ours(), yardstick()
        else:
            other, mine = yardstick(), ours()
        if number >= 0:
            taken.append((mine, other))
    return Pairs([mine for mine, _ in taken], [other for _, other in taken])


def report(what: str, ratio: float, bar: float, detail: str = "") -> bool:
    """One line; whether the bar (a least ratio) holds."""
    holds = ratio >= bar
    print(f"{what}: ratio {ratio:.2f} (bar ≥ {bar:g}) {'ok' if holds else 'MISSED'}{'  ' + detail if detail else ''}")
    return holds
