"""A fake Slack workspace with readable channels: enough of the Web API for the adapter, over a loopback socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from channels.contract import Config
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

ROOM, OTHER = "C0SWAG001", "C0COMM001"
START = 1_763_700_000
TOKEN = "xoxb-token-of-the-fake"


def ts(number: int) -> str:
    return f"{START + number}.000100"


class Workspace:
    """Messages by room, oldest first. `fault(method)` may give a Reply; `before` is called with each method."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[dict[str, Any]]] = {ROOM: [], OTHER: []}
        self.names = {ROOM: "swag", OTHER: "community-advocates"}
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.fault: Callable[[str], Reply | None] = lambda method: None
        self.page = 200

    def say(self, number: int, text: str, room: str = ROOM, **more: Any) -> dict[str, Any]:
        message = {"type": "message", "user": "U0INES01", "text": text, "ts": ts(number), **more}
        self.rooms[room] = sorted([*self.rooms[room], message], key=lambda m: str(m["ts"]))
        return message

    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]

    def answer(self, seen: Seen) -> Reply:
        method = seen.path.rsplit("/", 1)[-1]
        is_json = "json" in seen.headers.get("Content-Type", "")
        body = json.loads(seen.body) if is_json else dict(parse_qsl(seen.body.decode()))
        self.calls.append((method, body))
        if seen.headers.get("Authorization") != f"Bearer {TOKEN}":
            return as_json({"ok": False, "error": "invalid_auth"})
        fault = self.fault(method)
        if fault is not None and not fault.drop:
            return fault
        made = getattr(self, "do_" + method.replace(".", "_"))(body)
        return fault or as_json(made if "ok" in made else {"ok": True, **made})

    def do_auth_test(self, body: dict[str, str]) -> dict[str, Any]:
        return {"url": "https://acme.slack.example/", "user": "desk", "team": "Acme", "user_id": "U0DESK001"}

    def do_users_info(self, body: dict[str, str]) -> dict[str, Any]:
        if body["user"] != "U0INES01":
            return {"ok": False, "error": "user_not_found"}
        return {"user": {"id": "U0INES01", "name": "ines", "real_name": "Ines Almeida", "profile": {}}}

    def do_conversations_list(self, body: dict[str, str]) -> dict[str, Any]:
        """One channel per page, so that paging is really used."""
        at, known = int(body.get("cursor") or 0), list(self.names.items())
        after = str(at + 1) if at + 1 < len(known) else ""
        shown = [{"id": room, "name": name} for room, name in known[at : at + 1]]
        return {"channels": shown, "response_metadata": {"next_cursor": after}}

    def do_conversations_info(self, body: dict[str, str]) -> dict[str, Any]:
        room = body["channel"]
        if room not in self.names:
            return {"ok": False, "error": "channel_not_found"}
        return {"channel": {"id": room, "name": self.names[room], "is_member": True}}

    def do_conversations_history(self, body: dict[str, str]) -> dict[str, Any]:
        tops = [m for m in self.rooms[body["channel"]] if m.get("thread_ts", m["ts"]) == m["ts"]]
        found = [m for m in reversed(tops) if body.get("oldest", "0") < m["ts"] < body.get("latest", "9")]
        size = min(self.page, int(body["limit"]))
        return {"messages": found[:size], "has_more": len(found) > size}

    def do_conversations_replies(self, body: dict[str, str]) -> dict[str, Any]:
        root, low, high = body["ts"], body.get("oldest", "0"), body.get("latest", "9")
        thread = [m for m in self.rooms[body["channel"]] if root in (m["ts"], m.get("thread_ts"))]
        if not thread:
            return {"ok": False, "error": "thread_not_found"}
        at = int(body.get("cursor") or 0)
        found = [m for m in thread if m["ts"] == root or low <= m["ts"] <= high]
        after = str(at + self.page) if at + self.page < len(found) else ""
        return {"messages": found[at : at + self.page], "response_metadata": {"next_cursor": after}}

    def do_chat_postMessage(self, body: dict[str, Any]) -> dict[str, Any]:
        number = 50_000 + len(self.rooms[body["channel"]])
        own = {"user": "U0DESK001", "bot_id": "B0DESK001", "metadata": body["metadata"], "thread_ts": body["thread_ts"]}
        message = self.say(number, body["text"], body["channel"], **own)
        return {"channel": body["channel"], "ts": message["ts"]}

    def do_chat_getPermalink(self, body: dict[str, str]) -> dict[str, Any]:
        return {"permalink": f"https://acme.slack.example/archives/{body['channel']}/p{body['message_ts']}"}

    def do_chat_delete(self, body: dict[str, str]) -> dict[str, Any]:
        kept = [m for m in self.rooms[body["channel"]] if m["ts"] != body["ts"]]
        if len(kept) == len(self.rooms[body["channel"]]):
            return {"ok": False, "error": "message_not_found"}
        self.rooms[body["channel"]] = kept
        return {}

    def do_reactions_add(self, body: dict[str, str]) -> dict[str, Any]:
        message = next(m for m in self.rooms[body["channel"]] if m["ts"] == body["timestamp"])
        if message.get("reactions"):
            return {"ok": False, "error": "already_reacted"}
        message["reactions"] = [{"name": body["name"], "count": 1}]
        return {}


@contextmanager
def working(workspace: Workspace, **settings: Any) -> Iterator[tuple[Server, Config]]:
    with serving(workspace.answer) as server:
        values = {"api_base": server.url, "rooms": [f"{ROOM} swag"], "what": "both", "emoji": "ticket", **settings}
        yield server, Config(values, {"bot_token": TOKEN, "signing_secret": "shh"}, ("swag",), network=server.network())
