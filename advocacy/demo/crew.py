"""Several services that live and die together: started in order, stopped the other way round, all when one ends.

A service has `running`, `ask_to_stop()` and `stop()`. Each is a process under its own supervisor
(`advocacy.embedded.process`), so even a crew killed by SIGKILL leaves nothing behind.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

POLL_S = 0.1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Service(Protocol):
    @property
    def running(self) -> bool: ...

    def ask_to_stop(self) -> None: ...

    def stop(self) -> object: ...


class Interrupted(Exception):
    """Somebody wants us to stop: Ctrl-C, a closed terminal, a polite kill."""


class Interrupts:
    """Signals that have come. They are only noted: an exception out of a signal's handler may hit `subprocess` between
    taking its lock and the `try` that gives it back, and the process could never be waited for again (seen)."""

    def __init__(self) -> None:
        self.number: int | None = None

    def note(self, number: int, _frame: FrameType | None) -> None:
        self.number = self.number or number

    def check(self) -> None:
        """Raises Interrupted, if there was one. To be called wherever somebody waits."""
        if self.number is not None:
            raise Interrupted(signal.Signals(self.number).name)


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Within, SIGNALS end nothing but are noted. A SIGHUP that was ignored at the start (nohup) stays ignored."""
    interrupts = Interrupts()
    old = {number: signal.getsignal(number) for number in SIGNALS}
    taken = [number for number, handler in old.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, interrupts.note)
    try:
        yield interrupts
    finally:
        for number in taken:
            signal.signal(number, old[number])


class Crew:
    """Groups of named services. Those of one group stop together, groups in the reverse order of their start."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.groups: list[dict[str, Service]] = []

    def group(self) -> None:
        """What is added from now on depends on all that is there already."""
        self.groups.append({})

    def add(self, name: str, service: Service) -> None:
        self.groups[-1][name] = service

    @property
    def ended(self) -> str | None:
        """The first service that is no longer running."""
        for group in self.groups:
            for name, service in group.items():
                if not service.running:
                    return name
        return None

    def watch(self, interrupts: Interrupts) -> str:
        """Returns the name of the first service that ends by itself. Raises Interrupted."""
        while (name := self.ended) is None:
            interrupts.check()
            time.sleep(POLL_S)
        return name

    def stop(self) -> None:
        """Returns when none of them, and none of their descendants, is left."""
        while self.groups:
            group = self.groups.pop()
            for service in group.values():
                service.ask_to_stop()
            for name, service in group.items():
                self.say(f"stopping {name}")
                service.stop()
