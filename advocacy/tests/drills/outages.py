"""The drills: outages of a running desk, and the expected observations."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from advocacy.tests.drills import restoring, upgrading
from advocacy.tests.drills.place import TELL_QUEUES, DrillDesk
from advocacy.tests.drills.verdict import Verdict, heals, judge
from advocacy.tests.drills.watching import Watcher
from advocacy.tests.living_desk import _children

TEN_MINUTES_S = 600.0
UNSEEN_S = 110.0
"""As long as the words about a dead part may take to come."""


@dataclass(frozen=True)
class Drill:
    """`play` gets a folder, a seed and whether to run the short form."""

    what: str
    play: Callable[[str, Path, int, bool], Verdict]
    is_cheap: bool = False


def program_pid(kept: object) -> int:
    return _children(kept.supervisor.pid)[0]  # type: ignore[attr-defined]


def polls_worker_dies(name: str, folder: Path, seed: int, quick: bool) -> Verdict:
    verdict = Verdict(name, DRILLS[name].what)
    with DrillDesk(folder, seed=seed) as desk:
        desk.open()
        desk.begin_load(40)
        time.sleep(15)
        watcher = Watcher(desk, r"worker for polls|queue:polls")
        desk.kill("polls")
        time.sleep(UNSEEN_S)
        desk.start("polls", 120)
        verdict.seen = watcher.stop()
        verdict.check_reported_in_time()
        heals(desk, verdict)
        _says_no_more(desk, verdict, "worker for polls")
        return judge(desk, verdict)


def redis_away(seconds: float, quick_s: float) -> Callable[[str, Path, int, bool], Verdict]:
    def play(name: str, folder: Path, seed: int, quick: bool) -> Verdict:
        away_s = quick_s if quick else seconds
        verdict = Verdict(name, f"Redis is away for {away_s:.0f} s", must_tell=away_s >= 60)
        with DrillDesk(folder, seed=seed) as desk:
            desk.open()
            desk.begin_load(40)
            time.sleep(15)
            watcher = Watcher(desk, "redis")
            desk.kill_service(program_pid(desk.redis.kept))
            time.sleep(away_s)
            desk.redis.start()
            verdict.seen = watcher.stop()
            verdict.check_reported_in_time()
            heals(desk, verdict)
            _says_no_more(desk, verdict, "Redis is not responding")
            return judge(desk, verdict)

    return play


def postgres_away(name: str, folder: Path, seed: int, quick: bool) -> Verdict:
    away_s = 60.0 if quick else 90.0
    verdict = Verdict(name, f"PostgreSQL restarts, then is away for {away_s:.0f} s")
    with DrillDesk(folder, seed=seed) as desk:
        desk.open()
        desk.begin_load(40)
        time.sleep(10)
        desk.postgres.restart()
        time.sleep(10)
        watcher = Watcher(desk, "database")
        desk.postgres.stop(keep=True)
        time.sleep(away_s)
        desk.postgres.start()
        verdict.seen = watcher.stop()
        verdict.check_reported_in_time()
        heals(desk, verdict)
        return judge(desk, verdict)


def clocks_apart(name: str, folder: Path, seed: int, quick: bool) -> Verdict:
    verdict = Verdict(name, DRILLS[name].what, must_tell=False)
    with DrillDesk(folder, seed=seed, settings={"DESK_UNDO_SECONDS": "8"}) as desk:
        queues = desk.run("-c", TELL_QUEUES).split()
        ahead = {queue: TEN_MINUTES_S * (-1) ** number for number, queue in enumerate(queues)}
        desk.open(ahead_s={**ahead, "beat": -TEN_MINUTES_S})
        desk.begin_load(20)
        time.sleep(60)
        heals(desk, verdict)
        left = "SELECT 1 FROM channels_outbounditem WHERE kind = 'reply' AND state = 'sent'"
        if desk.patiently(lambda: desk.rows(left), 120) is None:
            verdict.wrong.append("no reply left at all")
        verdict.wrong += left_early(desk, 7.9)
        return judge(desk, verdict)


def left_early(desk: DrillDesk, window_s: float) -> list[str]:
    """Replies sent before their undo window was over."""
    rows = desk.rows(
        """SELECT r.key, o.first_sent_at - r.created_at AS after FROM mentions_reply r
             JOIN channels_outbounditem o ON o.id = r.outbound_id
            WHERE o.first_sent_at < r.created_at + %s * interval '1 s'""",
        [window_s],
    )
    return [f"reply {row['key']} left {row['after']} after it was written" for row in rows]


def two_beats(name: str, folder: Path, seed: int, quick: bool) -> Verdict:
    verdict = Verdict(name, DRILLS[name].what, must_tell=False)
    with DrillDesk(folder, seed=seed) as desk:
        desk.open()
        desk.start("beat:2", 120)
        desk.begin_load(30)
        time.sleep(30 if quick else 90)
        heals(desk, verdict)
        return judge(desk, verdict)


def keys_rotated(name: str, folder: Path, seed: int, quick: bool) -> Verdict:
    verdict = Verdict(name, DRILLS[name].what, must_tell=False)
    with DrillDesk(folder, seed=seed) as desk:
        desk.open()
        desk.begin_load(30)
        time.sleep(15)
        old, new = desk.env["DESK_ENCRYPTION_KEYS"], Fernet.generate_key().decode()
        for keys in (f"{new},{old}", new):
            if keys == new:
                desk.run("manage.py", "reseal_secrets")
            desk.env["DESK_ENCRYPTION_KEYS"] = keys
            for program in desk.programs:
                desk.stop(program)
                desk.start(program, 120)
        heals(desk, verdict)
        time.sleep(10)
        for row in desk.rows("SELECT name, last_error FROM channels_connection WHERE trouble IN ('auth', 'settings')"):
            verdict.wrong.append(f"{row['name']} cannot read its secrets: {row['last_error']}")
        for row in desk.rows("SELECT user_id, error FROM channels_personalaccount WHERE error <> ''"):
            verdict.wrong.append(f"an account of user {row['user_id']} is lost: {row['error']}")
        return judge(desk, verdict)


def _says_no_more(desk: DrillDesk, verdict: Verdict, words: str) -> None:
    if desk.patiently(lambda: words not in desk.get("/queue/")[1], 60) is None:
        verdict.wrong.append(f"the page still says “{words}” a minute after it was over")


DRILLS: dict[str, Drill] = {
    "polls-worker": Drill("the worker for polls dies alone", polls_worker_dies),
    "redis-5s": Drill("Redis is away for 5 s", redis_away(5, 5), is_cheap=True),
    "redis-60s": Drill("Redis is away for 60 s", redis_away(75, 75)),
    "redis-10min": Drill("Redis is away for 10 min", redis_away(600, 130)),
    "postgres": Drill("PostgreSQL restarts and is away", postgres_away),
    "clocks": Drill("the clocks of web, beat and workers are ten minutes apart", clocks_apart, is_cheap=True),
    "two-beats": Drill("a second beat runs", two_beats, is_cheap=True),
    "restore": Drill("a dump from inside an undo window is restored", restoring.play),
    "keys": Drill("the keys are rotated", keys_rotated),
    "upgrade": Drill("the release before is upgraded, rolled back, upgraded", upgrading.play),
}
