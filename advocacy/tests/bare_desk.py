"""A separate web process with its own PostgreSQL and Redis, which a test may stop and restart.

No worker, no beat, no sandbox: for tests of pages while these services come and go.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from advocacy.demo import keys
from advocacy.demo.parts import NO_PROXY
from advocacy.embedded.process import Kept
from advocacy.embedded.redis import RedisServer
from advocacy.tests import migrated

ROOT = Path(__file__).resolve().parents[2]


def held_port() -> socket.socket:
    """Bound to a loopback port that no other program is given before it is closed. gunicorn may listen there, also
    after a restart: both allow the address to be reused, and this one doesn't listen."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


class BareDesk:
    """Use as a context manager; `start()` the web process once the settings are complete. `settings` may be changed."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.settings = folder, settings
        self.postgres, self.redis = migrated.temporary(), RedisServer()
        self.held = held_port()
        self.port = int(self.held.getsockname()[1])
        self.web: Kept | None = None

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            self.redis.start()
            if not migrated.is_at_hand():
                self.manage("migrate", "-v", "0")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        self.redis.stop()
        self.postgres.stop()
        self.held.close()

    @property
    def env(self) -> dict[str, str]:
        made = keys.load(self.folder / "keys.json")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DESK_", "PYTEST_"))},
            "DJANGO_SETTINGS_MODULE": "advocacy.settings",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "DESK_SECRET_KEY": made.secret_key,
            "DESK_ENCRYPTION_KEYS": made.encryption_key,
            "DESK_BASE_URL": "http://desk.example.com",
            "DESK_ALLOWED_HOSTS": "desk.example.com",
            **self.settings,
        }

    @property
    def log(self) -> str:
        path = self.folder / "web.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def manage(self, *argv: str, ok: bool = True) -> str:
        """The output of `manage.py …`; fails the test with it when the command fails (or does not, with `ok=False`)."""
        return self.run("manage.py", *argv, ok=ok)

    def migrate_quickly(self, *argv: str) -> None:
        """For many migrations, in tests that aren't about Django's own way through them."""
        self.run("-m", migrated.QUICK, "migrate", "-v", "0", *argv)

    def run(self, *argv: str, ok: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, *argv], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=240
        )
        assert (done.returncode == 0) is ok, f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def start(self, within_s: float = 180) -> None:
        """Starts gunicorn; returns when it answers."""
        argv = [sys.executable, "-m", "gunicorn", "advocacy.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        argv += ["--workers", "1", "--no-control-socket", "--timeout", "60", "--graceful-timeout", "2"]
        self.web = Kept(argv, env=self.env, cwd=ROOT, log=self.folder / "web.log", grace_s=5)
        deadline = time.monotonic() + within_s
        while self.get("/livez")[0] != 200:
            assert self.web.running, self.log[-3000:]
            assert time.monotonic() < deadline, self.log[-3000:]
            time.sleep(0.05)

    def stop(self) -> None:
        if self.web is not None:
            self.web.stop()
            self.web = None

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Status and body; 0 if nothing listens. By IP address, unless `headers` name a host."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=dict(headers or {}))
        try:
            with NO_PROXY.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError:
            return 0, ""
