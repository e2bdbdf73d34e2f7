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


class Interrupted(BaseException):
    """Somebody wants us to stop: Ctrl-C, a closed terminal, a polite kill. Not an Exception: nobody may swallow it."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, the first of SIGNALS raises Interrupted, wherever we are; later ones are ignored, so that a nervous
    second Ctrl-C cannot break the stopping. A SIGHUP that was ignored at the start (nohup) stays ignored."""
    taken: dict[int, object] = {}

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in taken:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            taken[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


class Crew:
    """Groups of named services. Those of one group stop together; groups stop in the reverse order of their start."""

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

    def watch(self) -> str:
        """Returns the name of the first service that ends by itself; Interrupted ends it too."""
        while (name := self.ended) is None:
            time.sleep(POLL_S)
        return name

    def stop(self) -> None:
        """Returns when none of them, and none of their descendants, is left."""
        while self.groups:
            group = self.groups.pop()
            for service in reversed(group.values()):
                service.ask_to_stop()
            for name, service in reversed(group.items()):
                self.say(f"stopping {name}")
                service.stop()
