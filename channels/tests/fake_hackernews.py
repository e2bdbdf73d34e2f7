"""A fake Algolia search and Firebase, as far as the adapter uses them, with hits that a test adds and corrupts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from channels.contract import Config, Json
from channels.tests.loopback import Reply, Seen, Server, as_json, serving


class Search:
    """Algolia's search, as far as the adapter uses it, with hits that tests add and corrupt."""

    def __init__(self) -> None:
        self.hits: dict[int, dict[str, Any]] = {}
        self.pages: dict[str, Json] = {}
        self.broken_after: int | None = None

    def add(self, number: int, at: int, text: str = "I like Acme", **more: Any) -> None:
        story = {"story_id": 1, "parent_id": 1, "_tags": ["comment", f"author_u{number}", "story_1"]}
        self.hits[number] = {
            "objectID": str(number), "author": f"u{number}", "comment_text": text, "created_at_i": at, **story, **more,
        }  # fmt: skip

    def answer(self, seen: Seen) -> Reply:
        if self.broken_after is not None:
            self.broken_after -= 1
            if self.broken_after < 0:
                return Reply(503, b"")
        if seen.path in self.pages:
            return as_json(self.pages[seen.path])
        if seen.path != "/search_by_date":
            return as_json({"status": 404, "error": "Not Found"}, 404)
        low, high = 0, 1 << 60
        for name, number in re.findall(r"created_at_i(>|<=)(\d+)", seen.query["numericFilters"]):
            low, high = (int(number), high) if name == ">" else (low, int(number))
        found = sorted(
            (h for h in self.hits.values() if low < h["created_at_i"] <= high and self._resembles(h, seen)),
            key=lambda h: (-h["created_at_i"], h["objectID"]),
        )
        size = min(int(seen.query["hitsPerPage"]), 1000)
        return as_json({"hits": found[:size], "nbHits": len(found), "nbPages": -(-len(found) // size), "page": 0})

    @staticmethod
    def _resembles(hit: dict[str, Any], seen: Seen) -> bool:
        return seen.query["query"][:3].lower() in hit["comment_text"].lower()


@contextmanager
def searching(search: Search) -> Iterator[tuple[Server, Config]]:
    with serving(search.answer) as server:
        yield server, connection(server)


def connection(server: Server, **settings: Any) -> Config:
    bases = {"algolia_base": server.url, "firebase_base": server.url + "/v0"}
    return Config({**bases, "phrases": ["Acme"], **settings}, network=server.network())
