"""A real HTTP server on a loopback socket with scripted responses, for tests of HTTP clients."""

from __future__ import annotations

import json
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from channels.contract import Network
from channels.http import address_guard


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str = ""
    """Path and query as they were written."""


@dataclass
class Reply:
    """A scripted response. `cut`: announce the whole body and send half; `drop`: close without a response; `drip_s`:
    send byte by byte, with this pause in between."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut: bool = False
    drop: bool = False
    drip_s: float = 0.0


def as_json(data: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(data).encode(), {"Content-Type": "application/json; charset=utf-8", **named})


Answering = Callable[[Seen], Reply]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Answering) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.seen: list[Seen] = []
        self._kept: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._kept.add(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        """Also closes the connections that clients keep open: their threads would wait for the next request forever."""
        super().server_close()
        for request in list(self._kept):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def network(self, **changes: Any) -> Network:
        """A network that may reach this server and gives up soon."""
        return Network(
            **{"connect_timeout_s": 1.0, "read_timeout_s": 2.0, "allowed_private": (self.address,), **changes}
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Some tests need clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each body waits 40 ms for the acknowledgement of its head
    server: Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        seen = Seen(self.command, parts.path, query, dict(self.headers), self.rfile.read(length), self.path)
        self.server.seen.append(seen)
        reply = self.server.answer(seen)
        if reply.delay_s:
            time.sleep(reply.delay_s)
        if reply.drop:
            self.close_connection = True
            return
        if reply.drip_s:
            return self._drip(reply)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "Transfer-Encoding" not in reply.headers:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
        if reply.cut:
            self.close_connection = True

    def _drip(self, reply: Reply) -> None:
        fields = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        head = f"HTTP/1.1 {reply.status} OK\r\nContent-Length: {len(reply.body)}\r\n{fields}\r\n".encode()
        with suppress(OSError):  # the client may have hung up
            for byte in head + reply.body:
                self.wfile.write(bytes([byte]))
                time.sleep(reply.drip_s)

    do_GET = do_POST = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@contextmanager
def serving(answer: Answering) -> Iterator[Server]:
    server = Server(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        for session in getattr(address_guard._SENT, "sessions", {}).values():
            session.close()  # this thread's connections, kept open for its next request
        server.shutdown()
        server.server_close()
        thread.join(5)
