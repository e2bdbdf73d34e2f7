"""Measures how time grows with hostile input: no faster than the input, on any machine."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from types import FrameType

SHORT_S = 1.0
"""Below it nobody waits, and a measurement says little."""
MAX_FOR_TWICE = 3.0
"""Quadratic work takes four times as long for twice the input."""
PAIRS = 6
"""Of measurements, until one pair is fine: a busy machine makes a run longer, by half or more."""


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """`work(n)` reads an input of n units; it is run with `size` of them, and with half if that takes long."""
    took = half = float("inf")
    for _pair in range(PAIRS):
        took = min(took, _seconds(work, size))
        if took <= SHORT_S:
            return
        half = min(half, _seconds(work, size // 2))
        if took < MAX_FOR_TWICE * half:
            return
    raise AssertionError(f"{took:.1f} s for {size}, {half:.1f} s for half of it, in the best of {PAIRS} pairs")


def _seconds(work: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    work(size)
    return time.process_time() - began


LENGTH = 1024
"""1×; what is looked at are 4× and 16× of it, and 64× where these two raise a suspicion."""
TINY_S = 0.0002
"""What takes less for 16× is let go: were it quadratic, it would take less than a second for a megabyte."""
MAX_FOR_FOUR_TIMES = 8.0
"""Four times the input: linear work takes 4 times as long, quadratic 16 times."""
SUSPICIOUS = 6.0
TRIES = 4
MEASURED_S = 0.04
"""Of processor time, by repetition: its clock ticks every 4 ms on some machines."""
ROUNDS = 5
SLOW_S = 0.03
ENDLESS_S = 5.0

Work = Callable[[int, int], Callable[[], object]]
"""`work(length, attempt)` prepares one call on an input of about that many characters, another input for each attempt
(so that no cache answers), and hands the call back."""


class Endless(BaseException):
    """One call took far too long; not an Exception, so that no parser's `except` swallows it."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The cost of four times the input. Seconds of processor time."""

    length: int
    short_s: float
    long_s: float

    def __str__(self) -> str:
        if self.long_s >= ENDLESS_S:
            return f"over {ENDLESS_S:.0f} s for {self.length} characters"
        times = self.long_s / self.short_s
        return f"{times:.0f} times as long for four times the input ({self.long_s:.3f} s for {self.length} characters)"


def superlinear(work: Work, length: int = LENGTH) -> Growth | None:
    """None if the work grows about as its input does."""
    attempts = count()
    short = _took(work(4 * length, next(attempts)))
    if short > SLOW_S:  # sixteen times the input might never end
        return _grown(work, length, attempts)
    long = _took(work(16 * length, next(attempts)))
    for _try in range(1, TRIES):
        if long < TINY_S:
            return None
        # The short one alone, too: a pause in it would hide the growth.
        short = min(short, _took(work(4 * length, next(attempts))))
        if long < SUSPICIOUS * short:
            return None
        long = min(long, _took(work(16 * length, next(attempts)))) if long < 1.0 else long
    return _grown(work, 16 * length if long < SLOW_S else 4 * length, attempts)


def _grown(work: Work, length: int, attempts: Iterator[int]) -> Growth | None:
    """If the best of several tries is fine, so is the function: a busy machine only makes them longer. Otherwise
    processor time is measured, several times: even that is longer while the other half of a core is busy."""
    short = long = float("inf")
    for _try in range(TRIES):
        short = min(short, *(_took(work(length, next(attempts))) for _twice in range(2)))
        long = min(long, _took(work(4 * length, next(attempts))))
        if long < MAX_FOR_FOUR_TIMES * short:
            return None
        if long >= ENDLESS_S:
            return Growth(4 * length, short, long)
    for _round in range(ROUNDS):
        found = Growth(4 * length, _measured(work, length, attempts), _measured(work, 4 * length, attempts))
        if found.long_s <= MAX_FOR_FOUR_TIMES * found.short_s:
            return None
    # A step may be where the memory has to grow: it is not repeated at the next one.
    beyond_s = _measured(work, 16 * length, attempts)
    return None if beyond_s <= MAX_FOR_FOUR_TIMES * found.long_s else found


def endless(work: Work, length: int) -> Growth | None:
    """For functions with their own bound: None if one call with such a long input ends."""
    took = _took(work(length, 0))
    return Growth(length, took, took) if took >= ENDLESS_S else None


def _took(call: Callable[[], object]) -> float:
    """Seconds by the wall clock, at most ENDLESS_S of processor time, with garbage collection off."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        with _stopped_when_endless():
            began = time.perf_counter()
            call()
            return time.perf_counter() - began
    except Endless:
        return ENDLESS_S
    finally:
        if was_on:
            gc.enable()


def _measured(work: Work, length: int, attempts: Iterator[int]) -> float:
    """Seconds of processor time for one call, the mean of enough calls to measure it."""
    total, calls = 0.0, 0
    while total < MEASURED_S:
        call = work(length, next(attempts))
        began = time.process_time()
        took = _took(call)
        total += max(time.process_time() - began, 1e-6 if took < ENDLESS_S else took)
        calls += 1
    return total / calls


@contextmanager
def _stopped_when_endless() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Endless

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, ENDLESS_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
