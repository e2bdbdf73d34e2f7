"""The demo's programs besides PostgreSQL and Redis: how each is started, and when it is ready."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advocacy.demo.services import Interrupts, Service
from advocacy.embedded.process import Kept
from sandbox import launch

NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PartFailed(Exception):
    """A part did not start; the text names its log."""


@dataclass(frozen=True)
class Places:
    """Folders of one demo."""

    root: Path
    """The checkout."""
    local: Path
    """`.local/` in it."""

    @property
    def logs(self) -> Path:
        return self.local / "log"

    @property
    def sandbox(self) -> Path:
        return self.local / "sandbox"

    @property
    def hooks(self) -> Path:
        return self.local / "hooks.json"

    def log(self, name: str) -> Path:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self.logs / f"{name}.log"


def start(name: str, argv: list[str], env: Mapping[str, str], places: Places, grace_s: float = 10.0) -> Kept:
    """`python -m …` from the checkout, output appended to its log."""
    log = places.log(name)
    return Kept([sys.executable, *argv], env=env, cwd=places.root, log=log, grace_s=grace_s)


def sandbox(env: Mapping[str, str], places: Places, ports: tuple[int, int, int], days: int, rate: float) -> Kept:
    http, imap, smtp = (str(port) for port in ports)
    argv = ["-m", "sandbox", "--port", http, "--imap-port", imap, "--smtp-port", smtp, "--quiet"]
    argv += ["--state", str(places.sandbox), "--history-days", str(days), "--rate", str(rate)]
    return start("sandbox", argv, env, places, grace_s=5)


def web(env: Mapping[str, str], places: Places, port: int, wrapped: Sequence[str] = ()) -> Kept:
    argv = [
        *wrapped,
        "-m",
        "gunicorn",
        "advocacy.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--no-control-socket",
    ]
    argv += ["--worker-class", "sync", "--graceful-timeout", "5", "--timeout", "60"]
    return start("web", argv, env, places)


WORKERS: dict[str, tuple[tuple[str, ...], int]] = {
    "replies-worker": (("replies",), 1),
    "worker": (("desk",), 1),
    "ingest-worker": (("ingest",), 1),
    "polls-worker": (("polls", "pages"), 3),
}
"""Name → queues, processes: as in docs/running.md, so that replies don't wait for ingest or a slow platform."""


def worker(
    env: Mapping[str, str],
    places: Places,
    name: str = "worker",
    queues: Sequence[str] = (),
    wrapped: Sequence[str] = (),
    processes: int = 2,
) -> Kept:
    """A worker for these queues, or for all if none is given. `wrapped`: arguments of Python that go first (another
    clock, for example)."""
    argv = [*wrapped, "-m", "celery", "-A", "advocacy", "worker", "--concurrency", str(processes)]
    argv += ["--loglevel", "INFO", "--without-gossip", "--without-mingle", "--hostname", f"{name}@%h"]
    argv += ["--queues", ",".join(queues)] if queues else []
    return start(name.partition(":")[0], argv, env, places)


def beat(env: Mapping[str, str], places: Places, name: str = "beat", wrapped: Sequence[str] = ()) -> Kept:
    schedule = str(places.local / name.replace(":", "-"))
    argv = [*wrapped, "-m", "celery", "-A", "advocacy", "beat", "--schedule", schedule, "--pidfile", ""]
    return start("beat", argv, env, places, grace_s=5)


def wait_for(
    part: Service, name: str, places: Places, there: Callable[[], bool], interrupts: Interrupts, within_s: float = 180
) -> None:
    """Returns when `there()`; raises PartFailed if the part ends first or takes too long. Raises Interrupted."""
    deadline = time.monotonic() + within_s
    while not there():
        if not part.running or time.monotonic() > deadline:
            what = "ended" if not part.running else f"was not ready after {within_s:.0f} s"
            raise PartFailed(f"{name} {what}. End of {places.log(name)}:\n{tail(places.log(name))}")
        interrupts.check()
        time.sleep(0.2)


def tell_hooks(sandbox_url: str, desk_url: str, places: Places) -> None:
    """Tell the sandbox where its platforms should call the desk, now that it has a URL."""
    for hook in json.loads(places.hooks.read_text()):
        said = {"platform": hook["platform"], "url": desk_url + hook["path"], "secret": hook["secret"]}
        launch.call(sandbox_url, "/control/webhook", json.dumps(said).encode())


def tail(log: Path, lines: int = 12) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def get_json(url: str) -> Any:
    """The JSON at a loopback URL, whatever its status; None if there is none."""
    try:
        with NO_PROXY.open(url, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            return json.load(error)
        except ValueError:
            return None
    except (OSError, ValueError):
        return None
