"""The desk that a drill runs on, with probes to observe it from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from advocacy.demo.parts import NO_PROXY, Places
from advocacy.tests import crash_judge
from advocacy.tests.living_desk import ROOT, LivingDesk
from sandbox.launch import ControlFailed
from sandbox.world import SLACK_TOKEN

DEMO_RATE = 6.0
"""New mentions a minute, as `script/demo` has them come."""
SETTINGS = {
    "DESK_READ_TIMEOUT_SECONDS": "10",
    "DESK_POLL_LEASE_SECONDS": "30",
    "DESK_CLAIM_LEASE_SECONDS": "30",
    "DESK_UNDO_SECONDS": "3",
    "DESK_MAILS_PER_ADDRESS_PER_DAY": "10000",
    "DESK_SLACK_TOKEN": SLACK_TOKEN,
    "DESK_TEAM_SLACK_CHANNEL": "#community-advocates",
    "DESK_LOG_LEVEL": "INFO",
}
SLOW = {"kind": "slow", "rate": 0.3, "seconds": 2}
TELL_QUEUES = "from advocacy import settings as s; print(' '.join(q.name for q in s.CELERY_TASK_QUEUES))"
LOG_IN = """
import django; django.setup()
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
user = User.objects.get(username="admin")
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(session.session_key)
"""


class DrillDesk(LivingDesk):
    """A running desk under load. `rate`: mentions a minute, on the judged platforms."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        rate: float = 2 * DEMO_RATE,
        settings: Mapping[str, str] | None = None,
        root: Path = ROOT,
    ) -> None:
        super().__init__(folder, settings={**SETTINGS, **(settings or {})}, seed=seed, root=root)
        # A server that is killed must find its data again; `close` removes it.
        self.left_over, self.postgres.remove = self.postgres.remove, []
        self.postgres.fast = False  # as in production: a confirmed commit survives any kill
        self.load_rate, self.seed = rate, seed
        self.queues: list[str] = []
        self.cookie = ""
        self._load_ends = threading.Event()
        self._load: threading.Thread | None = None

    # -- programs ------------------------------------------------------------------------------------------------

    def open(self, *, ahead_s: Mapping[str, float] | None = None) -> None:
        """Starts everything, with slow platforms and a logged-in admin."""
        self.queues = self.run("-c", TELL_QUEUES).split()
        for platform in crash_judge.PLATFORMS:
            self.sandbox.control("faults", platform=platform, **SLOW)
        for name in self.programs:
            self.start(name, 120, ahead_s=(ahead_s or {}).get(name, 0))
        self.cookie = self.run("-c", LOG_IN).split()[-1]

    @property
    def programs(self) -> list[str]:
        """Each in a separate process, as in production."""
        return ["web", *self.queues, "beat"]

    @staticmethod
    def kill_service(pid: int) -> None:
        """Redis or PostgreSQL, as if its machine were lost."""
        os.kill(pid, signal.SIGKILL)

    def stop_programs(self) -> None:
        for name in [*self.running]:
            self.running[name].ask_to_stop()
        for name in [*self.running]:
            self.stop(name)

    def stop_programs_and_load(self) -> None:
        self.end_load()
        self.stop_programs()

    def use(self, root: Path) -> None:
        """Use the programs of another release, on the same data."""
        self.places = Places(root=root, local=self.places.local)
        self.env["PYTHONPATH"] = str(root)

    # -- load ----------------------------------------------------------------------------------------------------

    def begin_load(self, replies: int) -> None:
        """Mentions come in, and advocates write that many answers."""
        self._load_ends.clear()
        self._load = threading.Thread(target=self._keep_posting, name="load", daemon=True)
        self._load.start()
        script = ["-m", "advocacy.tests.scripted_advocates", "--replies", str(replies), "--seed", str(self.seed)]
        script += ["--impatience", "20"]
        self.running["advocates"] = self.python(*script, log="advocates")

    def end_load(self) -> None:
        """No new mention, and no new answer."""
        self._load_ends.set()
        if self._load is not None:
            self._load.join(timeout=30)
            self._load = None
        self.stop("advocates")

    def close(self) -> None:
        self._load_ends.set()
        super().close()
        for path in self.left_over:
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)

    def _keep_posting(self) -> None:
        """In portions of five seconds; the platforms' quota windows are renewed, as if hours had passed."""
        number, owed = 0, 0.0
        while not self._load_ends.wait(5):
            owed += self.load_rate * 5 / 60
            number += 1
            count, owed = int(owed), owed % 1
            try:
                if count:
                    some = {"count": count, "platforms": crash_judge.PLATFORMS}
                    self.sandbox.control("bulk", **some, seed=self.seed * 1000 + number)
                if number % 12 == 0:
                    self.sandbox.control("quotas/renew")
            except (OSError, ControlFailed):
                continue  # the sandbox was restarted

    def accepted(self) -> list[dict[str, Any]]:
        """The advocates' reports of their replies."""
        lines = [json.loads(line) for line in self.log("advocates").splitlines() if line.startswith("{")]
        return [line for line in lines if "key" in line]

    # -- probes --------------------------------------------------------------------------------------------------

    def get(self, path: str, timeout_s: float = 10) -> tuple[int, str]:
        """(status, text) of a page as the admin sees it; status 0 without a response."""
        headers = {"Cookie": f"sessionid={self.cookie}", "Accept": "application/json, text/html;q=0.9"}
        request = urllib.request.Request(self.base_url + path, headers=headers)
        try:
            with NO_PROXY.open(request, timeout=timeout_s) as answer:
                return answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")
        except OSError:
            return 0, ""

    def slack_said(self) -> list[str]:
        """The desk's posts in Slack, according to Slack."""
        return [str(post.get("text", "")) for post in self.sandbox.truth("slack")["desk"]]

    def patiently(self, there: Callable[[], object], within_s: float, every_s: float = 1.0) -> float | None:
        """Seconds until the condition held; None if it didn't within the time limit. An error counts as not yet."""
        began = time.monotonic()
        while time.monotonic() - began < within_s:
            try:
                if there():
                    return time.monotonic() - began
            except Exception:
                pass
            time.sleep(every_s)
        return None
