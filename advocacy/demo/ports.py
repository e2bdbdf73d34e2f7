"""Which ports the demo listens on."""

from __future__ import annotations

import socket

TRIES = 50


class NoPortFree(Exception):
    pass


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Nobody listens, and we may. SO_REUSEADDR as the servers set it: connections that linger from the last run of
    the demo do not make a port taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def next_free(wanted: int, taken: set[int] | None = None) -> int:
    """`wanted`, or the next one above it that is free; NoPortFree after TRIES."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if port not in (taken or set()) and is_free(port):
            return port
    raise NoPortFree(f"No port from {wanted} to {wanted + TRIES - 1} is free: choose another with --port.")
