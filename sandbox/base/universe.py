"""Ties everything together: the store, the platforms, scheduled acts and the clock.

Everything not requested through a platform's own API happens through `perform`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sandbox import clock
from sandbox.base.acts import Act, Impossible, Made
from sandbox.base.platform import Platform
from sandbox.pages.elements import PLACES
from sandbox.store import Store
from sandbox.wire.faults import Faults
from sandbox.wire.http import Router
from sandbox.wire.quotas import Quotas
from sandbox.wire.webhooks import Webhooks


class Universe:
    """`public_url` is set once the HTTP port is known. `sandbox.assembly.assemble` makes one with every platform."""

    def __init__(
        self, folder: Path, platforms: Iterable[type[Platform]], *, seed: int = 7, history_days: int = 0
    ) -> None:
        self.store = Store(folder)
        born = self.store.get("world", "born")
        if born is None:
            born = {"at": clock.now(), "seed": seed, "history_days": history_days}
            self.store.put("world", "born", born)
        self.born_at: float = born["at"]
        self.seed: int = born["seed"]
        self.history_days: int = born["history_days"]
        self.random = random.Random(f"{self.seed} {len(self.store.all('later'))} {len(self.store.all('tweet'))}")
        self.faults = Faults(seed)
        self.public_url = ""
        self.ports: dict[str, Any] = {}
        """`host`, and the ports of `imap` and `smtp` (requested before the start, actual after it)."""
        self.reactions = False
        self.woken = threading.Event()
        self.quotas = Quotas()
        self.overruns: dict[str, int] = {}
        """Platform → requests made after its quota was used up (not counting those refused by a fault)."""
        self.webhooks = Webhooks(self.store)
        self.platforms: dict[str, Platform] = {}
        for platform in platforms:
            if platform.name in self.platforms:
                raise ValueError(f"two platforms are called {platform.name}")
            self.platforms[platform.name] = platform(self)
            if platform.title:
                PLACES[platform.title] = platform.home

    def now(self) -> float:
        """Epoch seconds."""
        return clock.now()

    def router(self) -> Router:
        router = Router()
        for platform in self.platforms.values():
            platform.register(router)
        return router

    def platform(self, name: str) -> Platform:
        if name not in self.platforms:
            raise Impossible(f"no platform {name!r}; there are {', '.join(sorted(self.platforms))}")
        return self.platforms[name]

    def perform(self, act: Act) -> Made:
        """Perform an act now (or as if at `act.at`). Raises Impossible."""
        with self.store.transaction():
            platform = self.platform(act.platform)
            if act.parent.startswith("~"):
                act.parent = self.resolve(act.parent)
            made = platform.perform(act)
            if act.key:
                self.store.put("ref", act.key, {"id": made.id})
            return made

    def perform_all(self, acts: Iterable[Act]) -> int:
        """Perform acts in order, in one transaction, skipping those on missing or deleted objects; returns how many
        were performed."""
        done = 0
        with self.store.transaction():
            for act in acts:
                try:
                    self.perform(act)
                    done += 1
                except Impossible:
                    continue
        return done

    def resolve(self, ref: str) -> str:
        """The id behind `~key`."""
        known = self.store.get("ref", ref.removeprefix("~"))
        if known is None:
            raise Impossible(f"nothing is called {ref}")
        return str(known["id"])

    def later(self, act: Act, seconds: float) -> None:
        """Schedule an act: it happens even if the process is killed in between."""
        act.at = self.now() + seconds
        with self.store.transaction():
            number = self.store.next_number("later")
            self.store.put("later", str(number), act.as_doc())
        self.woken.set()

    def do_what_is_due(self) -> int:
        """Perform the due acts; returns their number. Each is removed in its own transaction."""
        now = self.now()
        with self.store.lock:
            due = [(key, doc) for key, doc in self.store.all("later").items() if doc["at"] <= now]
        for key, doc in sorted(due, key=lambda pair: pair[1]["at"]):
            with self.store.transaction():
                self.store.drop("later", key)
                # Dated now, not when it was due: earlier polls would miss a post that appears in the past.
                self.perform_all([Act(**{**doc, "at": None})])
        return len(due)

    def start(self) -> None:
        self.webhooks.start()
        for platform in self.platforms.values():
            platform.start()

    def stop(self) -> None:
        for platform in self.platforms.values():
            platform.stop()
        self.webhooks.stop()
        self.store.close()
