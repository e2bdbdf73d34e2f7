"""Steady load at five times the demo's rate, while every kind of process is killed in turn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from advocacy.tests.drills.outages import program_pid
from advocacy.tests.drills.place import DEMO_RATE, DrillDesk
from advocacy.tests.drills.verdict import Verdict, heals, judge

TIMES = 5
BACK_WITHIN_S = 120.0
RESTART_AFTER_S = 5.0
"""As systemd does it."""


@dataclass(frozen=True)
class Kill:
    """One kill: the target, and the seconds until the backlog was gone; None: longer than allowed."""

    what: str
    back_s: float | None


def soak(folder: Path, seed: int, minutes: float) -> tuple[Verdict, list[Kill]]:
    verdict = Verdict("soak", f"{minutes:g} minutes at {TIMES} times the demo's rate, with kills", must_tell=False)
    kills: list[Kill] = []
    with DrillDesk(folder, seed=seed, rate=TIMES * DEMO_RATE) as desk:
        desk.open()
        desk.begin_load(10**6)
        ends, number = time.monotonic() + minutes * 60, 0
        victims = [*desk.programs, "redis", "postgres"]
        while time.monotonic() < ends:
            time.sleep(min(15, max(0.0, ends - time.monotonic())))
            victim = victims[number % len(victims)]
            number += 1
            _kill(desk, victim)
            time.sleep(RESTART_AFTER_S)
            _start(desk, victim)
            part = Verdict(victim, "")
            heals(desk, part, BACK_WITHIN_S)
            kills.append(Kill(victim, part.healed_s))
            verdict.wrong += [f"after the kill of {victim}: {words}" for words in part.wrong]
        verdict.healed_s = max((kill.back_s or BACK_WITHIN_S for kill in kills), default=0.0)
        return judge(desk, verdict), kills


def _kill(desk: DrillDesk, victim: str) -> None:
    if victim == "redis":
        desk.kill_service(program_pid(desk.redis.kept))
    elif victim == "postgres":
        desk.kill_service(program_pid(desk.postgres.kept))
    else:
        desk.kill(victim)


def _start(desk: DrillDesk, victim: str) -> None:
    if victim == "redis":
        desk.redis.start()
    elif victim == "postgres":
        desk.postgres.start()
    else:
        desk.start(victim, 120)
