"""The supervisor: its program ends with its owner, whichever of the three dies first, and leaves no child behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from advocacy.embedded.process import Kept

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.crash

FAMILY = """
import os, signal, subprocess, sys, time
# A daemon of the kept process: in a session of its own, so no signal to a group reaches it.
daemon = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
open(sys.argv[1], "w").write(f"{os.getpid()} {daemon.pid}")
time.sleep(300)
"""
STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(300)
"""
OWNER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from advocacy.embedded.process import Kept
kept = Kept([sys.executable, "-c", Path(sys.argv[2]).read_text(), sys.argv[3]], grace_s=5, remove=[Path(sys.argv[4])])
print(kept.supervisor.pid, flush=True)
time.sleep(300)
"""


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pids_in(path):
    wait_until(lambda: path.exists() and path.read_text())
    return [int(pid) for pid in path.read_text().split()]


@pytest.fixture
def family(tmp_path):
    """An owner, its supervisor, the supervised program, and a daemon started by that."""
    script, pids, folder = tmp_path / "family.py", tmp_path / "pids", tmp_path / "folder"
    script.write_text(FAMILY)
    folder.mkdir()
    command = [sys.executable, "-c", OWNER, str(ROOT), str(script), str(pids), str(folder)]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    supervisor = int(owner.stdout.readline())
    kept, daemon = pids_in(pids)
    yield {"owner": owner.pid, "supervisor": supervisor, "kept": kept, "daemon": daemon, "folder": folder}
    owner.kill()
    owner.wait()
    owner.stdout.close()
    for pid in (supervisor, kept, daemon):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_owner_that_dies_leaves_nothing_behind(family, number):
    os.kill(family["owner"], number)
    wait_until(lambda: not any(alive(family[who]) for who in ("supervisor", "kept", "daemon")))
    assert not family["folder"].exists()


def test_supervisor_that_is_killed_takes_what_it_kept_along(family):
    os.kill(family["supervisor"], signal.SIGKILL)
    wait_until(lambda: not alive(family["kept"]))


def test_kept_process_that_dies_takes_its_daemon_along(family):
    os.kill(family["kept"], signal.SIGKILL)
    wait_until(lambda: not any(alive(family[who]) for who in ("supervisor", "daemon")))


def test_process_that_ignores_every_request_is_killed(tmp_path):
    pids = tmp_path / "pid"
    kept = Kept([sys.executable, "-c", STUBBORN, pids], grace_s=0.2)
    (pid,) = pids_in(pids)
    assert kept.stop() == 128 + signal.SIGKILL
    assert not alive(pid)


def test_exit_code_and_output_are_those_of_the_program(tmp_path):
    log = tmp_path / "log"
    kept = Kept([sys.executable, "-c", "print('said'); raise SystemExit(7)"], log=log)
    wait_until(lambda: not kept.running)
    assert kept.stop() == 7
    assert log.read_text() == "said\n"


def test_program_that_does_not_exist_ends_at_once(tmp_path):
    kept = Kept([tmp_path / "missing"], log=tmp_path / "log")
    wait_until(lambda: not kept.running)
    assert kept.stop() != 0


def test_environment_is_not_in_the_list_of_processes(tmp_path):
    kept = Kept([sys.executable, "-c", "import time; time.sleep(300)"], env={"SECRET": "sesame-open"})
    try:
        assert "sesame" not in Path(f"/proc/{kept.supervisor.pid}/cmdline").read_text()
    finally:
        kept.stop()
