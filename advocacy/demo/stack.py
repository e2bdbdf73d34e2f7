"""Runs the demo from start to finish: the start order, and a complete shutdown."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from advocacy.demo import keys, parts
from advocacy.demo.logins import LOGINS
from advocacy.demo.parts import PartFailed, Places
from advocacy.demo.ports import NoPortFree, next_free
from advocacy.demo.services import Interrupted, Services, interruptible
from advocacy.embedded.binaries import EmbeddedError
from advocacy.embedded.postgres import PostgresServer
from advocacy.embedded.process import Kept
from advocacy.embedded.redis import RedisServer
from sandbox import world

TRIES = 3
SANDBOX_PORTS = (8100, 8143, 8025)  # HTTP, IMAP, SMTP


@dataclass(frozen=True)
class Wishes:
    """The command-line options."""

    local: Path
    fresh: bool
    port: int
    history_days: int
    rate: float


class Stack:
    """One demo. `run()` blocks until it ends."""

    def __init__(self, wishes: Wishes, *, root: Path, say: Callable[[str], None]) -> None:
        self.wishes = wishes
        self.places = Places(root=root, local=wishes.local)
        self.say = say
        self.services = Services(say)
        self.began = time.monotonic()
        self.env: dict[str, str] = {}

    def run(self) -> str | None:
        """Run the demo until it ends; returns None if the user stopped it, else the error. Nothing is left running
        either way."""
        with interruptible() as self.interrupts:
            try:
                self.places.local.mkdir(parents=True, exist_ok=True)
                with (self.places.local / "demo.lock").open("a+") as lock:
                    self._be_the_only_one(lock)
                    return self._live()
            except Interrupted:
                pass
            except (EmbeddedError, PartFailed, NoPortFree) as error:
                return str(error)
            finally:
                self.services.stop()
        self.say("Everything is stopped.")
        return None

    def _live(self) -> str:
        try:
            self._open_up()
            self._announce()
            name = self.services.watch(self.interrupts)
            log = self.places.log(name)
            return f"{name} exited unexpectedly, so everything stops. End of {log}:\n{parts.tail(log)}"
        except Interrupted as signal:
            self.say(f"\n{signal}: stopping everything …")
            raise
        finally:
            self.services.stop()  # while the lock is held

    def _be_the_only_one(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise PartFailed(f"A demo is already running in this folder (pid {lock.read().strip() or '?'}).") from None
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()

    # -- starting -------------------------------------------------------------------------------------------------

    def _open_up(self) -> None:
        postgres = PostgresServer(self.places.local / "postgres", log=self.places.log("postgresql"))
        if self.wishes.fresh:
            self._forget(postgres.data)
        self._services(postgres)
        self._make_environment(postgres.url)
        self._world()
        self._fill()
        self._desk()

    def _forget(self, data: Path) -> None:
        self.say("· deleting the last demo")
        for path in (data, self.places.sandbox, self.places.logs):
            shutil.rmtree(path, ignore_errors=True)
        for path in (self.keys_file, self.places.local / "beat"):
            path.unlink(missing_ok=True)

    def _services(self, postgres: PostgresServer) -> None:
        self._progress("PostgreSQL")
        self.services.group()
        self.services.add("postgresql", postgres)
        postgres.start()
        self.interrupts.check()
        self._progress("Redis")
        self.redis = RedisServer(log=self.places.log("redis"))
        self.services.group()
        self.services.add("redis", self.redis)
        self.redis.start()

    def _choose_port(self) -> int:
        port = next_free(self.wishes.port)
        if port != self.wishes.port:
            self.say(f"· port {self.wishes.port} is taken, using {port}")
        return port

    def _make_environment(self, database_url: str) -> None:
        self.keys = keys.load(self.keys_file)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DESK_")},
            "PYTHONPATH": str(self.places.root),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "advocacy.settings",
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis.url,
            "DESK_SECRET_KEY": self.keys.secret_key,
            "DESK_ENCRYPTION_KEYS": self.keys.encryption_key,
            "DESK_ALLOWED_HOSTS": "localhost,127.0.0.1",
            "DESK_COMPANY": "Acme",
            "DESK_SECOND_FACTOR_ROLES": "none",  # anybody who can read the terminal may use its logins
        }

    def _world(self) -> None:
        self._progress("sandbox")
        self.services.group()
        self._again_on_other_ports(self._start_world)
        self.env |= {
            "DESK_ALLOWED_PRIVATE_HOSTS": ",".join(f"127.0.0.1:{each}" for each in self.sandbox_ports),
            "DESK_SLACK_API_BASE": f"{self.sandbox_url}/slack/api/",
            "DESK_SLACK_TOKEN": world.SLACK_TOKEN,
            "DESK_SLACK_SIGNING_SECRET": world.SLACK_SIGNING_SECRET,
            "DESK_TEAM_SLACK_CHANNEL": "#community-advocates",
            "DESK_INCIDENT_SLACK_CHANNEL": "#incident-management",
            "DESK_ADVOCATES_SLACK_GROUP": world.SLACK_GROUPS["advocates"],
            "DESK_RAPID_RESPONSE_SLACK_CHANNEL": "#marketing",
        }

    def _start_world(self) -> tuple[str, Kept, Callable[[], bool]]:
        self.sandbox_ports = _free_ports(SANDBOX_PORTS)
        wishes = self.wishes
        part = parts.sandbox(self.env, self.places, self.sandbox_ports, wishes.history_days, wishes.rate)
        return "sandbox", part, self._has_logged_since("sandbox", '{"http"')

    def _again_on_other_ports(self, start: Callable[[], tuple[str, Kept, Callable[[], bool]]]) -> None:
        """Retry on other ports: a free port may be taken by the time the part binds it, if two demos start at once."""
        for left in reversed(range(TRIES)):
            name, part, is_up = start()
            try:
                parts.wait_for(part, name, self.places, is_up, self.interrupts)
            except PartFailed as failure:
                part.stop()
                if left == 0 or "ddress already in use" not in str(failure):
                    raise
            except BaseException:
                part.stop()
                raise
            else:
                self.services.add(name, part)
                return

    def _has_logged_since(self, name: str, words: str) -> Callable[[], bool]:
        """Whether a part has logged this text from now on: another program's answer on its port proves nothing."""
        log = self.places.log(name)
        size = log.stat().st_size if log.exists() else 0
        return lambda: log.exists() and words.encode() in log.read_bytes()[size:]

    @property
    def keys_file(self) -> Path:
        return self.places.local / "keys.json"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_ports[0]}"

    def _fill(self) -> None:
        """Fill the desk in a separate process: our own settings were read before there was a database."""
        command = [sys.executable, str(self.places.root / "manage.py"), "demo_data", "--sandbox", self.sandbox_url]
        command += [
            "--hooks",
            str(self.places.hooks),
            "--keys",
            str(self.keys_file),
            "--history-days",
            str(self.wishes.history_days),
        ]
        self._progress("filling the desk")
        filling = Kept(command, env=self.env, cwd=self.places.root)  # it reports progress on our terminal
        try:
            while filling.running:
                self.interrupts.check()
                time.sleep(0.05)
        finally:
            code = filling.stop()
        if code != 0:
            raise PartFailed("Could not fill the desk; see the error above.")

    def _desk(self) -> None:
        self._progress("web, workers and beat")
        self.services.group()
        self._again_on_other_ports(self._start_web)
        for name, (queues, processes) in parts.WORKERS.items():
            self.services.add(name, parts.worker(self.env, self.places, name, queues, processes=processes))
        self.services.add("beat", parts.beat(self.env, self.places))
        web = self.services.groups[-1]["web"]
        health = f"http://127.0.0.1:{self.port}/healthz"
        parts.wait_for(web, "web", self.places, lambda: _is_desk_ready(health, self.services), self.interrupts)
        parts.tell_hooks(self.sandbox_url, f"http://127.0.0.1:{self.port}", self.places)

    def _start_web(self) -> tuple[str, Kept, Callable[[], bool]]:
        self.port = self._choose_port()
        self.address = f"http://localhost:{self.port}/"
        self.env["DESK_BASE_URL"] = self.address.rstrip("/")
        is_up = self._has_logged_since("web", "Listening at:")
        return "web", parts.web(self.env, self.places, self.port), is_up

    # -- output ---------------------------------------------------------------------------------------------------

    def _progress(self, text: str) -> None:
        self.say(f"· {time.monotonic() - self.began:5.1f} s  {text}")

    def _announce(self) -> None:
        lines = [f"\nThe desk is at {self.address} after {time.monotonic() - self.began:.0f} s.\n"]
        for login in LOGINS:
            lines.append(f"  {login.role:<10} {login.username:<6} {self.keys.passwords[login.username]}")
        lines.append(f"\nThe sandbox (simulated platforms) is at {self.sandbox_url}/; post something there.")
        lines.append(f"Logs are in {self.places.logs}. Ctrl-C stops everything and keeps the data.")
        self.say("\n".join(lines))


def _free_ports(wanted: tuple[int, int, int]) -> tuple[int, int, int]:
    """Three different free ports, the wanted ones if possible."""
    used: list[int] = []
    for each in wanted:
        used.append(next_free(each, set(used)))
    return used[0], used[1], used[2]


def _is_desk_ready(health_url: str, services: Services) -> bool:
    """Whether web, worker and beat work; other health checks don't matter here."""
    if name := services.ended:
        raise PartFailed(f"{name} exited while the desk was starting.")
    found = (parts.get_json(health_url) or {}).get("parts", {})
    workers = [name for name in found if name.startswith("worker for ")]
    needed = ["migrations", "static files", "beat", *(workers or ["workers"])]
    return all(found.get(name, {}).get("state") == "ok" for name in needed)
