"""A fake forum, as far as the adapter uses one, with posts that a test adds and corrupts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.contract import Config
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

NOW = datetime.now(UTC)


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Forum:
    """`posts.json` by numbers; `windowed`: as in older versions, only the fifty numbers up to `before`."""

    def __init__(self, windowed: bool = False) -> None:
        self.windowed = windowed
        self.posts: dict[int, dict[str, Any]] = {}
        self.topics: dict[str, dict[str, Any]] = {}
        self.broken_after: int | None = None
        self.broken_paths: dict[str, Reply] = {}
        self.size = 50
        self.written: list[dict[str, Any]] = []
        self.answer_to_write: Reply | None = None

    def add(self, number: int, days_ago: float = 1.0, topic: int = 7, place: int = 1, **more: Any) -> None:
        self.posts[number] = {
            "id": number, "topic_id": topic, "topic_slug": "t", "topic_title": "T", "post_number": place,
            "post_type": 1, "username": "ann", "user_id": 30, "version": 1,
            "cooked": f"<p>Post {number}</p>", "raw": f"Post {number}",
            "created_at": iso(NOW - timedelta(days=days_ago)), "updated_at": iso(NOW), "category_id": 5, **more,
        }  # fmt: skip

    def answer(self, seen: Seen) -> Reply:
        if self.broken_after is not None:
            self.broken_after -= 1
            if self.broken_after < 0:
                return Reply(503, b"")
        if seen.path in self.broken_paths:
            return self.broken_paths[seen.path]
        if seen.method == "POST":
            self.written.append({**json.loads(seen.body), **{k.lower(): v for k, v in seen.headers.items()}})
            return self.answer_to_write or as_json({"id": 900, "topic_id": 7, "topic_slug": "t", "post_number": 9})
        if seen.path == "/posts.json":
            return as_json({"latest_posts": self._latest(int(seen.query.get("before") or 0))})
        if seen.path == "/site.json":
            return as_json({"categories": [{"id": 5, "slug": "CI"}, {"id": 6, "slug": "sub", "parent_category_id": 5}]})
        parts = seen.path.strip("/").removesuffix(".json").split("/")
        if parts[:2] == ["posts", "by_number"]:
            wanted = (int(parts[2]), int(parts[3]))
            found = [p for p in self.posts.values() if (p["topic_id"], p["post_number"]) == wanted]
            return as_json(found[0]) if found else as_json({"errors": ["no"], "error_type": "not_found"}, 404)
        if parts[0] == "posts" and int(parts[1]) in self.posts:
            return as_json(self.posts[int(parts[1])])
        if parts[0] == "t" and parts[1] in self.topics:
            return self._topic(parts, seen)
        return as_json({"errors": ["The requested URL or resource could not be found."]}, 404)

    def _latest(self, before: int) -> list[dict[str, Any]]:
        top = before or max(self.posts, default=0)
        numbers = [n for n in sorted(self.posts, reverse=True) if n <= top and (not self.windowed or n > top - 50)]
        return [self.posts[n] for n in numbers[: self.size]]

    def _topic(self, parts: list[str], seen: Seen) -> Reply:
        posts = sorted((p for p in self.posts.values() if str(p["topic_id"]) == parts[1]), key=lambda p: p["id"])
        if parts[2:] == ["posts"]:
            low = int(seen.query["post_ids[]"])  # the last of several of that name
            return as_json({"post_stream": {"posts": [p for p in posts if low - 20 < p["id"] <= low]}})
        stream = {"posts": posts[:20], "stream": [p["id"] for p in posts]}
        return as_json({"id": int(parts[1]), "post_stream": stream, **self.topics[parts[1]]})


@contextmanager
def reading(forum: Forum, **settings: Any) -> Iterator[tuple[Server, Config]]:
    with serving(forum.answer) as server:
        values = {"api_base": server.url, **settings}
        yield server, Config(values, network=server.network(), personal={"api_key": "own-key-1", "username": "sam"})
