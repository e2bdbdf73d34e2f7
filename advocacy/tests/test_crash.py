"""The desk's guarantees under real crashes: real processes, real sockets, SIGKILL, faults on every platform.

400 mentions come in batches on six platforms while advocates answer and notices go to Slack; the worker's whole group
is killed at ten random moments, Redis is emptied twice, PostgreSQL goes away once. Then the faults end, the desk
settles, and its tables are compared with the sandbox's truth. CRASH_SEED in the environment repeats a run's choices
(not its timing); CRASH_MENTIONS makes it longer.
"""

from __future__ import annotations

import json
import logging
import os
import random
import time
from pathlib import Path

import pytest

from advocacy.tests import crash_judge
from advocacy.tests.living_desk import LivingDesk
from sandbox.world import SLACK_TOKEN

logger = logging.getLogger(__name__)

MENTIONS = int(os.environ.get("CRASH_MENTIONS", "400"))
KILLS, REPLIES = 10, 80
FLUSHES, RESTART = (2, 6), 4
PATIENCE_S = 120  # an idle machine needs about 10
BAD_MOMENTS = (
    ("SELECT 1 FROM channels_outbounditem WHERE state = 'sending'", 0.4),
    ("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'", 0.1),  # held while a batch becomes tickets
    ("SELECT 1 FROM channels_connection WHERE lease_until > now()", 0.4),
)
"""What shows that something is being sent, ingested or fetched, and within how many seconds of it to kill."""
SETTINGS = {
    # The shortest that the checks allow, so a killed worker's connection is polled again soon.
    "DESK_READ_TIMEOUT_SECONDS": "2",
    "DESK_POLL_LEASE_SECONDS": "9",
    "DESK_CLAIM_LEASE_SECONDS": "30",
    "DESK_UNDO_SECONDS": "1",
    "DESK_MAILS_PER_ADDRESS_PER_DAY": "1000",
    "DESK_SLACK_TOKEN": SLACK_TOKEN,
}
RATES = {"429": 0.04, "500": 0.06, "truncated": 0.05, "slow": 0.15, "html": 0.01, "empty": 0.01, "duplicates": 0.25}
TIMEOUT = {"kind": "timeout", "rate": 0.02, "seconds": 4}  # longer than the desk waits
DROPPED = {"kind": "drop_after_accept", "rate": 0.25}
HARD_HOURS = {"drop_after_accept": 0.3, "500": 0.2, "429": 0.2, "truncated": 0.2}
SURE = [TIMEOUT, *({"kind": kind} for kind in RATES), DROPPED, TIMEOUT]
SURE = [{**fault, "rate": 1, "count": 1} for fault in SURE]
"""One of these in each round, whatever the dice say."""


def set_faults(desk: LivingDesk) -> None:
    """Dropped requests come first: of the faults that match a request, the first one applies."""
    for platform in crash_judge.PLATFORMS:
        for fault in (
            DROPPED,
            TIMEOUT,
            *({"kind": kind, "rate": rate, "seconds": 0.7} for kind, rate in RATES.items()),
        ):
            desk.sandbox.control("faults", platform=platform, **fault)


def live_through_crashes(desk: LivingDesk, rng: random.Random) -> None:
    """A successor is starting while each worker works; two times out of three all of them are killed at once."""
    desk.start("worker:0")
    for number in range(KILLS):
        some = {"count": MENTIONS // KILLS, "platforms": crash_judge.PLATFORMS}
        desk.sandbox.control("bulk", **some, seed=rng.randrange(10**6))
        desk.sandbox.control("faults", platform=rng.choice(crash_judge.PLATFORMS), **SURE[number])
        desk.start(f"worker:{number + 1}")
        time.sleep(rng.uniform(0, 2))
        if number in FLUSHES:
            desk.flush_redis()
        if number == RESTART:
            desk.postgres.restart()
        wait_for(*BAD_MOMENTS[number % 3], desk, rng)
        desk.kill(f"worker:{number}")
        if number % 3 < 2:
            desk.kill(f"worker:{number + 1}")
            desk.start(f"worker:{number + 1}")


def wait_for(sign: str, within_s: float, desk: LivingDesk, rng: random.Random) -> None:
    """Waits until there is one, begun a random moment ago."""
    begun = time.monotonic()
    while time.monotonic() - begun < 4 and not desk.rows(sign):
        time.sleep(0.01)
    time.sleep(rng.uniform(0, within_s))


REPLAY = """
import django
django.setup()
from channels.inbox import leases
from channels.models import InboundItem
blamed = InboundItem.objects.filter(state="failed", error=leases.died_with_it())
leases.replay(list(blamed.values_list("pk", flat=True)))
"""
"""What a person does with a ticket that could not be read: two workers were killed while they read this very item."""


def replay_the_blamed(desk: LivingDesk) -> None:
    if desk.rows("SELECT 1 FROM channels_inbounditem WHERE state = 'failed'"):
        desk.run("-c", REPLAY)


def come_to_rest(desk: LivingDesk) -> None:
    """With only a worker and the schedule, everything comes in; then hours are skipped for whatever has to wait, the
    first of them with the faults still on, except those that only cost time. Polls a second apart have used up what a
    platform grants in five minutes, so the quota is granted anew."""
    desk.sandbox.control("faults/clear")
    desk.sandbox.control("quotas/renew")
    truth = crash_judge.truth_of(desk)
    deadline = time.monotonic() + PATIENCE_S
    while left := [*crash_judge.missing(desk, truth), *crash_judge.inbox_is_settled(desk)]:
        assert time.monotonic() < deadline, f"{len(left)} mentions do not come in by themselves: {left[:20]}"
        replay_the_blamed(desk)
        time.sleep(1)
    desk.wait_until(lambda: '"written"' in desk.log("advocates"), "the advocates", within_s=PATIENCE_S)
    for name in [*desk.running]:
        desk.stop(name)
    for kind, rate in HARD_HOURS.items():
        desk.sandbox.control("faults", platform="all", kind=kind, rate=rate)
    drain = ("-m", "advocacy.tests.drain_desk", "--sandbox", desk.sandbox.http_url)
    desk.run(*drain, "--rounds", "4")
    desk.sandbox.control("faults/clear")
    desk.run(*drain)


def said_by(desk: LivingDesk) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in desk.log("advocates").splitlines() if line.startswith("{")]
    return [line for line in lines if "key" in line]


@pytest.fixture
def crash_seed() -> str:
    """Shown by pytest with the arguments of a failed test."""
    return os.environ.get("CRASH_SEED") or str(random.SystemRandom().randrange(10**9))


@pytest.mark.crash
@pytest.mark.timeout(1200)  # some 90 s on two idle cores
def test_nothing_is_lost_or_doubled_whatever_is_killed(tmp_path: Path, crash_seed: str) -> None:
    rng = random.Random(crash_seed)
    with LivingDesk(tmp_path, settings=SETTINGS, seed=rng.randrange(10**6)) as desk:
        set_faults(desk)
        desk.start("beat")
        script = ["-m", "advocacy.tests.scripted_advocates", "--replies", str(REPLIES), "--seed", crash_seed]
        desk.running["advocates"] = desk.python(*script, log="advocates")
        live_through_crashes(desk, rng)
        happened = desk.sandbox.state()["happened"]
        come_to_rest(desk)
        wrong = crash_judge.complaints(desk, said_by(desk))
        truth = crash_judge.truth_of(desk)
        logger.info("%s %s", happened, summary(desk))
    assert wrong == [], "\n".join([f"CRASH_SEED={crash_seed}", *wrong[:60]])
    said = {name: len(posted["mentions"]) for name, posted in truth.items()}
    assert sum(said.values()) > MENTIONS * 0.9, said  # some on Reddit and Slack are chatter that no search finds
    assert_it_was_hard(happened)


def summary(desk: LivingDesk) -> list[tuple[str, str, int, int]]:
    """For the reader of a run: (platform, state, attempts, replies)."""
    rows = desk.rows(
        """SELECT coalesce(c.platform, 'notices'), o.state, o.attempts, count(*) FROM channels_outbounditem o
             LEFT JOIN channels_connection c ON c.id = o.connection_id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    )
    return [tuple(row.values()) for row in rows]


def assert_it_was_hard(happened: dict[str, int]) -> None:
    """A run without faults would prove nothing."""
    kinds = {name.partition(":")[2] for name in happened}
    assert {"429", "500", "timeout", "truncated", "duplicates", "slow", "drop_after_accept"} <= kinds, happened
