"""The stream: new mentions at a steady rate, plus the scheduler for delayed acts."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

from sandbox.stories import plots

if TYPE_CHECKING:
    from sandbox.base.universe import Universe

TICK_S = 0.25


class Stream:
    """One thread. Intervals are exponential, so mentions come in realistic bursts."""

    def __init__(self, universe: Universe, rate: float) -> None:
        self.universe = universe
        self.rate = rate
        self._random = random.Random(f"{universe.seed} stream {universe.store.next_number('stream')}")
        self._stop = threading.Event()
        self._next_at = 0.0
        self._last_story = ""
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)

    def start(self) -> None:
        self.set_rate(self.rate)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)

    def set_rate(self, per_minute: float) -> None:
        """0 stops new mentions; scheduled acts still happen."""
        if not 0 <= per_minute <= 6000:
            raise ValueError("rate must be a number of new posts a minute, from 0 to 6000")
        self.rate = per_minute
        self._next_at = self.universe.now() + self._pause()

    def _pause(self) -> float:
        return self._random.expovariate(self.rate / 60) if self.rate else float("inf")

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            self.universe.do_what_is_due()
            while self.rate and self.universe.now() >= self._next_at and not self._stop.is_set():
                self._next_at += self._pause()
                self.one_more()

    def one_more(self) -> None:
        """Start a conversation now; its follow-ups are scheduled, faster than in reality."""
        universe = self.universe
        key = f"live{universe.store.next_number('live')}"
        acts = plots.start(self._random, key, story=self._last_story, others=plots.others_of(universe.platforms))
        with universe.store.transaction():
            universe.perform_all([acts[0][1]])
            for seconds, act in acts[1:]:
                universe.later(act, min(seconds, 5 + seconds / 60))
        if acts[0][1].platform == "hackernews" and "title" in acts[0][1].more:
            self._last_story = key
