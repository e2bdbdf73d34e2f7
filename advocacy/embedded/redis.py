"""A Redis of our own on a free loopback port with a password of its own. It keeps nothing on disk: the desk loses
nothing when Redis does (every message in it is a nudge, sweeps find the same work in the tables)."""

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
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """`start()`, use `url`, `stop()`; started again it comes back empty under the same url."""

    def __init__(self, *, log: Path | None = None) -> None:
        """`log`: appended to; without it the log goes when the server goes."""
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
        """Returns when the server answers. A port taken in the meantime is no error: another one is tried."""
        self.stop()  # one that has ended by itself is cleared away
        if self.log:
            self.log.parent.mkdir(parents=True, exist_ok=True)
        ports = [self.port] if self.port else [free_port() for _ in range(ATTEMPTS)]
        for port in ports:
            self.port = port
            self._launch()
            if self._answers():
                return
            self.stop()
        raise EmbeddedError(f"Redis did not start on any of the ports {ports}; its log: {self.log}.")

    def ask_to_stop(self) -> None:
        """Begins the stop without waiting for it."""
        if self.kept is not None:
            self.kept.ask_to_stop()

    def stop(self) -> None:
        if self.kept is not None:
            self.kept.stop()
            self.kept = None

    def _launch(self) -> None:
        # The password stays out of the list of processes: it is in a file that only we can read.
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
