"""A PostgreSQL with all tables for a desk of real processes: a copy of one that was migrated once.

Migrating takes ten seconds of processor time, and a dozen tests start their own desk. All xdist workers copy the same
one: `DESK_TEST_MIGRATED` names its folder, which `conftest.py` creates and removes.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from advocacy.demo import keys
from advocacy.embedded.postgres import PostgresServer

FOLDER = "DESK_TEST_MIGRATED"
QUICK = "advocacy.tests.quick_manage"
ROOT = Path(__file__).resolve().parents[2]


def new_folder() -> str:
    """A folder for FOLDER, accessible to the server's user."""
    folder = tempfile.mkdtemp(prefix="desk-migrated-")
    Path(folder).chmod(0o711)
    return folder


def temporary() -> PostgresServer:
    """As `PostgresServer.temporary()`; within a test run, with the tables of this checkout in its database."""
    server = PostgresServer.temporary()
    if is_at_hand():
        _copy(_migrated(Path(os.environ[FOLDER])), server.data)
    return server


def is_at_hand() -> bool:
    """False if a drill or a soak runs outside pytest."""
    return FOLDER in os.environ


def _migrated(folder: Path) -> Path:
    """The stopped server's data; the first caller creates it, others wait."""
    done, server = folder / "done", PostgresServer(folder / "data", fast=True)
    with alone(folder / "making"):
        if not done.exists():
            server.start()
            try:
                _migrate(server, folder)
            finally:
                server.stop()
            done.touch()
    return server.data


@contextmanager
def alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate(server: PostgresServer, folder: Path) -> None:
    made = keys.load(folder / "keys.json")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DESK_", "PYTEST_"))}
    secrets = {"DESK_SECRET_KEY": made.secret_key, "DESK_ENCRYPTION_KEYS": made.encryption_key}
    env = {**inherited, **secrets, "DATABASE_URL": server.url, "REDIS_URL": os.environ["REDIS_URL"]}
    subprocess.run([sys.executable, "-m", QUICK, "migrate", "-v", "0"], cwd=ROOT, env=env, check=True, timeout=240)


def _copy(source: Path, target: Path) -> None:
    """With owners and modes: PostgreSQL refuses a folder that is not its user's alone."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True, timeout=60)
