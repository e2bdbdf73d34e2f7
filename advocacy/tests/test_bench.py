"""`script/bench` runs everything in one command; here at a small size, without judging bars."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import names

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=800, check=False)


@pytest.mark.timeout(900)
def test_every_benchmark_runs_in_one_command_and_ends_in_a_table():
    done = run("--short")
    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout[done.stdout.index("\nbenchmark ") :]
    listed = {line.split()[0] for line in table.splitlines() if line.strip()} - {"benchmark"}
    assert listed == set(names())
    assert "FAILED" not in table


def test_the_runner_is_no_benchmark_and_an_unknown_name_is_reported():
    assert "__main__" not in names()
    assert names()
    done = run("nothing")
    assert (done.returncode, "No benchmark named nothing; there are: claim" in done.stdout) == (2, True)
