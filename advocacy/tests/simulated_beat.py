"""The beat schedule run by an injected clock: every entry whose interval has passed runs, in this process. Entries that
beat starts more often than once a minute run several times at each step, as they would within that minute.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import time_machine

from advocacy.celery import app
from advocacy.runtime.beat import SCHEDULE

MINUTE = 60


@dataclass(frozen=True)
class Said:
    """A message as it appeared in the sandbox's Slack: `where` is the id of a channel, or of a direct message."""

    at: datetime
    where: str
    text: str
    thread: str


@dataclass
class Beat:
    """`leave_out`: names of entries that are not run."""

    outside: Any
    leave_out: frozenset[str] = frozenset()
    ran: dict[str, datetime] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        app.loader.import_default_modules()

    def tick(self, now: datetime) -> None:
        """Run everything due at this moment, and note new Slack messages."""
        with time_machine.travel(now, tick=False):
            due = [name for name in SCHEDULE if self._is_due(name, now)]
            for _within_the_minute in range(2):
                for name in due:
                    if self.ran.get(name) != now or SCHEDULE[name]["schedule"] < MINUTE:
                        self._run(name, now)
        self.listen(now)

    def _is_due(self, name: str, now: datetime) -> bool:
        """Whether an interval has ended since the last run: each entry keeps its own rhythm, whatever the clock's
        steps."""
        last, every_s = self.ran.get(name), SCHEDULE[name]["schedule"]
        is_due = last is None or now.timestamp() // every_s > last.timestamp() // every_s
        return is_due and name not in self.leave_out

    def _run(self, name: str, now: datetime) -> None:
        self.ran[name] = now
        app.tasks[SCHEDULE[name]["task"]]()

    def listen(self, now: datetime) -> None:
        posts = self.outside.truth("slack")["desk"]
        for message in sorted(posts, key=lambda each: each["ts"]):
            if message["id"] not in self._seen:
                self._seen.add(message["id"])
                root = str(message.get("thread_ts") or "")
                self.said.append(Said(now, message["channel"], message["text"], "" if root == message["ts"] else root))

    def forget(self) -> None:
        """Forget earlier messages."""
        self.said.clear()

    def play(self, moments: Iterable[datetime], steps: dict[datetime, Any]) -> None:
        """At each moment, run people's actions, if any, and then everything due."""
        for now in moments:
            if now in steps:
                with time_machine.travel(now, tick=False):
                    steps[now](now)
            self.tick(now)
