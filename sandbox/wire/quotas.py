"""Request quotas, counted like on most platforms: in windows that start with a request."""

from __future__ import annotations


class Window:
    """Requests per client, in windows of `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._taken: dict[object, tuple[float, int]] = {}

    def take(self, now: float, who: object = "") -> tuple[int, float]:
        """Counts one request; returns the count including it, and when (epoch seconds) the window ends."""
        start, taken = self._taken.get(who, (now, 0))
        if now - start > self.seconds:
            start, taken = now, 0
        self._taken[who] = start, taken + 1
        return taken + 1, start + self.seconds

    def renew(self) -> None:
        self._taken.clear()


class Quotas:
    """All windows of one sandbox, so a test can reset them instead of waiting."""

    def __init__(self) -> None:
        self._windows: list[Window] = []

    def window(self, seconds: float) -> Window:
        self._windows.append(Window(seconds))
        return self._windows[-1]

    def renew(self) -> None:
        for window in self._windows:
            window.renew()
