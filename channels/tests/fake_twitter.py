"""A fake of Twitter's read endpoints, with tweets that a test adds: pages, tokens and errors as in the API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from channels.adapters.twitter.times import snowflake_at
from channels.contract import Config, Json
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

NOT_FOUND = "https://api.twitter.com/2/problems/resource-not-found"


def ago(seconds: float, sequence: int = 0) -> int:
    return snowflake_at(time.time() - seconds) + sequence


class Api:
    """The read endpoints, with tweets that tests add; `lists`: user id or search query → tweets."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[int, dict[str, Any]]] = {}
        self.tweets: dict[int, dict[str, Any]] = {}
        self.broken_after: int | None = None
        self.left = 100

    def add(self, where: str, number: int, text: str = "@acme hi", **more: Any) -> str:
        tweet = {"id": str(number), "text": text, "author_id": "5", "conversation_id": str(number), **more}
        self.lists.setdefault(where, {})[number] = tweet
        self.tweets[number] = tweet
        return str(number)

    def answer(self, seen: Seen) -> Reply:
        if self.broken_after is not None:
            self.broken_after -= 1
            if self.broken_after < 0:
                return Reply(503, b"")
        self.left -= 1
        reply = self._route(seen)
        reset = str(int(time.time()) + 600)
        return as_json(reply, x_rate_limit_remaining=str(self.left), x_rate_limit_reset=reset)

    def _route(self, seen: Seen) -> Json:
        parts = seen.path.removeprefix("/2/").split("/")
        if seen.path == "/2/tweets":
            return self._lookup([int(n) for n in seen.query["ids"].split(",")])
        if parts[:3] == ["users", "by", "username"]:
            return {"data": {"id": "7003", "username": parts[3], "name": "Acme"}}
        if parts[-1] == "mentions":
            return self._page(self.lists.get(parts[1], {}), seen.query, "pagination_token")
        found: dict[int, dict[str, Any]] = {}
        for query in seen.query["query"].split(" OR "):
            found |= self.lists.get(query, {})
        return self._page(found, seen.query, "next_token")

    def _page(self, tweets: dict[int, dict[str, Any]], query: dict[str, str], token_name: str) -> Json:
        high = int(query.get("until_id", 1 << 62))
        if token_name in query:
            high = min(high, int(query[token_name].removeprefix("below-")))
        inside = sorted((n for n in tweets if int(query.get("since_id", 0)) < n < high), reverse=True)
        page = inside[: int(query["max_results"])]
        meta: dict[str, Any] = {"result_count": len(page)}
        if len(inside) > len(page):
            meta["next_token"] = f"below-{page[-1]}"
        body: dict[str, Any] = {"meta": meta}
        if page:
            body["data"] = [tweets[n] for n in page]
            body["includes"] = {"users": [{"id": "5", "username": "lena", "name": "Lena"}]}
        return body

    def _lookup(self, ids: list[int]) -> Json:
        gone = [str(n) for n in ids if n not in self.tweets]
        body: dict[str, Any] = {}
        if found := [self.tweets[n] for n in ids if n in self.tweets]:
            body["data"] = found
        if gone:
            body["errors"] = [
                {"type": NOT_FOUND, "title": "Not Found Error", "detail": "Could not find tweet.", "parameter": "ids",
                 "resource_type": "tweet", "resource_id": n, "value": n} for n in gone
            ]  # fmt: skip
        return body


@contextmanager
def api() -> Iterator[tuple[Api, Server, Config]]:
    fake = Api()
    with serving(fake.answer) as server:
        yield fake, server, connection(server)


def connection(server: Server, handles: tuple[str, ...] = ("acme", "acmestatus"), **more: Any) -> Config:
    ids = {"acme": "7003", "acmestatus": "7004", "acmesupport": "7005"}
    return Config(
        {"api_base": server.url, **more},
        {"bearer_token": "bearer-of-the-app"},
        handles,
        network=server.network(),
        channel_settings={handle: {"user_id": ids[handle]} for handle in handles if handle in ids},
    )
