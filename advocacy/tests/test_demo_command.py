"""`manage.py demo` with everything real: PostgreSQL, Redis, sandbox, web, worker, beat."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from advocacy.demo import parts
from advocacy.embedded.postgres import PostgresServer
from advocacy.tests import migrated
from advocacy.tests.catalogue import catalogue, differences
from advocacy.tests.test_supervisor import alive, wait_until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.crash, pytest.mark.timeout(1200)]  # some 100 s on two idle cores
START_S = 240


class Demo:
    """A running demo, and its output."""

    def __init__(self, local, *options):
        env = {
            name: value for name, value in os.environ.items() if not name.startswith(("DESK_", "DATABASE_", "REDIS_"))
        }
        command = [sys.executable, str(ROOT / "manage.py"), "demo", "--local", str(local), "--rate", "0", *options]
        self.said = Path(local).with_name("said")
        with self.said.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def text(self):
        return self.said.read_text()

    def wait_until_up(self):
        deadline = time.monotonic() + START_S
        while "The desk is at" not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.1)

    @property
    def address(self):
        return self.text.split("The desk is at ")[1].split()[0].replace("localhost", "127.0.0.1")

    def descendants(self):
        """Pids of all processes it has started, directly or not."""
        found, todo = set(), [self.process.pid]
        while todo:
            for listing in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
                try:
                    new = [int(pid) for pid in listing.read_text().split()]
                except OSError:
                    continue
                todo += new
                found.update(new)
        return found

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(timeout=180)


@pytest.fixture
def local():
    with tempfile.TemporaryDirectory(prefix="desk demo ", ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o755)
        yield Path(name) / ".local"


@pytest.fixture
def demo(local):
    started = []

    def start(*options):
        started.append(Demo(local, *options))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


def nothing_left(pids):
    wait_until(lambda: not any(alive(pid) for pid in pids), seconds=120)


def test_demo_starts_stops_starts_again_with_its_data_and_leaves_nothing_when_killed(demo, local):
    """One long test: each start takes seconds."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        first = demo("--no-history", "--port", str(port))
        first.wait_until_up()
        (used,) = re.findall(rf"port {port} is taken, using (\d+)", first.text)
        assert port < int(used)  # whoever has the one after it
    assert parts.get_json(f"{first.address}healthz")["well"] is True
    assert stat.S_IMODE((local / "keys.json").stat().st_mode) == 0o600
    passwords = json.loads((local / "keys.json").read_text())["passwords"]
    assert all(password in first.text for password in passwords.values())
    ours = catalogue_of_tests()
    assert len(ours["columns"]) > 1000
    assert differences(ours, catalogue_of_demo(local)) == []

    second = demo()
    assert second.process.wait(timeout=120) != 0
    assert f"already running in this folder (pid {first.process.pid})" in second.text

    pids = first.descendants()
    assert len(pids) > 10
    assert first.end(signal.SIGHUP) == 0
    assert not any(alive(pid) for pid in pids)

    again = demo("--no-history")
    again.wait_until_up()
    assert json.loads((local / "keys.json").read_text())["passwords"] == passwords
    pids = again.descendants()
    worker = min(pid for pid in pids if b"celery" in command_line(pid) and b"\0worker\0" in command_line(pid))
    os.kill(worker, signal.SIGKILL)  # the first of its processes: the others are its pool
    assert again.process.wait(timeout=180) != 0
    assert "worker exited unexpectedly" in again.text
    nothing_left(pids)

    killed = demo("--no-history")
    killed.wait_until_up()
    pids = killed.descendants()
    killed.process.kill()
    killed.process.wait()
    nothing_left(pids)


def catalogue_of_tests():
    """Of a database that the tests have migrated in their quick way."""
    server = migrated.temporary()
    server.start()
    try:
        return read_catalogue(server.url)
    finally:
        server.stop()


def catalogue_of_demo(local):
    """Of a running demo's database, migrated by Django."""
    server = PostgresServer(local / "postgres")
    server.sockets = Path((server.data / "postmaster.pid").read_text().splitlines()[4])
    return read_catalogue(server.url)


def read_catalogue(url):
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        return catalogue(cursor)


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
