"""What hostile input may cost: time that grows no faster than the input, on whatever machine."""

from __future__ import annotations

import time
from collections.abc import Callable

SHORT_S = 1.0
"""Below it nobody waits, and a measurement says little."""
MOST_FOR_TWICE = 3.0
"""Quadratic work takes four times as long for twice the input."""


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """`work(n)` reads an input of n units; it is done with `size` of them, and with half when that takes long."""
    took = _seconds(work, size)
    if took > SHORT_S:
        half = _seconds(work, size // 2)
        assert took < MOST_FOR_TWICE * half, f"{took:.1f} s for {size}, {half:.1f} s for half of it"


def _seconds(work: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    work(size)
    return time.process_time() - began
