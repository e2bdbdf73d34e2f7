"""A browser test that fails has one more try; no other test has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = """
import pytest

tries = []

@pytest.fixture
def fresh():
    return object()

{mark}
def test_page(fresh):
    tries.append(id(fresh))
    assert len(tries) >= {needed}, "too early"

def test_after():
    assert len(tries) == {tries}
"""


def _run(folder: Path, *arguments: str, **page: object) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = browser: a page\n")
    (folder / "test_page.py").write_text(PAGE.format(**page))
    plugins = ("-p", "advocacy.tests.second_try", "-p", "no:randomly", "-p", "no:django", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *plugins, *arguments, f"--rootdir={folder}", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("mark", "workers", "needed", "tries", "counted"),
    [
        ("@pytest.mark.browser", 1, 1, 1, "2 passed in"),
        ("@pytest.mark.browser", 1, 2, 2, "2 passed, 1 tried again in"),
        ("@pytest.mark.browser", 1, 3, 2, "1 failed, 1 passed, 1 tried again in"),
        ("@pytest.mark.browser", 0, 2, 1, "1 failed, 1 passed in"),
        ("", 1, 2, 1, "1 failed, 1 passed in"),
    ],
    ids=["at once", "at the second try", "never", "by itself", "without a browser"],
)
def test_who_has_a_second_try(tmp_path, mark, workers, needed, tries, counted) -> None:
    code, said = _run(tmp_path, f"-n{workers}", mark=mark, needed=needed, tries=tries)
    assert counted in said
    assert code == ("failed" in counted)
    assert ("browser tests that failed at the first try" in said) is ("again" in counted)
    assert said.count("too early") >= ("again" in counted)
