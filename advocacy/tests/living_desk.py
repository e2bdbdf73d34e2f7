"""A whole separate desk for one test: PostgreSQL, Redis, sandbox, and worker, beat and web as real processes.

    with LivingDesk(tmp_path) as desk:
        desk.start("worker"); desk.start("beat"); desk.start("web")
        desk.sandbox.post("twitter", text="…")
        desk.wait_until(lambda: desk.rows("SELECT 1 FROM mentions_ticket"), "a ticket")
        browser.goto(desk.base_url); login with desk.logins["sam"]

It shares nothing with the session's own services. Every process runs under a supervisor, so that none is left behind
when the test fails or pytest itself is killed. Filled like the demo, without its history.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg2
import psycopg2.extras
import redis

from advocacy.demo import keys, parts
from advocacy.demo.parts import Places
from advocacy.embedded.postgres import PostgresServer
from advocacy.embedded.process import Kept
from advocacy.embedded.redis import RedisServer
from advocacy.tests import migrated
from advocacy.tests.bare_desk import held_port
from sandbox import launch

ROOT = Path(__file__).resolve().parents[2]
READY = {"worker": " ready.", "beat": " is starting.", "web": "Booting worker"}
"""What each program logs once it is running."""
PATIENCE_S = 180
"""Only what never comes is ended by it: whoever waits shares two busy cores with others."""


class LivingDesk:
    """Use as a context manager. `env`: the environment of the desk's processes; `settings` are added to it."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        seed: int = 7,
        history_days: int = 0,
        rate: float = 0,
        root: Path = ROOT,
    ) -> None:
        """`folder`: for logs and the sandbox's state. `rate`: automatic new mentions per minute. `root`: the checkout
        to run."""
        self.places = Places(root=root, local=folder)
        self.settings, self.seed, self.history_days, self.rate = dict(settings or {}), seed, history_days, rate
        self.running: dict[str, Kept] = {}
        self.postgres = migrated.temporary() if root == ROOT else PostgresServer.temporary()
        self.redis = RedisServer(log=self.places.log("redis"))
        self.held = held_port()
        self.port = int(self.held.getsockname()[1])
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.sandbox: launch.Running
        self.env: dict[str, str] = {}
        self.logins: dict[str, str] = {}
        """User name → password."""

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            self.redis.start()
            self.sandbox = launch.start(
                self.places.sandbox, rate=self.rate, history_days=self.history_days, seed=self.seed
            )
            self._make_environment()
            self._fill()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything, the desk's programs first. Safe to call again."""
        for kept in self.running.values():
            kept.ask_to_stop()
        for name in [*self.running]:
            self.stop(name)
        if hasattr(self, "sandbox"):
            self.sandbox.stop()
        self.redis.stop()
        self.postgres.stop()
        self.held.close()

    # -- addresses -----------------------------------------------------------------------------------------------

    @property
    def database_url(self) -> str:
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        return self.redis.url

    # -- programs ------------------------------------------------------------------------------------------------

    def start(self, name: str, within_s: float = PATIENCE_S, *, ahead_s: float = 0) -> None:
        """`worker`, `beat`, `web`, or a queue for a worker of that queue alone; returns once it is working.
        `worker:2` is one more, with the same log. `ahead_s`: how far its machine's clock is ahead, in seconds."""
        kind = name.partition(":")[0]
        already = len(self.log(kind))
        wrapped = ["-m", "advocacy.tests.other_clock", str(ahead_s)] if ahead_s else []
        env, places = self.env, self.places
        programs: dict[str, Callable[[], Kept]] = {
            "worker": lambda: parts.worker(env, places, name, wrapped=wrapped),
            "beat": lambda: parts.beat(env, places, name, wrapped),
            "web": lambda: parts.web(env, places, self.port, wrapped),
        }
        of_a_queue = lambda: parts.worker(env, places, name, [kind], wrapped)  # noqa: E731
        kept = self.running[name] = programs.get(kind, of_a_queue)()

        def begun() -> bool:
            assert kept.running, f"{name} ended with code {kept.exit_code}:\n{self.log(kind)[-3000:]}"
            return READY.get(kind, READY["worker"]) in self.log(kind)[already:]

        self.wait_until(begun, f"{name} to begin", within_s)

    def stop(self, name: str) -> None:
        """Gracefully, as a deployment does."""
        if (kept := self.running.pop(name, None)) is not None:
            kept.stop()

    def kill(self, name: str) -> None:
        """SIGKILL to the program and all its children at once: none of them gets to finish anything."""
        kept = self.running.pop(name)
        for pid in _children(kept.supervisor.pid):
            os.killpg(pid, signal.SIGKILL)  # each leads a separate session, and so a process group
        kept.supervisor.wait(timeout=PATIENCE_S)
        kept.stop()

    def log(self, name: str) -> str:
        path = self.places.log(name)
        return path.read_text(errors="replace") if path.exists() else ""

    def python(self, *argv: str, log: str, grace_s: float = 10) -> Kept:
        """Start another program in the desk's environment; its output is in `log(log)`."""
        return Kept(
            [sys.executable, *argv], env=self.env, cwd=self.places.root, log=self.places.log(log), grace_s=grace_s
        )

    def run(self, *argv: str, within_s: float = PATIENCE_S) -> str:
        """Run a program and return its output. AssertionError with all of it if it fails or takes too long.

        Output goes to files, since a child left behind may hold a pipe open forever. The children are ended with it."""
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            program = subprocess.Popen(
                [sys.executable, *argv], env=self.env, cwd=self.places.root, stdout=output, stderr=errors,
                start_new_session=True,
            )  # fmt: skip
            try:
                code: int | None = program.wait(timeout=within_s)
            except subprocess.TimeoutExpired:
                code = None
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
            output.seek(0)
            errors.seek(0)
            said, complained = output.read(), errors.read()
        ended = f"took more than {within_s:.0f} s" if code is None else f"ended with code {code}"
        assert code == 0, f"{argv} {ended}:\n{said[-3000:]}\n{complained[-3000:]}"
        return said

    # -- looking inside ------------------------------------------------------------------------------------------

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Straight from the tables, bypassing the desk's own code."""
        kind = psycopg2.extras.RealDictCursor
        with closing(psycopg2.connect(self.database_url, cursor_factory=kind)) as connection, connection.cursor() as at:
            at.execute(sql, values or None)
            return [dict(row) for row in at.fetchall()]

    def flush_redis(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()

    def wait_until(
        self, there: Callable[[], object], what: str, within_s: float = PATIENCE_S, every_s: float = 0.1
    ) -> None:
        deadline = time.monotonic() + within_s
        while not there():
            assert time.monotonic() < deadline, f"waited {within_s:.0f} s for {what} in vain"
            time.sleep(every_s)

    # -- steps ---------------------------------------------------------------------------------------------------

    def _make_environment(self) -> None:
        made = keys.load(self.places.local / "keys.json")
        self.logins = made.passwords
        ports = (self.sandbox.http_port, self.sandbox.imap_port, self.sandbox.smtp_port)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DESK_", "PYTEST_"))},
            "PYTHONPATH": str(self.places.root),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "advocacy.settings",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "DESK_SECRET_KEY": made.secret_key,
            "DESK_ENCRYPTION_KEYS": made.encryption_key,
            "DESK_BASE_URL": self.base_url,
            "DESK_ALLOWED_HOSTS": "localhost,127.0.0.1",
            "DESK_ALLOWED_PRIVATE_HOSTS": ",".join(f"127.0.0.1:{port}" for port in ports),
            "DESK_SLACK_API_BASE": f"{self.sandbox.http_url}/slack/api/",
            "DESK_COMPANY": "Acme",
            "DESK_SECOND_FACTOR_ROLES": "none",  # as in the demo: a password is the whole login
            **self.settings,
        }

    def _fill(self) -> None:
        program = ["-m", migrated.QUICK] if self.places.root == ROOT else ["manage.py"]
        command = [*program, "demo_data", "--keys", str(self.places.local / "keys.json")]
        command += ["--sandbox", self.sandbox.http_url, "--hooks", str(self.places.hooks)]
        self.run(*command, "--history-days", str(self.history_days), within_s=400)
        parts.tell_hooks(self.sandbox.http_url, self.base_url, self.places)


def _children(pid: int) -> list[int]:
    """The program that a supervisor keeps running; it may not have started it yet."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            return [int(child) for child in found]
        time.sleep(0.01)
    raise AssertionError(f"process {pid} keeps nothing")
