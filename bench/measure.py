"""Paired measurements, taken in turn in one run: absolute figures drift, the ratio of a pair does not."""

from __future__ import annotations

import gc
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

SHORT = "BENCH_SHORT"
RESULTS = "BENCH_RESULTS"
"""Environment variables: whether sizes are small, and the file that collects results."""
OK, MISSED = "ok", "MISSED"
_name = ""


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class Pairs:
    """Seconds for ours and for the yardstick, pair by pair."""

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
    """Time both in turn, alternating which goes first; warm-up rounds are not counted."""
    taken: list[tuple[float, float]] = []
    for number in range(-warm_up, rounds):
        if number % 2:
            mine, other = ours(), yardstick()
        else:
            other, mine = yardstick(), ours()
        if number >= 0:
            taken.append((mine, other))
    return Pairs([mine for mine, _ in taken], [other for _, other in taken])


def is_short() -> bool:
    """Whether this run only shows that the benchmarks work."""
    return bool(os.environ.get(SHORT))


def sized(full: int, short: int) -> int:
    """The size for this run."""
    return short if is_short() else full


def begin(name: str) -> None:
    """Later reports belong to this benchmark."""
    global _name
    _name = name


def report(what: str, ratio: float, bar: float, detail: str = "") -> bool:
    """Print one line; return whether the bar (a minimum ratio) holds."""
    return _print(what, ratio, f"≥ {bar:.3g}", ratio >= bar, detail)


def report_at_most(what: str, ratio: float, bar: float, detail: str = "") -> bool:
    """Print one line; return whether the bar (a maximum ratio) holds."""
    return _print(what, ratio, f"≤ {bar:.3g}", ratio <= bar, detail)


def not_compared(what: str, why: str) -> bool:
    """It ran, with nothing to compare it to."""
    print(f"{what}: not compared, {why}", flush=True)
    _keep(what, "", "", "not compared")
    return True


def _print(what: str, ratio: float, bar: str, holds: bool, detail: str) -> bool:
    verdict = OK if holds else MISSED
    print(f"{what}: ratio {ratio:.2f} (bar {bar}) {verdict}{'  ' + detail if detail else ''}", flush=True)
    _keep(what, f"{ratio:.2f}", bar, verdict)
    return holds


def _keep(what: str, ratio: str, bar: str, verdict: str) -> None:
    """Add a row to the table at the end."""
    if path := os.environ.get(RESULTS):
        row = {"name": _name, "what": what, "ratio": ratio, "bar": bar, "verdict": verdict}
        with open(path, "a", encoding="utf-8") as results:
            results.write(json.dumps(row) + "\n")
