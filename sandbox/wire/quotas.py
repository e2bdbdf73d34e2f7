"""Request quotas, counted like on most platforms: in windows that start with a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """A client's quota after a request: `used` includes it, `ends` (epoch seconds) is when counting restarts."""

    limit: int
    used: int
    ends: float

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def is_over(self) -> bool:
        return self.used > self.limit


class Window:
    """Requests per client, in windows of `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_used_up = False
        self._taken: dict[object, tuple[float, int]] = {}

    def take(self, now: float, limit: int, who: object = "", cost: int = 1) -> Spent:
        """Counts one request."""
        start, taken = self._taken.get(who, (now, 0))
        if now - start > self.seconds:
            start, taken = now, 0
        if self.is_used_up:
            taken = max(taken, limit)
        self._taken[who] = start, taken + cost
        return Spent(limit, taken + cost, start + self.seconds)

    def renew(self) -> None:
        self.is_used_up = False
        self._taken.clear()


class Quotas:
    """All windows of one sandbox, so a test can end them or use them up instead of waiting."""

    def __init__(self) -> None:
        self._windows: list[Window] = []

    def window(self, seconds: float) -> Window:
        self._windows.append(Window(seconds))
        return self._windows[-1]

    def renew(self) -> None:
        for window in self._windows:
            window.renew()

    def use_up(self) -> None:
        """Puts every client of every platform over its quota until `renew`."""
        for window in self._windows:
            window.is_used_up = True
