"""A fake Disqus API, as far as the adapter uses it, with posts that a test adds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from channels.contract import Config
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

NOW = 1_795_000_000
ME = {"id": "31900", "username": "sam_acme", "name": "Sam", "isAnonymous": False}


class Forum:
    """Disqus' lists as the adapter reads them: ascending, `since` inclusive, cursors that are positions in the list."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.broken_after: int | None = None
        self.refuse_cursors = False
        self.written: list[dict[str, str]] = []
        self.answer_to_write: Reply | None = None

    def add(self, number: int, at: int, text: str = "Hello", author: Any = None, **more: Any) -> None:
        created = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        self.posts.append(
            {
                "id": str(number), "createdAt": created, "message": f"<p>{text}</p>", "raw_message": text, "at": at,
                "author": author or {"id": "7", "username": "ann"}, "parent": None, "forum": "acme-blog",
                "thread": {"id": "41", "link": "https://acme.example/a", "title": "A"}, "isApproved": True, **more,
            }
        )  # fmt: skip

    def answer(self, seen: Seen) -> Reply:
        if self.broken_after is not None:
            self.broken_after -= 1
            if self.broken_after < 0:
                return Reply(503, b"")
        if seen.method == "POST":
            return self._write(seen)
        if seen.path == "/users/details.json":
            return as_json({"code": 0, "response": ME})
        if seen.path == "/posts/details.json":
            found = [p for p in self.posts if p["id"] == seen.query["post"]]
            return as_json({"code": 0, "response": found[0]} if found else {"code": 8, "response": "not found"})
        if seen.query.get("cursor") and self.refuse_cursors:
            return as_json({"code": 2, "response": "Invalid argument, 'cursor'"}, 400)
        since = datetime.fromisoformat(seen.query.get("since", "1970-01-01T00:00:00")).replace(tzinfo=UTC).timestamp()
        found = sorted((p for p in self.posts if p["at"] >= since), key=lambda p: p["at"])
        start = next((i for i, p in enumerate(found) if p["id"] == seen.query.get("cursor")), 0)
        size = int(seen.query["limit"])
        following = found[start + size]["id"] if len(found) > start + size else "end"
        cursor = {"hasNext": len(found) > start + size, "next": following}
        body = {"code": 0, "cursor": cursor, "response": found[start : start + size]}
        return as_json(body, X_Ratelimit_Remaining="700", X_Ratelimit_Reset=str(NOW + 1800))

    def _write(self, seen: Seen) -> Reply:
        form = dict(parse_qsl(seen.body.decode()))
        self.written.append(form)
        if self.answer_to_write is not None:
            return self.answer_to_write
        if seen.path == "/posts/remove.json":
            return as_json({"code": 0, "response": [{"id": form["post"]}]})
        self.add(900, NOW, form["message"], ME, parent=int(form["parent"]))
        return as_json({"code": 0, "response": {**self.posts[-1], "thread": "41"}})


@contextmanager
def reading(forum: Forum, **settings: Any) -> Iterator[tuple[Server, Config]]:
    with serving(forum.answer) as server:
        values = {"api_base": server.url, "forums": ["Acme-Blog"], **settings}
        secrets = {"api_key": "public-key-1", "api_secret": "secret-key-1", "access_token": "moderator-1"}
        personal = {"access_token": "personal-1"}
        yield server, Config(values, secrets, ("acme-blog",), network=server.network(), personal=personal)
