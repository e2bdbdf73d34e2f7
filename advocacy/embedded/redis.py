"""Runs a private Redis on a free loopback port with a generated password. Nothing is kept on disk: the desk can lose
Redis without losing anything (every message is a nudge, sweeps find the same work in the tables)."""

import secrets
import socket
import tempfile
import time
from pathlib import Path

import redis

from advocacy.embedded import binaries
from advocacy.embedded.binaries import EmbeddedError
from advocacy.embedded.process import Kept

START_S = 10.0
ATTEMPTS = 5
CONFIG = """bind 127.0.0.1
port {port}
requirepass {password}
save ""
appendonly no
databases 64
dir "{folder}"
daemonize no
"""


def free_port() -> int:
    """A loopback port that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """`start()`, use `url`, `stop()`; after a restart it is empty, under the same url."""

    def __init__(self, *, log: Path | None = None) -> None:
        """`log`: appended to; without it the log is deleted with the server."""
        self.log = log.absolute() if log else None
        self.password = secrets.token_urlsafe(24)
        self.port: int | None = None
        self.kept: Kept | None = None

    @property
    def url(self) -> str:
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def running(self) -> bool:
        return self.kept is not None and self.kept.running

    def start(self) -> None:
        """Returns when the server answers. If the port was taken meanwhile, another one is tried."""
        self.stop()  # clean up one that ended unexpectedly
        if self.log:
            self.log.parent.mkdir(parents=True, exist_ok=True)
        ports = [self.port] if self.port else [free_port() for _ in range(ATTEMPTS)]
        for port in ports:
            self.port = port
            self._launch()
            if self._answers():
                return
            self.stop()
        raise EmbeddedError(f"Redis did not start on any of the ports {ports}. See its log: {self.log}.")

    def ask_to_stop(self) -> None:
        """Start the shutdown without waiting for it."""
        if self.kept is not None:
            self.kept.ask_to_stop()

    def stop(self) -> None:
        if self.kept is not None:
            self.kept.stop()
            self.kept = None

    def _launch(self) -> None:
        # Keep the password out of the process list: it is in a file only we can read.
        folder = Path(tempfile.mkdtemp(prefix="desk-redis-"))
        config = folder / "redis.conf"
        escaped = str(folder).replace("\\", "\\\\").replace('"', '\\"')
        config.write_text(CONFIG.format(port=self.port, password=self.password, folder=escaped))
        log = self.log or folder / "redis.log"
        self.kept = Kept([binaries.redis_server(), config], log=log, grace_s=5, remove=[folder])

    def _answers(self) -> bool:
        deadline = time.monotonic() + START_S
        with redis.Redis.from_url(self.url, socket_timeout=2) as client:
            while self.running and time.monotonic() < deadline:
                try:
                    return bool(client.ping())
                except redis.ConnectionError:
                    time.sleep(0.02)
        return False
