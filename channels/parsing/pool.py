"""The parent's side: one fork server per process, parsers borrowed from it, and how a parser ended.

Nothing here survives a fork of the parent (Celery's pool, a test): the child process starts its own server.
"""

from __future__ import annotations

import atexit
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

from channels.contract import Config
from channels.parsing import plain
from channels.parsing.child import AT, COMMAND, END, OUT_OF_MEMORY, START
from channels.parsing.frames import BadFrame, Frame, Unpacker, packed_text, to_text

START_WITHIN_S = 60.0
MAX_IDLE = 2
MAX_CONTEXTS = 200
PASSED_ON = ("PATH", "HOME", "TZ", "TMPDIR", "VIRTUAL_ENV", "LANG")
"""Plus LC_… and PYTHON…: what Python needs. Neither DATABASE_URL nor any key."""


class ParserUnavailable(RuntimeError):
    """No parsing process can be started: the machine is out of processes or memory. No item is at fault."""


class ParserEnded(Exception):
    """The parser has exited."""


@dataclass(eq=False)
class Parser:
    """One parsing process and the contexts sent to it."""

    pid: int
    sock: socket.socket
    page: mmap.mmap
    memory_mb: int
    server: ForkServer
    unpacker: Unpacker = field(default_factory=Unpacker)
    contexts: dict[bytes, int] = field(default_factory=dict)
    out: bytearray = field(default_factory=bytearray)
    has_ended: bool = False

    def context(self, platform: str, config: Config, queries: Sequence[str] = (), *, with_secrets: bool = False) -> int:
        """The parser's number for this adapter, config and queries; sends them if they are new."""
        serialised = to_text([platform, plain.config_to_plain(config, with_secrets=with_secrets), list(queries)])
        if serialised not in self.contexts:
            number = self.contexts[serialised] = len(self.contexts)
            self.out += packed_text(b'["context",%d,' % number + serialised[1:])
        return self.contexts[serialised]

    @property
    def at(self) -> int | None:
        """Number of the item it is parsing, or was parsing when it exited."""
        (number,) = AT.unpack_from(self.page, 0)
        return number - 1 if number else None

    def exchange(self, deadline: float) -> Frame | None:
        """Send pending data and wait for the next frame; None after `deadline` (monotonic). Raises ParserEnded if the
        process has exited."""
        while True:
            try:
                if (frame := self.unpacker.next()) is not None:
                    return frame
                wait_s = deadline - time.monotonic()
                readable, writable, _x = select.select(
                    [self.sock], [self.sock] if self.out else [], [], max(0.0, wait_s)
                )
                if writable:
                    del self.out[: self.sock.send(self.out)]
                if readable and not self._receive():
                    raise ParserEnded
                if not readable and not writable and wait_s <= 0:
                    return None
            except (OSError, BadFrame) as error:
                if isinstance(error, BlockingIOError):
                    continue
                raise ParserEnded from error

    def _receive(self) -> bool:
        data = self.sock.recv(1 << 18)
        self.unpacker.feed(data)
        return bool(data)

    def end(self) -> int:
        """Kill it; returns its wait status (0 if called before)."""
        if self.has_ended:
            return 0
        self.has_ended = True
        self.sock.close()
        return self.server.end(self.pid)


class ForkServer:
    """The process that forks parsers; started on first use."""

    def __init__(self) -> None:
        self.control, theirs = socket.socketpair()
        self.lock = threading.Lock()
        self.idle: list[Parser] = []
        try:
            self._start(theirs)
        except BaseException:
            self.control.close()
            raise

    def _start(self, theirs: socket.socket) -> None:
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "channels.parsing.child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=_environment(),
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in a terminal goes to the parent only
            )
        self.control.settimeout(START_WITHIN_S)
        self._answer(START)

    def _answer(self, command: bytes) -> int:
        data = b""
        while len(data) < COMMAND.size:
            more = self.control.recv(COMMAND.size - len(data))
            if not more:
                raise ConnectionError("the fork server has ended")
            data += more
        said, number = COMMAND.unpack(data)
        if said != command:
            raise ConnectionError("the fork server is out of step")
        return int(number)

    def fork(self, memory_mb: int) -> Parser:
        ours, theirs = socket.socketpair()
        try:
            with theirs, tempfile.TemporaryFile() as shared, self.lock:
                shared.truncate(AT.size)
                page = mmap.mmap(shared.fileno(), AT.size)
                fds = [theirs.fileno(), shared.fileno()]
                socket.send_fds(self.control, [COMMAND.pack(START, memory_mb)], fds)
                pid = self._answer(START)
        except BaseException:
            ours.close()
            raise
        ours.setblocking(False)
        return Parser(pid, ours, page, memory_mb, self)

    def end(self, pid: int) -> int:
        with self.lock:
            try:
                self.control.sendall(COMMAND.pack(END, pid))
                return self._answer(END)
            except OSError:
                return 0

    def close(self) -> None:
        self.control.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


_state: dict[str, ForkServer] = {}
_starting = threading.Lock()


@contextmanager
def borrowed(memory_mb: int) -> Iterator[Parser]:
    """A parser for the block; returned to the pool only if the block succeeds. Raises ParserUnavailable."""
    parser = _idle(memory_mb) or _new(memory_mb)
    try:
        yield parser
    except BaseException:
        parser.end()
        raise
    if not parser.has_ended:
        _give_back(parser)


def fresh(memory_mb: int) -> Parser:
    """A new, unused parser; the caller ends it. Raises ParserUnavailable."""
    return _new(memory_mb)


def _idle(memory_mb: int) -> Parser | None:
    server = _state.get("server")
    if server is None:
        return None
    with server.lock:
        fitting = [parser for parser in server.idle if parser.memory_mb == memory_mb]
        if fitting:
            server.idle.remove(fitting[-1])
            return fitting[-1]
    return None


def _new(memory_mb: int) -> Parser:
    for last in (False, True):
        try:
            return _server().fork(memory_mb)
        except OSError as error:
            forget()
            if last:
                message = _("Cannot start a parser process: %(why)s.")
                raise ParserUnavailable(message % {"why": error}) from error
    raise AssertionError("unreachable")


def _server() -> ForkServer:
    with _starting:
        if "server" not in _state:
            _state["server"] = ForkServer()
        return _state["server"]


def _give_back(parser: Parser) -> None:
    server = parser.server
    if _state.get("server") is server and len(server.idle) < MAX_IDLE and len(parser.contexts) < MAX_CONTEXTS:
        with server.lock:
            server.idle.append(parser)
    else:
        parser.end()


def forget() -> None:
    """End the fork server and its parsers; the next use starts another."""
    with _starting:
        server = _state.pop("server", None)
    if server is not None:
        for parser in server.idle:
            parser.sock.close()
        server.close()


def _after_fork() -> None:
    """Close our copies of the parent's sockets: they would keep its fork server from noticing that the parent has
    exited."""
    global _starting
    _starting = threading.Lock()
    server = _state.pop("server", None)
    if server is not None:
        server.control.close()
        for parser in server.idle:
            parser.sock.close()
        server.process.returncode = 0  # not our child: never wait for it


os.register_at_fork(after_in_child=_after_fork)
atexit.register(forget)


def _environment() -> dict[str, str]:
    passed_on = {k: v for k, v in os.environ.items() if k in PASSED_ON or k.startswith(("LC_", "PYTHON"))}
    above = os.pathsep.join([str(settings.BASE_DIR), *filter(None, [passed_on.get("PYTHONPATH")])])
    return {**passed_on, "PYTHONPATH": above, "PYTHONUNBUFFERED": "1"}


def how_it_ended(status: int, cpu_s: float, memory_mb: int) -> str:
    """Describes a wait status for people."""
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == OUT_OF_MEMORY:
        return _("Reading it took more than %(mb)d MB of memory.") % {"mb": memory_mb}
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
        return _("Reading it took more than %(s)g seconds of CPU time.") % {"s": cpu_s}
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return _("The parser process was killed by the system (%(signal)s).") % {"signal": name}
    return _("The parser process exited (code %(code)d).") % {"code": os.waitstatus_to_exitcode(status)}


def idle_pids() -> list[int]:
    """For tests and measurements."""
    server = _state.get("server")
    return [parser.pid for parser in server.idle] if server is not None else []
