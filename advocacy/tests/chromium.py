"""Chromium for the browser tests: found on the machine, launched when needed, with a time limit on every wait."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright
from playwright.sync_api import Error as PlaywrightError

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
PATIENCE_S = 30


def chromium_program() -> str:
    """Without one, the test is skipped; in CI it fails."""
    found = next(filter(None, map(shutil.which, filter(None, (os.environ.get("DESK_CHROMIUM"), *NAMES)))), None)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("No chromium was found, and CI must not leave the browser tests out.")
    if found is None:
        pytest.skip("No chromium was found; install it, or name one in DESK_CHROMIUM.")
    return found


class Chromium:
    """On a busy machine, Chromium sometimes never confirms that a context is closed. By then the test has seen
    everything it needs, so the program is killed, and the next context is created by another one."""

    def __init__(self, playwright: Playwright, program: str, patience_s: float = PATIENCE_S) -> None:
        self._playwright, self._program, self._patience_s = playwright, program, patience_s
        self._mark = f"--of-test={uuid4().hex}"
        self._browser: Browser | None = None

    def new_context(self, **options: Any) -> BrowserContext:
        if self._browser is None or not self._browser.is_connected():
            arguments = [*OPTIONS, self._mark]
            self._browser = self._playwright.chromium.launch(executable_path=self._program, args=arguments)
        return self._browser.new_context(**options)

    def close(self, closed: BrowserContext | None = None) -> None:
        """One context, or the whole program."""
        if self._browser is None:
            return
        watchdog = threading.Timer(self._patience_s, self.kill)
        watchdog.start()
        try:
            (closed or self._browser).close()
        except PlaywrightError:
            if self._browser.is_connected():
                raise
        finally:
            watchdog.cancel()

    def kill(self) -> None:
        for group in self.groups():
            os.killpg(group, signal.SIGKILL)

    def groups(self) -> set[int]:
        """Its process groups; Playwright makes it lead one."""
        found = set()
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if self._mark.encode() in place.read_bytes().split(b"\0"):
                    found.add(os.getpgid(int(place.parent.name)))
            except OSError:  # it has just ended
                continue
        return found - {os.getpgrp()}
