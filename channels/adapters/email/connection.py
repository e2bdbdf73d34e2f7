"""Sockets to mail servers: host, port and security come from the settings and are guarded like any user-supplied
address."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Literal

from channels.contract import Config, Network
from channels.errors import Rejected
from channels.http import deadlines
from channels.http.address_guard import checked_addresses

Security = Literal["ssl", "starttls", "plain"]
_PORTS = {"imap": {"ssl": 993, "starttls": 143, "plain": 143}, "smtp": {"ssl": 465, "starttls": 587, "plain": 25}}


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to connect to a mail server."""

    host: str
    port: int
    security: Security
    user: str
    network: Network

    @property
    def timeout_s(self) -> float:
        return self.network.read_timeout_s

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def server_of(config: Config, protocol: Literal["imap", "smtp"]) -> Server:
    """The IMAP or SMTP server of a connection. Raises Rejected if the settings name none."""
    host = str(config.setting(f"{protocol}_host", "")).strip()
    if not host:
        raise Rejected(f"No {protocol.upper()} server is set for this mailbox. Enter one on the connection's page.")
    chosen = str(config.setting(f"{protocol}_security", "ssl"))
    security: Security = "plain" if chosen == "plain" else "starttls" if chosen == "starttls" else "ssl"
    return Server(
        host=host,
        port=int(config.setting(f"{protocol}_port", _PORTS[protocol][security])),
        security=security,
        user=str(config.setting(f"{protocol}_user", "")),
        network=config.network,
    )


def connect(server: Server, timeout_s: float | None = None) -> socket.socket:
    """A connected socket. Connects to the very address that was checked, which defeats DNS rebinding. Raises
    BlockedAddress, OSError."""
    error: OSError = OSError(f"{server.host} has no address")
    for address in checked_addresses(server.network, server.host, server.port):
        try:
            patience = deadlines.cut(server.network.connect_timeout_s)
            sock = socket.create_connection((address, server.port), patience)
        except OSError as failed:
            error = failed
            continue
        sock.settimeout(timeout_s or server.timeout_s)
        # Commands are short lines that each wait for an answer; without this, each would wait for a delayed ACK.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    raise error
