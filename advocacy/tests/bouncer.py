"""A real PgBouncer in transaction mode in front of a test's PostgreSQL, using its sessions in turn."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self

import psycopg2
import pytest

from advocacy.embedded.postgres import ROLE, PostgresServer
from advocacy.embedded.process import Kept
from advocacy.embedded.redis import free_port

SESSIONS = 3
CONFIG = """[databases]
* = host={sockets} user={role}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
server_round_robin = 1
max_client_conn = 50
{more}
"""


def program() -> str:
    """The path of pgbouncer; without one the test is skipped, or fails where everything must be tested."""
    found = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("pgbouncer is not installed: `apt-get install pgbouncer` (script/test does it as root)")
    if found is None:
        pytest.skip("pgbouncer is not installed: nothing was tried behind a pooler. `apt-get install pgbouncer`")
    return found


class Bouncer:
    """Use as a context manager; connect through `url`. Every transaction gets the next of three server sessions."""

    def __init__(self, postgres: PostgresServer, **more: str) -> None:
        self.postgres, self.more = postgres, more
        self.folder = Path(tempfile.mkdtemp(prefix="desk-bouncer-"))  # readable by the server's user
        self.port = free_port()
        self.kept: Kept | None = None

    def __enter__(self) -> Self:
        path = self.folder / "pgbouncer.ini"
        more = "\n".join(f"{name} = {value}" for name, value in self.more.items())
        path.write_text(
            CONFIG.format(sockets=self.postgres.sockets, role=ROLE, port=self.port, sessions=SESSIONS, more=more)
        )
        self._be_let_in()
        self.folder.chmod(0o755)
        argv = [program(), str(path)]
        # It refuses to run as root; the server's own user can reach the server's socket.
        self.kept = Kept(
            argv,
            env={"PATH": os.defpath},
            log=self.folder / "pgbouncer.log",
            identity=self.postgres.identity,
            remove=[self.folder],
        )
        try:
            self._await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self.kept is not None:
            self.kept.stop()

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{ROLE}"

    def _be_let_in(self) -> None:
        """PostgreSQL identifies us by our operating system user; behind PgBouncer that is PgBouncer's."""
        user = pwd.getpwuid(self.postgres.identity[0] if self.postgres.identity else os.geteuid()).pw_name
        with (self.postgres.data / "pg_ident.conf").open("a") as file:
            file.write(f'owner "{user}" {ROLE}\n')
        with closing(psycopg2.connect(self.postgres.url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_reload_conf()")

    def _await_ready(self) -> None:
        """Returns when all sessions of the pool are open: another one is opened only while the others are in use."""
        deadline = time.monotonic() + 20
        path = self.folder / "pgbouncer.log"
        while True:
            try:
                with ExitStack() as stack:
                    for _ in range(SESSIONS):
                        session = stack.enter_context(closing(psycopg2.connect(self.url)))
                        session.cursor().execute("SELECT 1")  # begins a transaction
                        stack.callback(session.rollback)  # PgBouncer closes a session that is left in a transaction
                return
            except psycopg2.OperationalError:
                log = path.read_text(errors="replace") if path.exists() else ""
                assert self.kept is not None
                assert self.kept.running, log
                assert time.monotonic() < deadline, log
                time.sleep(0.05)
