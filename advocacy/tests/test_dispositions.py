import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CHILD = "import signal; print([signal.getsignal(n) is signal.SIG_IGN for n in (signal.SIGINT, signal.SIGHUP)])"
PARENT = f"""
import os, signal, subprocess, sys
from advocacy.tests.dispositions import hear_for_children
if "mended" in sys.argv:
    hear_for_children()
os.kill(os.getpid(), signal.SIGHUP)
os.kill(os.getpid(), signal.SIGINT)
subprocess.run([sys.executable, "-c", {CHILD!r}], check=True)
"""


def started_muted(*arguments: str) -> str:
    """As `nohup` and a script's `&` start programs."""
    shell = ["sh", "-c", "trap '' INT HUP; exec \"$@\"", "sh", sys.executable, "-c", PARENT, *arguments]
    return subprocess.run(shell, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def test_children_of_a_runner_that_ignores_signals_hear_them():
    assert started_muted() == "[True, True]"
    assert started_muted("mended") == "[False, False]"
