"""A group of services managed together: started in order, stopped in reverse, all of them when one ends.

A service has `running`, `ask_to_stop()` and `stop()`. Each is a process under a separate supervisor
(`advocacy.embedded.process`), so that even after SIGKILL they leave nothing behind.
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
    """A request to stop: Ctrl-C, a closed terminal, SIGTERM."""


class Interrupts:
    """Received signals. They are only recorded: an exception from a signal handler may hit `subprocess` between
    acquiring its lock and the `try` that releases it, and the process could never be waited for again (observed)."""

    def __init__(self) -> None:
        self.number: int | None = None

    def note(self, number: int, _frame: FrameType | None) -> None:
        self.number = self.number or number

    def check(self) -> None:
        """Raises Interrupted if a signal came. Call it in every wait loop."""
        if self.number is not None:
            raise Interrupted(signal.Signals(self.number).name)


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Inside, SIGNALS are recorded instead of ending the process. A SIGHUP ignored from the start (nohup) stays
    ignored."""
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


class Services:
    """Groups of named services. Services of one group stop together, groups in reverse order of their start."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.groups: list[dict[str, Service]] = []

    def group(self) -> None:
        """Services added from now on depend on all present ones."""
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
        """Returns the name of the first service that ends. Raises Interrupted."""
        while (name := self.ended) is None:
            interrupts.check()
            time.sleep(POLL_S)
        return name

    def stop(self) -> None:
        """Returns once all of them and all their descendants are gone."""
        while self.groups:
            group = self.groups.pop()
            for service in group.values():
                service.ask_to_stop()
            for name, service in group.items():
                self.say(f"stopping {name}")
                service.stop()
