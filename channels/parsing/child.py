"""The parsing processes: a fork server with the adapters loaded, and the parsers it forks.

`python -m channels.parsing.child <fd>` is the fork server: single-threaded, no database, no settings, no secrets. It
forks a parser in milliseconds whenever one has died, and ends when the socket to its parent closes; its parsers end
with it.
"""

from __future__ import annotations

import gc
import mmap
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

from channels.contract import Adapter, Config, Item
from channels.db.payloads import from_json
from channels.errors import Malformed, Refused
from channels.parsing import files, plain, work
from channels.parsing.frames import BadFrame, Frame, Unpacker, packed_text, to_text
from channels.registry.finding_adapters import all_adapters

COMMAND = struct.Struct("!cI")
AT = struct.Struct("!q")
"""In the page shared with the parent: the current item's number plus one; 0 between items."""
OUT_OF_MEMORY = 86
FLUSH_BYTES = 64 * 1024
FLUSH_S = 0.002
"""The parent decodes answers while the next items are parsed."""
START, END = b"s", b"e"
PR_SET_PDEATHSIG = 1
MIB = 1024 * 1024
RETIRE_AFTER = 0.25
"""A parser that still uses this share of its memory budget after an item exits: each item gets the whole budget."""
LARGE = 256 * 1024
LOOK_EVERY = 64


def serve(control: socket.socket) -> None:
    """Fork parsers on demand until the parent exits."""
    prctl = _prctl()
    all_adapters()
    gc.collect()
    gc.freeze()  # stays shared with the parsers (copy-on-write)
    children: set[int] = set()
    control.sendall(COMMAND.pack(START, os.getpid()))
    while True:
        data, fds, _flags, _address = socket.recv_fds(control, COMMAND.size, 2)
        if len(data) < COMMAND.size:
            break
        command, number = COMMAND.unpack(data)
        if command == START:
            pid = _fork(fds, control, number, prctl)
            children.add(pid)
            control.sendall(COMMAND.pack(START, pid))
        else:
            children.discard(number)
            control.sendall(COMMAND.pack(END, _end(number)))
    for pid in children:
        _end(pid)


def _fork(fds: list[int], control: socket.socket, memory_mb: int, prctl: Callable[[int, int], object]) -> int:
    server = os.getpid()
    pid = os.fork()
    if pid:
        for fd in fds:
            os.close(fd)
        return pid
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(0)
        control.close()
        Parser(socket.socket(fileno=fds[0]), mmap.mmap(fds[1], AT.size), memory_mb * MIB).run()
    finally:
        os._exit(0)


def _end(pid: int) -> int:
    """Kill a process if it's still running; returns its wait status (0 if it isn't our child)."""
    try:
        os.kill(pid, signal.SIGKILL)
        return os.waitpid(pid, 0)[1]
    except (ChildProcessError, ProcessLookupError):
        return 0


def _prctl() -> Callable[[int, int], object]:
    """Linux's prctl; on other systems parsers exit when their socket closes."""
    if not sys.platform.startswith("linux"):
        return lambda option, value: None
    import ctypes

    function = ctypes.CDLL(None, use_errno=True).prctl
    return lambda option, value: function(option, value, 0, 0, 0)


class Parser:
    """One forked process: reads frames, parses and answers until its socket closes or an item kills it.

    The current item's number is in memory shared with the parent: answers can be sent in batches and the culprit is
    still known. The kernel limits an item's CPU time: SIGPROF, which kills the process by default, fires even if C code
    never returns to Python.
    """

    def __init__(self, sock: socket.socket, page: mmap.mmap, memory: int) -> None:
        self.sock = sock
        self.page = page
        self.memory = memory
        self.unpacker = Unpacker()
        self.answers: list[bytes] = []
        self.blobs: list[bytes] = []
        self.size = 0
        self.flushed_at = 0.0
        self.contexts: dict[int, tuple[Adapter, Config, list[str]]] = {}
        self.count = 0

    def run(self) -> None:
        self.base = _address_space()
        _be_killed_first()
        if self.base:
            resource.setrlimit(resource.RLIMIT_AS, (self.base + self.memory, self.base + self.memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        while (frame := self._next()) is not None:
            getattr(self, f"_{frame.value[0]}")(frame)

    def _next(self) -> Frame | None:
        try:
            while (frame := self.unpacker.next()) is None:
                self._flush()
                data = self.sock.recv(1 << 18)
                if not data:
                    return None
                self.unpacker.feed(data)
        except (OSError, BadFrame):
            return None
        return frame

    def _flush(self) -> None:
        if self.answers:
            self.sock.sendall(packed_text(b"[" + b",".join(self.answers) + b"]", self.blobs))
            self.answers, self.blobs, self.size = [], [], 0
        self.flushed_at = time.monotonic()

    # --- requests ------------------------------------------------------------------------------------------

    def _context(self, frame: Frame) -> None:
        _, number, platform, config, queries = frame.value
        self.contexts[number] = all_adapters()[platform], plain.config_from_plain(config), queries

    def _parse(self, frame: Frame) -> None:
        _, first, context, cpu_s, items = frame.value
        adapter, config, queries = self.contexts[context]
        blobs = iter(frame.blobs)
        for number, (external_id, has_payload, has_raw, is_judged) in enumerate(items, first):
            payload, raw = _taken(blobs, has_payload, has_raw)

            def answer() -> tuple[bytes, list[bytes]]:
                texts = queries if is_judged else ()  # noqa: B023  (called at once)
                found = work.read_item(adapter, config, external_id, payload, raw, texts)  # noqa: B023
                fingerprint = found.fingerprint.hex()
                if found.mention is None:
                    return to_text([None, "", fingerprint, [], found.error, found.is_bug, 0]), []
                mention, files = plain.mention_to_plain(found.mention)
                result = [mention, found.digest.hex(), fingerprint, sorted(found.matches), "", False, len(files)]
                return to_text(result), files

            self._within(cpu_s, number, answer, lambda error: to_text([None, "", "", [], error, True, 0]))
            self._retire_when_full(len(payload or b"") + len(raw or b""))

    def _print(self, frame: Frame) -> None:
        _, first, context, cpu_s, items = frame.value
        adapter, config, _queries = self.contexts[context]
        blobs = iter(frame.blobs)
        for number, (external_id, has_payload, has_raw, _judged) in enumerate(items, first):
            payload, raw = _taken(blobs, has_payload, has_raw)

            def answer() -> tuple[bytes, list[bytes]]:
                item = Item(external_id, None if payload is None else from_json(payload), raw)  # noqa: B023
                found = work.fingerprint(adapter, config, item).digest
                return to_text([None if found is None else found.hex(), 0]), []

            self._within(cpu_s, number, answer, lambda error: to_text([None, 0]))
            self._retire_when_full(len(payload or b"") + len(raw or b""))

    def _hook(self, frame: Frame) -> None:
        _, number, context, cpu_s, hook, now = frame.value
        adapter, config, _queries = self.contexts[context]

        def answer() -> tuple[bytes, list[bytes]]:
            try:
                got = adapter.receive(config, plain.hook_from_plain(hook, frame.blobs), datetime.fromisoformat(now))
            except (Refused, Malformed) as error:
                return to_text([None, type(error).__name__, str(error), 0]), []
            value, blobs = plain.answer_to_plain(got)
            return to_text([value, "", "", len(blobs)]), blobs

        self._within(cpu_s, number, answer, lambda error: to_text([None, "bug", error, 0]))

    def _file(self, frame: Frame) -> None:
        """A recorded file: its records, then its problems."""
        _, number, context, cpu_s = frame.value
        adapter, config, _queries = self.contexts[context]

        def answer() -> tuple[bytes, list[bytes]]:
            lines, problems = files.records(adapter, frame.blobs[0], config)
            return to_text([lines, problems, 0]), []

        self._within(cpu_s, number, answer, lambda error: to_text([[], [error], 0]))

    # --- the budget ---------------------------------------------------------------------------------------------

    def _within(
        self,
        cpu_s: float,
        number: int,
        answer: Callable[[], tuple[bytes, list[bytes]]],
        failed: Callable[[str], bytes],
    ) -> None:
        """Mark the item as current, parse it under the CPU timer, and queue the answer. Exits when out of memory; the
        mark then names the item."""
        AT.pack_into(self.page, 0, number + 1)
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        try:
            body, blobs = answer()
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except Exception as error:  # an answer that isn't JSON, an invalid config
            body, blobs = failed(f"{type(error).__name__}: {error}"[:2000]), []
        signal.setitimer(signal.ITIMER_PROF, 0)
        AT.pack_into(self.page, 0, 0)
        self.answers.append(body)
        self.blobs += blobs
        self.size += len(body) + sum(map(len, blobs))
        if self.size > FLUSH_BYTES or time.monotonic() - self.flushed_at > FLUSH_S:
            self._flush()

    def _retire_when_full(self, size: int) -> None:
        """Exit if a large item's leftovers would reduce the next item's budget."""
        self.count += 1
        if not self.base or (size < LARGE and self.count % LOOK_EVERY):
            return
        if _address_space() - self.base > self.memory * RETIRE_AFTER:
            self._flush()
            os._exit(0)


def _taken(blobs: Iterator[bytes], has_payload: bool, has_raw: bool) -> tuple[bytes | None, bytes | None]:
    payload = next(blobs) if has_payload else None
    return payload, next(blobs) if has_raw else None


def _address_space() -> int:
    """In bytes; 0 if the system doesn't report it."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return 0


def _be_killed_first() -> None:
    """If the machine runs out of memory, the kernel kills the parser first."""
    try:
        Path("/proc/self/oom_score_adj").write_text("900")
    except OSError:
        pass


def main() -> None:
    settings.configure(USE_I18N=False, USE_TZ=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent decides: it closes the socket
    with socket.socket(fileno=int(sys.argv[1])) as control:
        try:
            serve(control)
        except (BrokenPipeError, ConnectionError):
            pass


if __name__ == "__main__":
    main()
