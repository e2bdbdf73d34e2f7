"""Chooses the demo's ports."""

from __future__ import annotations

import socket

TRIES = 50


class NoPortFree(Exception):
    pass


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether the port is unused and allowed. Uses SO_REUSEADDR as the servers do: lingering connections of the last
    run don't count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def next_free(wanted: int, taken: set[int] | None = None) -> int:
    """`wanted`, or the next free one above it; NoPortFree after TRIES."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if port not in (taken or set()) and is_free(port):
            return port
    raise NoPortFree(f"No port from {wanted} to {wanted + TRIES - 1} is free. Choose another with --port.")
