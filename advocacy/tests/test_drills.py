"""The short form of `script/soak`: clocks ten minutes apart, a second beat, Redis down and the worker for polls dead,
all on one desk of real processes with slow platforms."""

import time

import pytest

from advocacy.tests.drills.outages import TEN_MINUTES_S, left_early, program_pid
from advocacy.tests.drills.place import DrillDesk
from advocacy.tests.drills.verdict import Verdict, heals, judge


@pytest.mark.crash
@pytest.mark.timeout(900)  # some two minutes on two idle cores
def test_a_desk_survives_its_surroundings(tmp_path):
    verdict = Verdict("short", "", must_tell=False)
    with DrillDesk(tmp_path, seed=11, settings={"DESK_UNDO_SECONDS": "8"}) as desk:
        desk.open(ahead_s={"desk": TEN_MINUTES_S, "polls": -TEN_MINUTES_S, "beat": -TEN_MINUTES_S})
        desk.start("beat:2", 120)
        desk.begin_load(9)
        desk.wait_until(lambda: desk.accepted(), "a reply", within_s=180)
        desk.kill_service(program_pid(desk.redis.kept))
        time.sleep(5)
        desk.redis.start()
        desk.kill("polls")
        time.sleep(3)
        desk.start("polls", 120, ahead_s=-TEN_MINUTES_S)
        heals(desk, verdict, within_s=240)
        desk.wait_until(lambda: len(desk.accepted()) >= 3, "three replies", within_s=180)
        assert left_early(desk, 7.9) == []
        judge(desk, verdict)
    assert verdict.wrong == []
    assert (verdict.lost, verdict.twice) == (0, 0)
    assert verdict.mentions > 3
