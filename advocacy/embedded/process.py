"""A process that dies with its owner: the owner's side of `supervisor.py`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervisor.py")


class Kept:
    """A program running under a supervisor. `stop()` returns when it and all its descendants are gone."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | str = "/",
        log: Path | None = None,
        stop_signal: str = "SIGTERM",
        grace_s: float = 10.0,
        identity: tuple[int, int] | None = None,
        remove: Iterable[Path] = (),
        pass_fds: Sequence[int] = (),
    ) -> None:
        """`identity`: (uid, gid) to run the program as. `pass_fds`: held open by the supervisor only (locks). `remove`:
        folders the supervisor deletes at the end, also if the owner was killed."""
        self.grace_s = grace_s
        uid, gid = identity or (None, None)
        job = {
            "argv": [str(part) for part in argv],
            "env": dict(os.environ if env is None else env),
            "cwd": str(cwd),
            "log": str(log) if log else None,
            "stop_signal": stop_signal,
            "grace_s": grace_s,
            "uid": uid,
            "gid": gid,
            "remove": [str(folder) for folder in remove],
        }
        # A separate session: Ctrl-C in the terminal reaches only the owner, which then stops things in order.
        self.supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SUPERVISOR), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=None if log is None else subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            pass_fds=pass_fds,
        )
        assert self.supervisor.stdin is not None
        self.supervisor.stdin.write(json.dumps(job).encode() + b"\n")
        self.supervisor.stdin.flush()

    @property
    def exit_code(self) -> int | None:
        """None while it runs, then the program's exit code; 128 + n for signal n."""
        return self.supervisor.poll()

    @property
    def running(self) -> bool:
        return self.exit_code is None

    def ask_to_stop(self, *, keep: bool = False) -> None:
        """Start the shutdown without waiting for it. `keep`: don't delete the folders to remove this time."""
        pipe = self.supervisor.stdin
        if pipe is not None and not pipe.closed:
            try:
                with pipe:
                    pipe.write(b"k" if keep else b"")
            except BrokenPipeError:
                pass  # already ended

    def stop(self, *, keep: bool = False) -> int:
        """Stop it, wait, and return its exit code. Bounded: the supervisor kills a process that outlasts its grace
        period."""
        self.ask_to_stop(keep=keep)
        return self.supervisor.wait(timeout=self.grace_s + 10)
