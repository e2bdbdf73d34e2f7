"""A dump taken inside an undo window is restored after the desk has continued: nothing is sent twice."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from advocacy.embedded import binaries
from advocacy.tests import crash_judge
from advocacy.tests.drills.place import DrillDesk
from advocacy.tests.drills.verdict import Verdict, judge
from advocacy.tests.drills.watching import Watcher

REPLIES = 15
ENOUGH = 4
SCHEDULED = "SELECT 1 FROM mentions_reply WHERE state = 'scheduled'"
LOOKED_FOR = """SELECT 1 FROM channels_outbounditem o LEFT JOIN channels_connection c ON c.id = o.connection_id
    WHERE o.state = 'uncertain' AND c.platform IS DISTINCT FROM 'email'"""
SEND_WHAT_IS_ABSENT = """
import django
django.setup()
from channels.clocks import desk_now
from channels.outbox import held_back
held_back.send(held_back.items().exclude(state="uncertain"), desk_now())
"""
"""What a person does on the page of held items: send what was looked for and isn't on its platform. Mail stays held."""


def play(name: str, folder: Path, seed: int, quick: bool) -> Verdict:
    verdict = Verdict(name, "a dump from inside an undo window is restored")
    with DrillDesk(folder, seed=seed, settings={"DESK_UNDO_SECONDS": "60"}) as desk:
        desk.open()
        desk.sandbox.control("bulk", count=40, platforms=crash_judge.PLATFORMS, seed=seed)
        desk.begin_load(REPLIES)
        desk.wait_until(lambda: len(desk.rows(SCHEDULED)) >= ENOUGH, "replies in their undo window", within_s=300)
        desk.end_load()
        scheduled = len(desk.rows(SCHEDULED))
        if not scheduled:
            verdict.wrong.append("the dump was taken too late: nothing rested any more")
        dump(desk, folder / "desk.dump")
        desk.wait_until(lambda: not desk.rows(SCHEDULED), "the end of the undo window", within_s=120)
        time.sleep(20)  # replies past the window are posted
        desk.stop_programs()
        posted = crash_judge.posts_by_key(crash_judge.truth_of(desk))
        restore(desk, folder / "desk.dump")

        for program in desk.programs:  # by an operator who forgets the second step
            desk.start(program, 120)
        watcher = Watcher(desk, r"restored copy|outbox|held")
        time.sleep(60)
        verdict.seen = watcher.stop()
        verdict.seen.health_s = verdict.seen.health_s or _health_says_held(desk)
        if desk.rows("SELECT 1 FROM channels_alarm WHERE state = 'copy' AND told_at IS NOT NULL"):
            verdict.seen.alarm_s = 60.0  # by mail; a copy posts nothing in Slack
        verdict.check_reported_in_time()
        _compare(desk, posted, verdict, "a restored copy")
        desk.stop_programs()

        desk.run("manage.py", "after_restore", "--while-running")
        for program in desk.programs:
            desk.start(program, 120)
        verdict.healed_s = desk.patiently(lambda: not desk.rows(LOOKED_FOR), 400)
        if verdict.healed_s is None:
            verdict.wrong.append("what was sent already was not found on its platform")
        _compare(desk, posted, verdict, "after the restore")
        desk.run("-c", SEND_WHAT_IS_ABSENT)
        return judge(desk, verdict)


def _health_says_held(desk: DrillDesk) -> float | None:
    return 0.0 if "restored copy" in desk.get("/healthz")[1] else None


def _compare(desk: DrillDesk, before: dict[str, int], verdict: Verdict, when: str) -> None:
    now = crash_judge.posts_by_key(crash_judge.truth_of(desk))
    verdict.wrong += [f"{when}: reply {key} was posted again" for key, count in now.items() if count > before[key]]


def _address(url: str) -> tuple[list[str], str]:
    """(options of PostgreSQL's programs, name of the database)."""
    parts = urlsplit(url)
    host = parse_qs(parts.query)["host"][0]
    return ["--host", host, "--username", parts.username or ""], parts.path.lstrip("/")


def _program(name: str, *options: str) -> None:
    command = [str(binaries.postgres_bin(binaries.other_user()) / name), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{name}: {done.stderr}"


def dump(desk: DrillDesk, file: Path) -> None:
    server, database = _address(desk.database_url)
    _program("pg_dump", *server, "--format=custom", "--no-owner", f"--file={file}", database)


def restore(desk: DrillDesk, file: Path) -> None:
    """Restore into a new database of the same name."""
    server, database = _address(desk.database_url)
    _program("dropdb", *server, "--force", database)
    _program("createdb", *server, database)
    _program("pg_restore", *server, "--no-owner", "--dbname", database, str(file))
