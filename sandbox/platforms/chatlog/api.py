"""The room's Client-Server API and log files. Tokens are positions in the timeline."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.chatlog.names import ALIAS, API, CHANNEL, ROOM, TOKEN
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response, json_response

if TYPE_CHECKING:
    from sandbox.platforms.chatlog import ChatLog

_OURS = ("gone", "edit", "edits", "kind")


def problem(code: str, text: str, status: int) -> Response:
    return json_response({"errcode": code, "error": text}, status)


def refused(code: str, text: str, status: int) -> Refused:
    return Refused(problem(code, text, status))


class Api(ResourceServer):
    site: ChatLog
    base = f"{API}/"

    def routes(self) -> Routes:
        return [
            ("GET", "directory/room/{alias}", self.directory),
            ("GET", "rooms/{room}/messages", self.messages),
            ("GET", "rooms/{room}/context/{event}", self.context),
            ("GET", "account/whoami", self.whoami),
        ]

    def caller(self, request: Request) -> str:
        if not request.bearer:
            raise refused("M_MISSING_TOKEN", "Missing access token.", 401)
        if request.bearer != TOKEN:
            raise Refused(self.site.refusal("expired"))
        if unquote(request.params.get("room", ROOM)) != ROOM:
            raise refused("M_FORBIDDEN", "You aren't a member of the room.", 403)
        return "@desk:matrix.acme.example"

    def bad_value(self, name: str, value: str) -> Response:
        return problem("M_INVALID_PARAM", f"Query parameter {name} must be an integer", 400)

    def whoami(self, request: Request) -> Doc:
        return {"user_id": request.caller, "device_id": "DESK"}

    def directory(self, request: Request) -> Doc:
        if unquote(request.params["alias"]) != ALIAS:
            raise refused("M_NOT_FOUND", "Room alias not found.", 404)
        return {"room_id": ROOM, "servers": [ALIAS.partition(":")[2]]}

    def messages(self, request: Request) -> Doc:
        """https://spec.matrix.org/latest/client-server-api/#get_matrixclientv3roomsroomidmessages"""
        events, query = self.site.events(), request.query
        size = self.number(request, "limit", 10, most=1000)
        given = query.get("from") or f"t{len(events)}"
        if not given[1:].isdigit() or not given.startswith("t"):
            raise refused("M_UNKNOWN", "Invalid stream token.", 400)
        at = min(int(given[1:]), len(events))
        if query.get("dir") == "f":
            end = min(len(events), at + size)
            chunk, more = events[at:end], end > at
        else:
            end = max(0, at - size)
            chunk, more = events[end:at][::-1], end > 0
        shown = [self._wire(e) for e in chunk] * (2 if request.duplicates else 1)
        return {"chunk": shown, "start": f"t{at}", **({"end": f"t{end}"} if more else {})}

    def context(self, request: Request) -> Doc:
        events, wanted = self.site.events(), unquote(request.params["event"])
        at = next((n for n, e in enumerate(events) if e["event_id"] == wanted), None)
        if at is None:
            raise refused("M_NOT_FOUND", "Event not found.", 404)
        half = max(1, self.number(request, "limit", 10) // 2)
        before, after = events[max(0, at - half) : at][::-1], events[at + 1 : at + 1 + half]
        return {
            "start": f"t{max(0, at - half)}",
            "end": f"t{at + 1 + len(after)}",
            "event": self._wire(events[at]),
            "events_before": [self._wire(e) for e in before],
            "events_after": [self._wire(e) for e in after],
            "state": [],
        }

    def _wire(self, event: Doc) -> dict[str, Any]:
        """With the latest edit bundled, and without content once redacted."""
        made = {key: value for key, value in event.items() if key not in _OURS}
        if event.get("gone"):
            return {**made, "content": {}, "unsigned": {"redacted_because": self._wire(event["gone"])}}
        if event.get("edit"):
            return {**made, "unsigned": {"m.relations": {"m.replace": self._wire(event["edit"])}}}
        return {**made, "unsigned": {"age": 1}}

    def log(self, request: Request) -> Response:
        """A day's lines (UTC) as ZNC writes them; a silent day has no file."""
        day = request.params["file"].removesuffix(".txt")
        lines = []
        for event in self.site.events():
            at = datetime.fromtimestamp(event["origin_server_ts"] / 1000, UTC)
            if event["type"] == "m.room.message" and not event.get("edits") and at.date().isoformat() == day:
                nick = event["sender"].partition(":")[0].lstrip("@")
                lines.append(f"[{at:%H:%M:%S}] <{nick}> {' '.join(event['content']['body'].split())}\n")
        if request.params["channel"] != CHANNEL or not lines:
            return Response(b"Not Found\n", 404, "text/plain; charset=utf-8")
        return Response("".join(lines).encode(), content_type="text/plain; charset=utf-8")
