"""Limits how long network work may take in total, whatever the other side does. A socket's timeout limits one silence,
not the total: a server that trickles bytes can outlast it, and so can several requests. Work that a worker has leased
must end within its lease, or another worker repeats it. Name resolution is not interrupted (the system's resolver has
its own timeout); no connection is made after it.
"""

from __future__ import annotations

import io
import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOCAL = threading.local()


class OutOfTime(TimeoutError):
    """The time limit has passed."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """A context in which this thread's network work ends within `seconds`, or earlier under an outer limit."""
    before = left_until()
    _LOCAL.until = min(before, time.monotonic() + seconds)
    try:
        yield
    finally:
        _LOCAL.until = before


@contextmanager
def write_within(seconds: float) -> Iterator[None]:
    """Like `within`, for work that posts something: no write begins in the second half (`may_write`), so the platform
    has at least half the time to answer."""
    _LOCAL.writes_until = time.monotonic() + seconds / 2
    try:
        with within(seconds):
            yield
    finally:
        _LOCAL.writes_until = math.inf


def left_until() -> float:
    """The end of the limit in force, on `time.monotonic`'s clock; infinite without one."""
    return float(getattr(_LOCAL, "until", math.inf))


def is_over() -> bool:
    return time.monotonic() >= left_until()


def may_write() -> bool:
    """Whether there is still time to wait for the answer to a write."""
    return time.monotonic() <= getattr(_LOCAL, "writes_until", math.inf)


def cut(timeout_s: float | None) -> float | None:
    """A socket's timeout, cut to what is left. Raises OutOfTime if nothing is."""
    left_s = left_until() - time.monotonic()
    if left_s <= 0:
        raise OutOfTime("out of time")
    if math.isinf(left_s):
        return timeout_s
    return left_s if timeout_s is None else min(timeout_s, left_s)


@contextmanager
def cutting(sock: socket.socket) -> Iterator[None]:
    """A context for one socket call, with its timeout cut to what is left. Raises OutOfTime if nothing is."""
    patience = sock.gettimeout()
    sock.settimeout(cut(patience))
    try:
        yield
    finally:
        if sock.fileno() != -1:
            sock.settimeout(patience)


def reader(sock: socket.socket) -> io.BufferedReader:
    """As `sock.makefile("rb")`, within the limit of the work that reads it."""
    return io.BufferedReader(_Limited(sock))


class _Limited(io.RawIOBase):
    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._raw = sock, sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int | None:  # type: ignore[override]
        with cutting(self._sock):
            return self._raw.readinto(buffer)

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
