"""A fake Graph API: one page with posts, comments and messages, paged by cursor, that can fail."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from channels.adapters.facebook import Facebook
from channels.contract import Config, Json, Mention
from channels.errors import ChannelError
from channels.tests.loopback import Reply, Seen, Server, as_json

ADAPTER = Facebook()
NOW = datetime.now(UTC).replace(microsecond=0)
PAGE = "340000000000001"
TOKEN, SECRET = "EAA-page-token", "app-5ecret"
PROOF = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
US, LENA = {"id": PAGE, "name": "Acme"}, {"id": "27", "name": "Lena"}


def at(minutes_ago: float) -> str:
    return (NOW - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def post(number: int, minutes_ago: float, updated: float | None = None, who: Any = None) -> dict[str, Any]:
    return {"id": f"{PAGE}_{number}", "message": f"Post {number}", "created_time": at(minutes_ago), "from": who or US,
            "updated_time": at(minutes_ago if updated is None else updated)}  # fmt: skip


def comment(post_number: int, number: int, minutes_ago: float, parent: int = 0, who: Any = None) -> dict[str, Any]:
    above = {"parent": {"id": f"{post_number}_{parent}"}} if parent else {}
    return {"id": f"{post_number}_{number}", "message": f"Comment {number}", "created_time": at(minutes_ago),
            "from": who or LENA, **above}  # fmt: skip


def message(number: int, minutes_ago: float, text: str = "", who: Any = None) -> dict[str, Any]:
    ends = (US, LENA) if who is US else (who or LENA, US)
    return {"id": f"m_{number}", "message": text or f"Message {number}", "created_time": at(minutes_ago),
            "from": ends[0], "to": {"data": [ends[1]]}}  # fmt: skip


@dataclass
class Graph:
    """Lists are newest first. Nested lists show `nested` entries, the rest is behind `next`."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    talks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    nested: int = 50
    broken_after: int | None = None
    without_messages: bool = False
    asked: int = 0

    def __call__(self, seen: Seen) -> Reply:
        self.asked += 1
        if seen.headers.get("Authorization") != f"Bearer {TOKEN}" or seen.query.get("appsecret_proof") != PROOF:
            return as_json({"error": {"message": "Invalid OAuth access token.", "code": 190}}, 401)
        if self.broken_after is not None and self.asked > self.broken_after:
            return as_json({"error": {"message": "An unexpected error has occurred.", "code": 2}}, 500)
        _, version, node, *edge = seen.path.split("/")
        assert version == "v25.0"
        reply = self._answer(seen, node, edge[0] if edge else "")
        reply.headers["X-App-Usage"] = json.dumps({"call_count": 12, "total_time": 30, "total_cputime": 5})
        return reply

    def _answer(self, seen: Seen, node: str, edge: str) -> Reply:
        if edge == "feed":
            return self._paged(seen, [self._whole(p, "comments", self.comments.get(p["id"], [])) for p in self.posts])
        if edge == "conversations" and self.without_messages:
            return as_json({"error": {"message": "(#200) Requires pages_messaging", "code": 200}}, 403)
        if edge == "conversations":
            wanted = {seen.query["user_id"]} if "user_id" in seen.query else set(self.talks)
            return self._paged(seen, [self._talk(person) for person in self.talks if person in wanted])
        if edge == "messages":
            return self._paged(seen, self.talks[node.removeprefix("t_")])
        everything = [c for found in self.comments.values() for c in found]
        if edge == "comments":
            replies = [c for c in everything if c.get("parent") == {"id": node}]
            return self._paged(seen, self.comments.get(node, replies))
        posts = [self._whole(p, "comments", self.comments.get(p["id"], [])) for p in self.posts]
        found = next((d for d in (*posts, *everything) if d["id"] == node), None)
        missing = {"message": f"Object with ID '{node}' does not exist", "code": 100, "error_subcode": 33}
        return as_json(found) if found else as_json({"error": missing}, 400)

    def _talk(self, person: str) -> dict[str, Any]:
        newest = self.talks[person][0]["created_time"]
        talk = {"id": f"t_{person}", "link": f"/{PAGE}/inbox/{person}/", "updated_time": newest}
        return self._whole(talk, "messages", self.talks[person])

    def _whole(self, thing: dict[str, Any], name: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
        paging = {"next": self._next(f"{thing['id']}/{name}", {}, self.nested)} if len(entries) > self.nested else {}
        return {**thing, name: {"data": entries[: self.nested], "paging": paging}}

    def _paged(self, seen: Seen, entries: list[dict[str, Any]]) -> Reply:
        start, size = int(seen.query.get("after", 0)), int(seen.query.get("limit", 25))
        more = start + size < len(entries)
        paging = {"next": self._next(seen.path.split("/", 2)[2], seen.query, start + size)} if more else {}
        return as_json({"data": entries[start : start + size], "paging": paging})

    def _next(self, path: str, query: dict[str, str], after: int) -> str:
        """With the token inside, as in Facebook's; the host is a foreign one."""
        asked = {**query, "access_token": "EAA-of-the-link", "pretty": "0", "after": after}
        return f"https://graph.elsewhere.example/v25.0/{path}?{urlencode(asked)}"


def connection(server: Server, **settings: Any) -> Config:
    values = {"page_id": PAGE, "api_base": server.url, **settings}
    secrets = {"page_token": TOKEN, "app_secret": SECRET, "verify_token": "v3rify"}
    return Config(values, secrets, (PAGE,), frozenset({PAGE}), server.network())


def poll(config: Config, cursor: Json, into: dict[str, Mention]) -> Json:
    cursor, error = poll_until_it_breaks(config, cursor, into)
    assert error is None, error
    return cursor


def poll_until_it_breaks(config: Config, cursor: Json, into: dict[str, Mention]) -> tuple[Json, ChannelError | None]:
    """The last stored cursor, and the error."""
    pages = ADAPTER.fetch(config, cursor)
    while True:
        try:
            page = next(pages)
        except StopIteration:
            return cursor, None
        except ChannelError as error:
            return cursor, error
        for item in page.items:
            if (mention := ADAPTER.parse(item, config)) is not None:
                into[item.external_id] = mention
        cursor = json.loads(json.dumps(page.cursor))
