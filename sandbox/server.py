"""The HTTP server: keep-alive, one thread per connection, faults injected on the wire."""

from __future__ import annotations

import socket
import threading
import time
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from sandbox.base.platform import Platform
from sandbox.store import Store
from sandbox.wire.faults import Fault, Faults
from sandbox.wire.http import BadBody, Request, Response, Route, Router, json_response

MAX_BODY_BYTES = 8 * 1024 * 1024
TIMEOUT_S = 30.0
SLOW_S = 2.0
HTML_INSTEAD = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Over capacity</h1></body></html>"
)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        router: Router,
        faults: Faults,
        store: Store,
        platforms: dict[str, Platform],
        *,
        quiet: bool = True,
    ) -> None:
        self.router, self.faults, self.store, self.platforms, self.quiet = router, faults, store, platforms, quiet
        self.stopping = threading.Event()
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Client disconnects are ignored."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        if not self.server.quiet:
            super().log_message(format, *args)

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            return self._send(json_response({"error": "too large"}, 413))
        request = Request(self.command, path, parts.query, self.headers, self.rfile.read(length))
        found = self.server.router.find(self.command, path)
        if found is None:
            return self._send(self._unknown(path))
        route, request.params = found
        request.route = route.path
        fault = self.server.faults.take(route.platform, write=route.write) if route.platform else None
        if fault is None:
            return self._send(self._answer(route, request))
        self._fail(fault, route, request)

    def _unknown(self, path: str) -> Response:
        """The 404 of the platform whose API the path would belong to."""
        owner = self.server.router.owner(path)
        return self.server.platforms[owner].refusal("404") if owner else Response(b"Not Found", 404, "text/plain")

    do_GET = do_POST = do_DELETE = do_PUT = _serve

    def _answer(self, route: Route, request: Request) -> Response:
        try:
            with self.server.store.lock:
                response = route.view(request)
                if route.platform and response.status == HTTPStatus.TOO_MANY_REQUESTS:
                    self.server.platforms[route.platform].overrun()
                return response
        except BadBody as error:
            return json_response({"error": f"bad body: {error}"}, 400)
        except Exception:  # show our own bugs rather than hide them behind a hung connection
            traceback.print_exc()
            return json_response({"error": traceback.format_exc(limit=3)}, 500)

    def _fail(self, fault: Fault, route: Route, request: Request) -> None:
        kind, platform = fault.kind, self.server.platforms[route.platform]
        if kind == "timeout":
            self.server.stopping.wait(fault.seconds or TIMEOUT_S)
            return self._cut()
        if kind == "slow":
            self.server.stopping.wait(fault.seconds or SLOW_S)
        elif kind == "html":
            return self._send(Response(HTML_INSTEAD, 200, "text/html; charset=utf-8"))
        elif kind == "empty":
            return self._send(Response(b"", 200))
        elif kind in ("429", "500", "expired"):
            return self._send(platform.refusal(kind))
        request.duplicates = kind == "duplicates"
        response = self._answer(route, request)
        if kind == "drop_after_accept":
            return self._cut()
        self._send(response, truncated=kind == "truncated")

    def _cut(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _send(self, response: Response, *, truncated: bool = False) -> None:
        """Head and body in one write: two would wait for each other's acknowledgement (Nagle)."""
        self.log_request(response.status, len(response.body))
        phrase = self.responses.get(HTTPStatus(response.status), ("",))[0]
        headers = {
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            "Date": self.date_time_string(time.time()),
            **response.headers,
            "Connection": "close" if self.close_connection else "keep-alive",
        }
        head = (
            f"HTTP/1.1 {response.status} {phrase}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items()) + "\r\n"
        )
        body = response.body[: len(response.body) // 2] if truncated else response.body
        self.wfile.write(head.encode("latin-1") + body)
        if truncated:
            self._cut()
