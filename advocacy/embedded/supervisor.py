"""A process that supervises one other process, and never outlives its owner by more than its grace period.

Run as a program (`python -I -S supervisor.py OWNER_PID`), standard library only, so that it starts in some 20 ms and
needs none of our packages. Its standard input is a pipe from the owner: first the job on one line (not an argument: it
holds secrets, and arguments are public), then nothing. End of file means the owner is gone, however it died (preceded
by `k`: stop, but remove nothing). The owner's pid is watched as well, because a fork of the owner may hold the pipe
open.

The job, a JSON object: `argv` (list), `env` (object), `cwd`, `log` (file for both outputs, or null for the supervisor's
own), `stop_signal` (name, sent first), `grace_s` (then SIGQUIT), `uid` and `gid` (or null), `remove` (folders deleted
at the end). Its exit code is that of the supervised process (128 + signal when killed).
"""

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

Job = dict[str, Any]
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.25
QUIT_GRACE_S = 3.0


def prctl(option: int, value: int) -> None:
    """Linux only; elsewhere only the pipe and the watched pid are used."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def read_job() -> tuple[Job, bytes]:
    """The job, and anything the owner has already sent after it."""
    text = b""
    while b"\n" not in text:
        chunk = os.read(0, 65536)
        if not chunk:
            sys.exit(1)
        text += chunk
    line, _, rest = text.partition(b"\n")
    return json.loads(line), rest


def start(job: Job) -> subprocess.Popen[bytes]:
    supervisor = os.getpid()
    stop_signal = signal.Signals[job["stop_signal"]]

    def before_exec() -> None:
        # Runs after the change of uid, which would clear the death signal.
        prctl(PR_SET_PDEATHSIG, stop_signal)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        if os.getppid() != supervisor:
            os._exit(1)

    output = open(job["log"], "ab") if job["log"] else None  # noqa: SIM115 the kept process has it for its whole life
    identity = {} if job["uid"] is None else {"user": job["uid"], "group": job["gid"], "extra_groups": []}
    return subprocess.Popen(
        job["argv"],
        env=job["env"],
        cwd=job["cwd"],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
        preexec_fn=before_exec,
        **identity,
    )


def wait_for_an_end(child: subprocess.Popen[bytes], owner: int, asked: list[int]) -> bool:
    """Wait until the child ends, the owner ends, the pipe closes, or a signal asks us to stop; return whether the owner
    asked to keep the folders."""
    while child.poll() is None and not asked and os.getppid() == owner:
        readable, _, _ = select.select([0], [], [], POLL_S)
        if readable:
            return os.read(0, 1) == b"k"
    return False


def wait(child: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        child.wait(timeout=max(seconds, 0))
    except subprocess.TimeoutExpired:
        return False
    return True


def stop(child: subprocess.Popen[bytes], job: Job) -> None:
    """Send the named signal, SIGQUIT after the grace period, finally SIGKILL to the whole group."""
    if child.poll() is None:
        child.send_signal(signal.Signals[job["stop_signal"]])
        if not wait(child, job["grace_s"]):
            child.send_signal(signal.SIGQUIT)
            if not wait(child, QUIT_GRACE_S):
                signal_group(child.pid, signal.SIGKILL)
                child.wait()


def signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass


def children() -> list[int]:
    """Pids of every process reparented to us (we are the subreaper)."""
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:
        return []
    return [int(pid) for pid in text.split()]


def sweep(group: int) -> None:
    """Kill any descendant still alive two seconds after its parent ended."""
    patience = time.monotonic() + 2
    signal_group(group, signal.SIGTERM)
    while left := children():
        for pid in left:
            try:
                if time.monotonic() > patience:
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
            except (ChildProcessError, ProcessLookupError):
                pass
        time.sleep(0.02)
    signal_group(group, signal.SIGKILL)


def remove(paths: list[str]) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)
        Path(path).unlink(missing_ok=True)


def main() -> int:
    owner = int(sys.argv[1])
    job, said = read_job()
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda got, _frame: asked.append(got))
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = start(job)
    keep = False
    try:
        keep = said == b"k" or wait_for_an_end(child, owner, asked)
    finally:
        stop(child, job)
        sweep(child.pid)
        if not keep:
            remove(job["remove"])
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main())
