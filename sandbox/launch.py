"""Starts the sandbox as a separate process and stops it reliably; used by tests."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0
_ROOT = Path(__file__).resolve().parent.parent


class ControlFailed(Exception):
    """The control API refused; the text says why."""


def call(url: str, path: str, body: bytes | None = None) -> dict[str, Any]:
    """One control API call to the sandbox at `url`. Raises ControlFailed, OSError."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    request = urllib.request.Request(url + path, body, headers)  # noqa: S310
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        raise ControlFailed(error.read().decode("utf-8", "replace")) from error


class Running:
    """A running sandbox. Use as a context manager, or call `stop`."""

    def __init__(self, process: subprocess.Popen[bytes], ports: dict[str, int], host: str = "127.0.0.1") -> None:
        self.process, self.host = process, host
        self.http_port, self.imap_port, self.smtp_port = ports["http"], ports["imap"], ports["smtp"]
        self.http_url = f"http://{host}:{self.http_port}"

    def __enter__(self) -> Running:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def control(self, path: str, **fields: Any) -> dict[str, Any]:
        """POST /control/<path>. Raises ControlFailed."""
        return self._call(f"/control/{path}", json.dumps(fields).encode())

    def post(self, platform: str, **fields: Any) -> dict[str, Any]:
        """One mention; `{"id", "url", "text", "author"}`."""
        return self.control("post", platform=platform, **fields)

    def truth(self, platform: str, *, search: bool = False) -> dict[str, Any]:
        return self._call(f"/control/truth?platform={platform}" + ("&search=1" if search else ""))

    def access(self) -> dict[str, Any]:
        """Platform → the settings for a desk's connection to it."""
        return self._call("/control/access")

    def state(self) -> dict[str, Any]:
        return self._call("/control/state")

    def _call(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        return call(self.http_url, path, body)

    def stop(self) -> int:
        """Terminate, then kill; returns the exit code. Idempotent."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def kill(self) -> None:
        """SIGKILL, without any cleanup."""
        self.process.send_signal(signal.SIGKILL)
        self.stop()


def start(
    state_dir: Path | str,
    *,
    rate: float = 0,
    history_days: int = 0,
    seed: int = 7,
    extra: Sequence[str] = (),
) -> Running:
    """Start on free ports and wait until all sockets listen. Raises RuntimeError if startup fails."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--imap-port", "0", "--smtp-port", "0"]
    command += ["--quiet", "--with-parent", str(os.getpid())]
    command += [
        "--state",
        str(state_dir),
        "--seed",
        str(seed),
        "--history-days",
        str(history_days),
        "--rate",
        str(rate),
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen([*command, *extra], stdout=subprocess.PIPE, cwd=_ROOT, env=environment)
    assert process.stdout is not None
    try:
        return Running(process, json.loads(_first_line(process)))
    except BaseException:
        process.kill()
        process.wait()
        process.stdout.close()
        raise


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:  # select(2) can't handle descriptors from 1,024 on
        selector.register(process.stdout, selectors.EVENT_READ)
        if selector.select(START_TIMEOUT_S) and (line := process.stdout.readline()):
            return line
    raise RuntimeError(f"the sandbox did not start (exit code {process.poll()}); see its output on stderr")
