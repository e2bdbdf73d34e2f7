"""A fake Slack workspace on a loopback socket: enough of the Web API for posting and finding posts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class Workspace:
    """`fault(method)` may return (status, headers, body bytes), or "hang up" after the message was accepted."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.fault: Callable[[str], Any] = lambda method: None
        self.base = ""

    def answer(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if method == "chat.postMessage":
            ts = f"1700000000.{len(self.messages):06}"
            self.messages.append({**arguments, "ts": ts, "type": "message"})
            return {"ok": True, "ts": ts, "channel": "C1"}
        if method == "chat.getPermalink":
            return {"ok": True, "permalink": f"https://acme.slack.example/C1/p{arguments['message_ts']}"}
        if method == "conversations.open":
            return {"ok": True, "channel": {"id": f"D{arguments['users'][1:]}"}}
        if method == "conversations.list":
            return {"ok": True, "channels": [{"id": "C0", "name": "other"}, {"id": "C1", "name": "questions"}]}
        if method in ("conversations.history", "conversations.replies"):
            return self._page(arguments)
        return {"ok": False, "error": "unknown_method"}

    def _page(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """One message per page, newest first, so that paging is really used."""
        if arguments["channel"] != "C1" and not arguments["channel"].startswith("D"):
            return {"ok": False, "error": "channel_not_found"}
        at = int(arguments.get("cursor") or 0)
        shown = self.messages[::-1][at : at + 1]
        more = at + 1 < len(self.messages)
        page = {"ok": True, "messages": shown, "has_more": more}
        return {**page, "response_metadata": {"next_cursor": str(at + 1)}} if more else page


@contextmanager
def serving() -> Iterator[Workspace]:
    workspace = Workspace()

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True  # or each body waits 40 ms for the acknowledgement of its head

        def do_POST(self) -> None:
            method = self.path.rsplit("/", 1)[-1]
            arguments = self._arguments()
            workspace.calls.append((method, arguments))
            fault = workspace.fault(method)
            if fault is None or fault == "hang up":
                answer = json.dumps(workspace.answer(method, arguments)).encode()
                if fault is None:
                    self._reply(200, {}, answer)
                else:
                    self.close_connection = True
            else:
                self._reply(*fault)

        def _arguments(self) -> dict[str, Any]:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            if "json" in self.headers.get("Content-Type", ""):
                return dict(json.loads(body))
            return {name: values[0] for name, values in parse_qs(body).items()}

        def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    workspace.base = f"http://127.0.0.1:{server.server_port}/slack/api/"
    try:
        yield workspace
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
