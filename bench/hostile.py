"""`script/hostile [--items 20000]`: hostile items of every platform through the real inbox and ingest, with faults
injected.

Items are the project's own payloads, corrupted (`bench.data.hostile_items`). Worker processes read them; one is killed
every few seconds. At the end: nothing pending, nothing lost, nothing stored twice, and the peak memory of each process.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.data.hostile_items import POISON_EVERY, hostile_items

ROOT = Path(__file__).resolve().parent.parent
MAX_RSS_MB = 400
KILL_EVERY_S = 7.0
"""A worker needs some seconds to start: on a busy machine, `--kill-every` gives it more."""
GIVE_UP_AFTER_S = 2 * 3600.0
PROGRESS_EVERY_S = 30.0
PAGE = 50
SETTINGS = {"DESK_PARSE_SECONDS": "2", "DESK_PARSE_MEMORY_MB": "192"}


@dataclass
class Report:
    """The result of a run. `problems` is empty if everything held."""

    fed: int
    states: dict[str, int]
    tickets: int
    stand_ins: int
    seconds: float
    peaks_mb: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    problems: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield f"{self.fed} hostile items in {self.seconds:.0f} s, {self.kills} workers killed: {self.states}"
        yield f"{self.tickets} tickets, {self.stand_ins} of them for unreadable items"
        yield f"peak memory in MB: {self.peaks_mb} (limit {MAX_RSS_MB})"
        yield from (f"PROBLEM: {problem}" for problem in self.problems)
        yield "nothing stuck, lost or duplicated" if not self.problems else "FAILED"


# --- the desk -------------------------------------------------------------------------------------------------------


def connect() -> dict[str, Any]:
    """A connection with its channels for each platform that has payloads."""
    from channels.models import Channel, Connection
    from channels.registry.finding_adapters import all_adapters
    from channels.tests.adapters.test_adapter_fuzz import configs
    from channels.tests.adapters.test_contract import READABLE

    made = {}
    for platform in sorted({sample.platform for sample in READABLE} & set(all_adapters())):
        config = configs(platform)[0]
        name = f"hostile {platform}"
        connection = Connection.objects.create(platform=platform, name=name, settings=_settings(platform, config))
        for n, address in enumerate(("", *config.addresses)):
            Channel.objects.create(
                connection=connection,
                name=f"{name} {n}",
                slug=f"hostile-{platform}-{n}",
                address=address,
                is_default=n == 0,
            )
        made[platform] = connection
    return made


def _settings(platform: str, config: Any) -> dict[str, Any]:
    from channels.contract import FieldKind
    from channels.registry.finding_adapters import adapter_for

    values = dict(config.settings)
    for each in adapter_for(platform).fields:
        if each.required and each.kind is not FieldKind.SECRET and not values.get(each.name):
            values[each.name] = {FieldKind.URL: "https://x.example", FieldKind.INTEGER: 1}.get(each.kind, "acme")
            if each.kind is FieldKind.LIST:
                values[each.name] = ["acme"]
            elif each.kind is FieldKind.CHOICE and each.choices:
                values[each.name] = each.choices[0][0]
    return values


def feed(count: int, seed: int, *, poison_every: int = POISON_EVERY) -> int:
    """Store items in the inbox, page by page, as pollers do; return how many distinct ones."""
    from channels.clocks import desk_now
    from channels.contract import Page
    from channels.inbox import storing_once

    rng, connections = random.Random(seed), connect()
    each = -(-count // len(connections))
    for platform, connection in connections.items():
        items = hostile_items(platform, each, rng, poison_every=poison_every)
        while page := list(itertools.islice(items, PAGE)):
            storing_once.store_page(connection.pk, Page(page, None), fetched_at=desk_now())
    return each * len(connections)


def drain() -> None:
    """Do the tasks' work until nothing is left that this process may take."""
    from mentions.ingest.batch import ingest_pending, retry_suspect, set_aside

    while True:
        taken = ingest_pending(100).taken + retry_suspect().taken + set_aside()
        if not taken:
            return


def judge(fed: int, began: float) -> Report:
    from django.db import connection
    from django.db.models import Count

    from channels.models import InboundItem
    from mentions.models import Message, Ticket

    states = dict(InboundItem.objects.values_list("state").annotate(n=Count("pk")).order_by())
    stand_ins = Message.objects.filter(is_unreadable=True)
    report = Report(fed, states, Ticket.objects.count(), stand_ins.count(), time.monotonic() - began)
    if sum(states.values()) != fed:
        report.problems.append(f"{fed} items were fed, {sum(states.values())} are there")
    if states.get("pending"):
        report.problems.append(f"{states['pending']} items still wait")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT item_id FROM mentions_message WHERE item_id IS NOT NULL"
            " AND ticket_id IS NOT NULL GROUP BY item_id HAVING count(*) > 1) x"
        )
        if doubled := cursor.fetchone()[0]:
            report.problems.append(f"{doubled} items are there twice")
        cursor.execute(
            "SELECT count(*) FROM channels_inbounditem i WHERE i.state = 'failed' AND i.role = 'mention' AND NOT EXISTS"
            " (SELECT FROM mentions_message m WHERE m.item_id = i.id AND m.is_unreadable AND m.ticket_id IS NOT NULL)"
        )
        if silent := cursor.fetchone()[0]:
            report.problems.append(f"{silent} items could not be read and have no ticket")
        cursor.execute("SELECT count(*) FROM channels_inbounditem WHERE state = 'failed' AND error = ''")
        if wordless := cursor.fetchone()[0]:
            report.problems.append(f"{wordless} items failed without a reason")
    return report


# --- processes ------------------------------------------------------------------------------------------------------


class Memory(threading.Thread):
    """Peak memory of processes and all their descendants, by kind."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[str, int] = {}
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.2):
            for pid in _descendants(os.getpid()):
                self._look(pid)

    def _look(self, pid: int) -> None:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        kind = "parser" if b"channels.parsing.child" in command else "worker" if b"--worker" in command else ""
        peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), "0")
        if kind:
            self.peaks[kind] = max(self.peaks.get(kind, 0), int(peak) // 1024)


def _descendants(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    todo = [root]
    while todo:
        found = children.get(todo.pop(), [])
        yield from found
        todo += found


def _worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "bench.hostile", "--worker"], cwd=ROOT)


def attack(count: int, seed: int, kill_every_s: float = KILL_EVERY_S) -> Report:
    """Feed, run two workers while one is killed again and again, and judge."""
    from channels.models import InboundItem

    began, memory, kills = time.monotonic(), Memory(), 0
    memory.start()
    workers = [_worker(), _worker()]
    feeding = threading.Thread(target=_feed_in_thread, args=(count, seed, fed := []))
    feeding.start()
    rng, last_progress = random.Random(seed), began
    while feeding.is_alive() or InboundItem.objects.filter(state="pending").exists():
        time.sleep(kill_every_s)
        if time.monotonic() - last_progress >= PROGRESS_EVERY_S:
            last_progress = time.monotonic()
            print(_progress(count, kills), flush=True)
        victim = rng.randrange(2)
        workers[victim].send_signal(signal.SIGKILL)
        workers[victim].wait()
        workers[victim], kills = _worker(), kills + 1
        if time.monotonic() - began > GIVE_UP_AFTER_S:
            break
    feeding.join()
    for worker in workers:
        worker.kill()
        worker.wait()
    memory.stopped.set()
    memory.join()
    report = judge(sum(fed), began)
    report.peaks_mb, report.kills = memory.peaks, kills
    report.problems += [f"a {kind} took {mb} MB" for kind, mb in memory.peaks.items() if mb > MAX_RSS_MB]
    return report


def _progress(count: int, kills: int) -> str:
    from channels.models import InboundItem

    stored = InboundItem.objects.count()
    read = stored - InboundItem.objects.filter(state="pending").count()
    return f"… {stored:,} of about {count:,} items stored, {read:,} read, {kills} workers killed"


def _feed_in_thread(count: int, seed: int, fed: list[int]) -> None:
    from django.db import connections

    try:
        fed.append(feed(count, seed))
    finally:
        connections.close_all()


def _work_for_ever() -> None:
    import django

    django.setup()
    from django.db import Error

    parent = os.getppid()
    while os.getppid() == parent:
        try:
            drain()
        except Error as error:
            print(f"worker: {error}", file=sys.stderr)
        time.sleep(0.3)


def main() -> int:
    parser = argparse.ArgumentParser(description="Hostile items of every platform, with faults on.")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kill-every", type=float, default=KILL_EVERY_S, metavar="SECONDS")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    wishes = parser.parse_args()
    if wishes.worker:
        _work_for_ever()
    from advocacy.embedded.postgres import PostgresServer
    from advocacy.embedded.redis import RedisServer
    from bench.__main__ import KEYS
    from channels.tests.poisoning import path_with_poison

    postgres, redis = PostgresServer.temporary(), RedisServer()
    postgres.start()
    redis.start()
    try:
        os.environ.update(KEYS, **SETTINGS, DATABASE_URL=postgres.url, REDIS_URL=redis.url)
        os.environ.update(DJANGO_SETTINGS_MODULE="advocacy.settings", PYTHONPATH=path_with_poison())
        os.environ["DESK_LOG_LEVEL"] = "CRITICAL"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        print(f"seed {wishes.seed}", flush=True)
        report = attack(wishes.items, wishes.seed, wishes.kill_every)
        print("\n".join(report.lines()))
        return 1 if report.problems else 0
    finally:
        from django.db import connections

        connections.close_all()
        redis.stop()
        postgres.stop()


if __name__ == "__main__":
    sys.exit(main())
