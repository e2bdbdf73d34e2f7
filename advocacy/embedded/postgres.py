"""Runs a real, private PostgreSQL 18: started from the wheel's programs, stopped by SIGINT, never left behind.

It listens only on a unix socket in a short private folder (no port to collide or be reached from elsewhere, and no
107-byte path limit in a deep checkout) and admits only the operating system user who started it (`peer`
authentication), so there is no password to store.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import psycopg2

from advocacy.embedded import binaries
from advocacy.embedded.binaries import EmbeddedError
from advocacy.embedded.process import Kept

ROLE = "desk"
START_S = 60.0  # includes crash recovery after a power cut
STOP_S = 20.0
MAX_DATA_PATH = 800  # PostgreSQL builds its file names in buffers of 1024 bytes
MAX_SOCKET_FOLDER = 70  # a socket's whole path, some 35 more, must stay under 108 bytes

COMMON = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "2GB"}


def socket_folder(identity: tuple[int, int] | None) -> Path:
    """A new private folder (mode 700), reachable by the server's user, with a path short enough for a socket."""
    for parent in (Path(tempfile.gettempdir()), Path("/tmp"), binaries.runtime_base(identity)):  # noqa: S108
        if len(os.fsencode(parent)) <= MAX_SOCKET_FOLDER and binaries.reachable(parent, identity):
            return Path(tempfile.mkdtemp(prefix="desk-pg-", dir=parent))
    raise EmbeddedError("No folder is short enough for PostgreSQL's socket: set TMPDIR to a short path such as /tmp.")


def data_folder(wanted: Path, identity: tuple[int, int] | None) -> Path:
    """`wanted` if the server's user can reach it, else a folder with the same stable name in our runtime folder."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if binaries.reachable(wanted.parent, identity) and len(os.fsencode(wanted)) <= MAX_DATA_PATH:
        return wanted
    name = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]
    return binaries.runtime_base(identity) / f"data-{name}"


class PostgresServer:
    """`start()`, use `url`, `stop()`; a restarted server keeps its data, its socket and its url. `fast`: no fsync, for
    disposable data. `remove`: deleted after the stop, also if we are killed. `settings`: more of PostgreSQL's own."""

    def __init__(
        self,
        data: Path,
        *,
        log: Path | None = None,
        fast: bool = False,
        remove: Sequence[Path] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.identity = binaries.other_user()
        self.data = data_folder(data.absolute(), self.identity)
        self.log = log or data.absolute().with_name("postgres.log")
        self.fast = fast
        self.remove = list(remove)
        self.settings = dict(settings or {})
        self.sockets: Path | None = None
        self.kept: Kept | None = None
        self.bin = binaries.postgres_bin(self.identity)

    @classmethod
    def temporary(cls, settings: Mapping[str, str] | None = None) -> Self:
        """A fast server in a temporary folder, deleted with it."""
        folder = Path(tempfile.mkdtemp(prefix="desk-pg-data-"))
        folder.chmod(0o711)  # the server's user may pass through; the data inside is for that user alone
        server = cls(folder / "data", fast=True, remove=[folder], settings=settings)
        server.remove += [server.data, server.lock]  # outside the folder if the user cannot reach it
        return server

    # -- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Returns when the server answers; otherwise raises EmbeddedError with the end of its log."""
        self.stop(keep=True)  # clean up one that ended unexpectedly
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._make_socket_folder()
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with self.lock.open("w") as lock:
            self._take(lock)
            self._await_a_dying_server()
            if not (self.data / "PG_VERSION").exists():
                self._initdb()
            self.kept = self._launch(lock.fileno())
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def ask_to_stop(self) -> None:
        """Start the shutdown without waiting for it."""
        if self.kept is not None:
            self.kept.ask_to_stop()

    def stop(self, *, keep: bool = False) -> None:
        """Fast shutdown (SIGINT): open transactions are rolled back, the data is checkpointed, the process is gone.
        `keep`: a temporary server's data stays, for the next `start()`."""
        if self.kept is not None:
            self.kept.stop(keep=keep)
            self.kept = None

    def restart(self) -> None:
        """Breaks every connection; the url stays."""
        self.stop(keep=True)
        self.start()

    def create_database(self, name: str) -> None:
        """Create it unless it exists."""
        connection = psycopg2.connect(self.url_of("postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{name}"')
        finally:
            connection.close()

    @property
    def lock(self) -> Path:
        return self.data.with_name(self.data.name + ".lock")

    # -- addresses ------------------------------------------------------------------------------------------------

    def url_of(self, database: str) -> str:
        """A URL that both libpq and django-environ read."""
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.sockets))}"

    @property
    def url(self) -> str:
        return self.url_of(ROLE)

    @property
    def pid(self) -> int | None:
        """The postmaster's pid; None if there is no pid file."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    @property
    def running(self) -> bool:
        return self.kept is not None and self.kept.running

    # -- steps ----------------------------------------------------------------------------------------------------

    def _make_socket_folder(self) -> None:
        if self.sockets is None:
            self.sockets = socket_folder(self.identity)
        else:
            self.sockets.mkdir(mode=0o700, exist_ok=True)
        self._own(self.sockets)

    def _own(self, folder: Path) -> None:
        if self.identity is not None:
            os.chown(folder, *self.identity)

    def _take(self, lock: IO[str]) -> None:
        """Lock the data folder: one server per folder. The supervisor of an owner that was just killed may still be
        stopping the old server."""
        deadline = time.monotonic() + STOP_S + 5
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"{self.data} is in use by another running desk (PostgreSQL pid {self.pid}). Stop it first."
                    ) from None
            time.sleep(0.1)

    def _await_a_dying_server(self) -> None:
        """A pid file is stale unless its pid is a PostgreSQL running in our folder: pids are reused, especially in
        containers, where the same number returns at each start and would keep PostgreSQL from starting."""
        deadline = time.monotonic() + STOP_S
        while (pid := self.pid) is not None:
            if not self._serves_us(pid):
                (self.data / "postmaster.pid").unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise EmbeddedError(f"Another PostgreSQL (pid {pid}) uses {self.data}: stop it with `kill -INT {pid}`.")
            time.sleep(0.1)

    def _serves_us(self, pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/cwd").resolve() == self.data.resolve() and Path(f"/proc/{pid}/exe").exists()
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}

    def _initdb(self) -> None:
        """Deletes a half-made folder left by an interrupted first start: it holds nothing yet."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        self._own(self.data)
        command = [self.bin / "initdb", "-D", self.data, "-U", ROLE, "--encoding=UTF8", "--auth=peer"]
        command += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions", "--no-sync"]
        result = self._run_as_server([str(part) for part in command])
        if result.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise EmbeddedError(f"initdb failed:\n{result.stdout}{result.stderr}")
        self._let_in_our_user()

    def _run_as_server(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        environment = self._environment()
        if self.identity is None:
            return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)
        uid, gid = self.identity
        return subprocess.run(
            command, env=environment, cwd="/", capture_output=True, text=True, check=False,
            user=uid, group=gid, extra_groups=[],
        )  # fmt: skip

    def _let_in_our_user(self) -> None:
        """The starting user is `desk` in the server (root too, although the server runs as another user)."""
        (self.data / "pg_hba.conf").write_text("local all all peer map=owner\n")
        names = {pwd.getpwuid(os.geteuid()).pw_name, "root"}
        lines = [f'owner "{name}" {ROLE}\n' for name in sorted(names)]
        (self.data / "pg_ident.conf").write_text("".join(lines))

    def _launch(self, lock: int) -> Kept:
        settings = COMMON | {"unix_socket_directories": f'"{self.sockets}"'} | (FAST if self.fast else {})
        settings |= self.settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Kept(
            [self.bin / "postgres", "-D", self.data, *options],
            env=self._environment(),
            log=self.log,
            stop_signal="SIGINT",
            grace_s=STOP_S,
            identity=self.identity,
            remove=[*self.remove, *([self.sockets] if self.sockets else [])],
            pass_fds=[lock],
        )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                psycopg2.connect(self.url_of("postgres"), connect_timeout=5).close()
                break
            except psycopg2.OperationalError as error:
                if self.kept is None or not self.kept.running or time.monotonic() > deadline:
                    raise EmbeddedError(f"PostgreSQL did not start: {error}\n{self._end_of_log()}") from error
            time.sleep(0.02)
        self.create_database(ROLE)

    def _end_of_log(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        except OSError:
            return ""
