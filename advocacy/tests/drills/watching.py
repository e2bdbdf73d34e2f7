"""Records what people see during an outage: a page of the desk, /healthz, and the team's Slack channel."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field

from advocacy.tests.drills.place import DrillDesk

LOOK_EVERY_S = 2.0
SEEN_WITHIN_S = 120.0


@dataclass
class Seen:
    """Seconds after the outage began; None: never. `still`: it is shown at the last look."""

    page_s: float | None = None
    health_s: float | None = None
    alarm_s: float | None = None
    still: dict[str, bool] = field(default_factory=dict)


class Watcher:
    """Looks every two seconds until it is stopped. `words`: the pattern that page, report and alarm must match."""

    def __init__(self, desk: DrillDesk, words: str) -> None:
        self.desk, self.words, self.seen = desk, re.compile(words, re.IGNORECASE), Seen()
        self._alarms_before = len(self._alarms())
        self._began = time.monotonic()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._thread.start()

    def stop(self) -> Seen:
        self._ends.set()
        self._thread.join(timeout=30)
        return self.seen

    def _watch(self) -> None:
        while not self._ends.wait(LOOK_EVERY_S):
            self.look()

    def look(self) -> None:
        page, (_status, health) = self.desk.get("/queue/")[1], self.desk.get("/healthz")
        failed = " ".join(re.findall(r'"([\w ]+)": \{"state": "failed"', health))
        self._note("page_s", self.words.search(page))
        self._note("health_s", self.words.search(failed))
        self._note("alarm_s", any(self.words.search(words) for words in self._alarms()[self._alarms_before :]))

    def _note(self, name: str, is_said: object) -> None:
        self.seen.still[name] = bool(is_said)
        if is_said and getattr(self.seen, name) is None:
            setattr(self.seen, name, time.monotonic() - self._began)

    def _alarms(self) -> list[str]:
        try:
            return [text for text in self.desk.slack_said() if "⚠" in text]
        except OSError:
            return []
