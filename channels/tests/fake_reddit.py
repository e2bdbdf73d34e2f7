"""Fake Reddit listings, as far as the adapter uses them, with things that a test adds, hides and corrupts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from channels.contract import Config, Json
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

TOKEN = "/auth/api/v1/access_token"


class Listings:
    """`things`: path → [(fullname, created_utc, text)]; kept newest first. `pages`: whole responses by path."""

    def __init__(self) -> None:
        self.things: dict[str, list[dict[str, Any]]] = {}
        self.pages: dict[str, Reply] = {}
        self.broken_after: int | None = None
        self.left: float = 900.0
        self.tokens = 0
        self.refused_tokens: set[str] = set()
        self.forms: list[tuple[str, str]] = []

    def add(self, path: str, number: str, at: int, text: str = "I like Acme", **more: Any) -> None:
        kind = "t1" if path.endswith(("comments", "mentions")) else "t3"
        data = {"id": number, "name": f"{kind}_{number}", "author": "ann", "created_utc": float(at), "edited": False,
                "subreddit": "devops", "created": at + 28_800.0}  # fmt: skip
        said = {"body": text, "link_id": "t3_1", "parent_id": "t3_1"} if kind == "t1" else {"title": text}
        listed = self.things.setdefault(path, [])
        listed.append({"kind": kind, "data": {**data, **said, **more}})
        listed.sort(key=lambda t: -t["data"]["created_utc"])

    def answer(self, seen: Seen) -> Reply:
        if seen.path == TOKEN:
            self.tokens += 1
            return as_json({"access_token": f"token-{self.tokens:04d}", "expires_in": 86_400, "token_type": "bearer"})
        if seen.headers.get("Authorization", "").removeprefix("bearer ") in self.refused_tokens:
            return as_json({"message": "Unauthorized", "error": 401}, 401)
        if self.broken_after is not None:
            self.broken_after -= 1
            if self.broken_after < 0:
                return Reply(503, b"Our CDN was unable to reach our servers")
        path = seen.path.removeprefix("/api/")
        if path in self.pages:
            return self.pages[path]
        self.left -= 1
        reply = as_json(self._listing(path, seen.query))
        reply.headers |= {"x-ratelimit-remaining": str(self.left), "x-ratelimit-reset": "53"}
        return reply

    def _listing(self, path: str, query: dict[str, str]) -> Json:
        things, after = self.things.get(path, []), query.get("after")
        names = [thing["data"]["name"] for thing in things]
        start = (names.index(after) + 1 if after in names else len(names)) if after else 0
        size = int(query.get("limit", 25))
        shown = things[start : start + size]
        more = shown[-1]["data"]["name"] if shown and start + size < len(things) else None
        return {"kind": "Listing", "data": {"after": more, "before": None, "children": shown}}


@contextmanager
def listing(fake: Listings, **settings: Any) -> Iterator[tuple[Server, Config]]:
    with serving(fake.answer) as server:
        yield server, connection(server, **settings)


def connection(server: Server, **settings: Any) -> Config:
    return Config(
        {
            "client_id": "app",
            "user_agent": "web:desk:v1 (by /u/acme_desk)",
            "mentions": False,
            "api_base": f"{server.url}/api",
            "auth_base": f"{server.url}/auth",
            **settings,
        },
        {"client_secret": "secret-of-the-app", "refresh_token": "refresh-of-the-desk"},
        network=server.network(),
        personal={"refresh_token": "refresh-of-sam"},
    )
