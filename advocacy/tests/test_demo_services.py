"""The demo's services: started in order, stopped in reverse, all of them when one part ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from advocacy.tests.test_supervisor import alive, wait_until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.crash

# A stack with four fake parts: each prints when it starts and when it is asked to stop.
PART = """
import signal, sys, time
name, diary = sys.argv[1:]
def write(word):
    with open(diary, "a") as file:
        file.write(f"{word} {name}\\n")
def end(*_):
    time.sleep(0.05)
    write("end")
    sys.exit(0)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, end)
write("begin")
time.sleep(300)
"""
HOUSE = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from advocacy.demo.services import Services, Interrupted, interruptible
from advocacy.embedded.process import Kept
part, diary = sys.argv[2:]
begun = lambda: Path(diary).read_text().count("begin") if Path(diary).exists() else 0
services = Services(lambda text: None)
with interruptible() as interrupts:
    try:
        for number, names in enumerate((["database"], ["queue"], ["beat", "worker", "web"])):
            services.group()
            for name in names:
                before = begun()
                kept = Kept([sys.executable, part, name, diary])
                services.add(name, kept)
                while begun() == before:
                    time.sleep(0.01)
                print(name, kept.supervisor.pid, flush=True)
        print("up", flush=True)
        print("ended", services.watch(interrupts), flush=True)
    except Interrupted as signal:
        print("interrupted", signal, flush=True)
    finally:
        services.stop()
print("down", flush=True)
"""


@pytest.fixture
def stack(tmp_path):
    part, diary = tmp_path / "part.py", tmp_path / "diary"
    part.write_text(PART)
    process = subprocess.Popen(
        [sys.executable, "-c", HOUSE, str(ROOT), str(part), str(diary)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    process.supervisors = {}
    for line in process.stdout:
        if line == "up\n":
            break
        name, pid = line.split()
        process.supervisors[name] = int(pid)
    process.diary = diary
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def kept_by(supervisor):
    return [int(pid) for pid in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()]


def endings(stack):
    return [line.split()[1] for line in stack.diary.read_text().splitlines() if line.startswith("end")]


def everybody(stack):
    return [pid for own in stack.supervisors.values() for pid in (own, *kept_by(own))]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_everything_in_order(stack, number):
    pids = everybody(stack)
    assert len(pids) == 10
    stack.send_signal(number)
    said, _ = stack.communicate(timeout=30)
    assert said == f"interrupted {signal.Signals(number).name}\ndown\n"
    assert set(endings(stack)[:3]) == {"web", "worker", "beat"}
    assert endings(stack)[3:] == ["queue", "database"]
    assert not any(alive(pid) for pid in pids)


def test_ctrl_c_in_the_terminal_reaches_only_the_house(stack):
    """A terminal signals the whole foreground group; the parts must not stop before they are told to, in order."""
    os.killpg(stack.pid, signal.SIGINT)
    stack.communicate(timeout=30)
    assert endings(stack)[3:] == ["queue", "database"]


def test_second_ctrl_c_does_not_break_the_stopping(stack):
    pids = everybody(stack)
    for _ in range(3):
        stack.send_signal(signal.SIGINT)
    stack.communicate(timeout=30)
    assert not any(alive(pid) for pid in pids)
    assert len(endings(stack)) == 5


@pytest.mark.parametrize("name", ["worker", "database"])
def test_part_that_dies_stops_everything(stack, name):
    pids = everybody(stack)
    os.kill(kept_by(stack.supervisors[name])[0], signal.SIGKILL)
    said, _ = stack.communicate(timeout=30)
    assert said == f"ended {name}\ndown\n"
    assert not any(alive(pid) for pid in pids)


def test_killed_stack_leaves_nothing_behind(stack):
    pids = everybody(stack)
    stack.kill()
    wait_until(lambda: not any(alive(pid) for pid in pids))
