"""HN Search by Algolia: https://hn.algolia.com/api, in the format of 2026 (inapplicable keys are absent, not null).

As fuzzy as the real one: a query word matches the beginning of any word, and words one letter off
(https://www.algolia.com/doc/guides/managing-results/optimize-search-results/typo-tolerance/).
"""

from __future__ import annotations

import html
import json
import re
import time
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from sandbox import clock
from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.hackernews.items import hash_of
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, json_response
from sandbox.wire.texts import iso_seconds

if TYPE_CHECKING:
    from sandbox.platforms.hackernews import HackerNews

CAP = 1000
"""Reachable hits per query, whatever nbHits says."""
MAX_PER_PAGE = 1000
MIN_LETTERS_FOR_A_TYPO = 4
_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[^>]+>")
_NUMERIC = re.compile(
    r"\s*(created_at_i|points|num_comments|story_id|parent_id)\s*(<=|>=|=|<|>)\s*(-?\d+(?:\.\d+)?)\s*"
)
_FIELDS = ("title", "url", "author", "comment_text", "story_text")


class BadFilter(Exception):
    """An unreadable numeric filter or tag expression."""


@lru_cache(maxsize=50_000)
def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words of HTML."""
    return tuple(word.lower() for word in _WORD.findall(html.unescape(_TAG.sub(" ", text))))


class Algolia(ResourceServer):
    """Open to anybody."""

    site: HackerNews
    base = "/hn/api/v1"

    def __init__(self, site: HackerNews) -> None:
        super().__init__(site)
        self.items = site.items
        self._hits: dict[int, dict[str, Any]] = {}
        self._by_word: defaultdict[str, set[int]] = defaultdict(set)

    def routes(self) -> Routes:
        return [
            ("GET", "/search", lambda request: self._search(request, by_date=False)),
            ("GET", "/search_by_date", lambda request: self._search(request, by_date=True)),
            ("GET", "/items/{id}", self.item),
            ("GET", "/users/{name}", self.user),
        ]

    # --- index ------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Index what changed since the last call."""
        while self.items.changed:
            item_id = self.items.changed.pop()
            for word in _words_of_hit(self._hits.pop(item_id, {})):
                self._by_word[word].discard(item_id)
            item = self.items.get(item_id)
            if item is None or item.get("deleted") or item.get("dead"):
                continue
            self._hits[item_id] = self._hit(item)
            for word in _words_of_hit(self._hits[item_id]):
                self._by_word[word].add(item_id)

    def front_page(self, size: int = 30) -> list[int]:
        """Ids of the top-ranked stories: points against age, https://news.ycombinator.com/newsfaq.html."""
        now = clock.now()
        stories = [
            i
            for i in self.items.store.all("hn_item").values()
            if i["type"] == "story" and not i.get("deleted") and not i.get("dead")
        ]
        rank = lambda s: (s["score"] + s["descendants"]) / ((now - s["time"]) / 3600 + 2) ** 1.8  # noqa: E731
        return [story["id"] for story in sorted(stories, key=rank, reverse=True)[:size]]

    def _hit(self, item: Doc) -> dict[str, Any]:
        story = self.items.get(item["story_id"]) or item
        hit: dict[str, Any] = {
            "author": item["by"],
            "children": item.get("kids"),
            "created_at": iso_seconds(item["time"]),
            "created_at_i": item["time"],
            "objectID": str(item["id"]),
            "story_id": item["story_id"],
            "updated_at": iso_seconds(item["updated"]),
            "_tags": [item["type"], f"author_{item['by']}", f"story_{item['story_id']}"],
        }
        if item["type"] == "story":
            hit |= {"title": item["title"], "points": item["score"], "num_comments": item["descendants"]}
            hit |= {"url": item.get("url"), "story_text": item.get("text")}
            hit["_tags"] += [tag for tag in [self.items.ask_or_show(item)] if tag]
        else:
            hit |= {"comment_text": item["text"], "parent_id": item["parent"]}
            hit |= {"story_title": story.get("title"), "story_url": story.get("url")}
        return {name: value for name, value in hit.items() if value is not None}

    # --- search -----------------------------------------------------------------------------------------------

    def _search(self, request: Request, *, by_date: bool) -> Doc:
        started = time.perf_counter()
        asked = request.query
        self._refresh()
        try:
            page, size = int(asked.get("page", 0)), int(asked.get("hitsPerPage", 20))
            numbers = self._filtered(asked)
        except (BadFilter, ValueError) as error:
            raise Refused(json_response({"message": str(error), "status": 400}, 400)) from error
        if not by_date:
            numbers.sort(key=lambda n: -self._hits[n].get("points", 0))
        size = max(0, min(size, MAX_PER_PAGE))
        total, numbers = len(numbers), numbers[:CAP]
        start = max(0, page * size - (3 if request.duplicates and page else 0))
        shown = [self._hits[n] for n in numbers[start : page * size + size]]
        if request.duplicates:
            shown += shown[:2]
        front = set(self.front_page())
        hits = [hit | {"_tags": self._tags(int(hit["objectID"]), front)} for hit in shown]
        hits = [hit | {"_highlightResult": self._highlight(hit, asked.get("query", ""))} for hit in hits]
        took = int((time.perf_counter() - started) * 1000) + 1
        return {
            "exhaustive": {"nbHits": total < CAP, "typo": False},
            "exhaustiveNbHits": total < CAP,
            "exhaustiveTypo": False,
            "hits": hits,
            "hitsPerPage": size,
            # The real figure is an estimate; ours is exact up to the cap.
            "nbHits": total,
            "nbPages": -(-len(numbers) // size) if size else 0,
            "page": page,
            "params": "&".join(f"{k}={quote_plus(v)}" for k, v in asked.items()) + "&advancedSyntax=true",
            "processingTimeMS": took,
            "processingTimingsMS": {"_request": {"roundTrip": took}, "total": took},
            "query": asked.get("query", ""),
            "serverTimeMS": took,
        }

    def _filtered(self, asked: dict[str, str]) -> list[int]:
        """Ids of the hits, newest first."""
        front = set(self.front_page()) if "front_page" in asked.get("tags", "") else set()
        found = self._matching(asked.get("query", ""), asked.get("typoTolerance", "true") != "false")
        tags = parse_tags(asked.get("tags", ""))
        bounds = parse_numeric(asked.get("numericFilters", ""))
        return [
            n
            for n in sorted(found, key=lambda n: (self._hits[n]["created_at_i"], n), reverse=True)
            if all(any(tag in self._tags(n, front) for tag in group) for group in tags)
            and all(_holds(self._hits[n].get(name), sign, value) for name, sign, value in bounds)
        ]

    def _tags(self, item_id: int, front: set[int]) -> list[str]:
        """Includes `front_page`, which comes and goes without the item changing."""
        return [*self._hits[item_id]["_tags"], *["front_page"] * (item_id in front)]

    def _matching(self, text: str, typos: bool) -> set[int]:
        found = set(self._hits)
        for phrase in re.findall(r'"([^"]*)"', text):
            wanted = words_of(phrase)
            for word in wanted:
                found &= self._by_word.get(word, set())
            found = {n for n in found if any(_contains(words_of(self._hits[n].get(f, "")), wanted) for f in _FIELDS)}
        for word in words_of(re.sub(r'"[^"]*"', " ", text)):
            hits: set[int] = set()
            for known, numbers in self._by_word.items():
                if known.startswith(word) or (typos and _one_letter_off(word, known)):
                    hits |= numbers
            found &= hits
        return found

    def _highlight(self, hit: dict[str, Any], query: str) -> dict[str, Any]:
        wanted = words_of(query.replace('"', " "))
        made: dict[str, Any] = {}
        for field in (*_FIELDS, "story_title", "story_url"):
            if field not in hit:
                continue
            matched = [w for w in wanted if any(known.startswith(w) for known in words_of(hit[field]))]
            value = hit[field]
            for word in matched:
                value = re.sub(rf"(?i)\b({re.escape(word)})", r"<em>\1</em>", value)
            made[field] = {"matchLevel": "full" if matched else "none", "matchedWords": matched, "value": value}
            if matched:
                made[field]["fullyHighlighted"] = False
        return made

    # --- single ones ------------------------------------------------------------------------------------------

    def item(self, request: Request) -> Doc:
        item = self.items.get(request.params["id"])
        if item is None or item.get("deleted"):
            raise Refused(json_response({"status": 404, "error": "Not Found"}, 404))
        return self._tree(item)

    def _tree(self, item: Doc) -> dict[str, Any]:
        children = [self.items.get(kid) for kid in item.get("kids", ())]
        return {
            "author": item["by"],
            "children": [self._tree(kid) for kid in children if kid and not kid.get("deleted") and not kid.get("dead")],
            "created_at": iso_seconds(item["time"]).replace("Z", ".000Z"),
            "created_at_i": item["time"],
            "id": item["id"],
            "options": [],
            "parent_id": item.get("parent"),
            "points": item.get("score"),
            "story_id": item["story_id"],
            "text": item.get("text"),
            "title": item.get("title"),
            "type": item["type"],
            "url": item.get("url"),
        }

    def user(self, request: Request) -> Doc:
        user = self.items.store.get("hn_user", request.params["name"])
        if user is None:
            raise Refused(json_response({"status": 404, "error": "Not Found"}, 404))
        return {"username": user["id"], "about": user["about"], "karma": hash_of(user["id"]) % 9000}


def parse_tags(expression: str) -> list[tuple[str, ...]]:
    """Comma is AND, parentheses are OR: `story,(author_a,author_b)`."""
    parts = re.findall(r"\(([^)]*)\)|([^,()]+)", expression)
    return [tuple(t.strip() for t in (either or one).split(",")) for either, one in parts if (either or one).strip()]


def parse_numeric(expression: str) -> list[tuple[str, str, float]]:
    """`created_at_i>N,points>=M`, also as a JSON list. Raises BadFilter."""
    if expression.startswith("["):
        try:
            expression = ",".join(json.loads(expression))
        except (ValueError, TypeError) as error:
            raise BadFilter(f"invalid numericFilters: {expression}") from error
    bounds = []
    for part in filter(None, expression.split(",")):
        match = _NUMERIC.fullmatch(part)
        if match is None:
            raise BadFilter(f"invalid numeric filter: {part}")
        bounds.append((match[1], match[2], float(match[3])))
    return bounds


def _holds(have: int | None, sign: str, value: float) -> bool:
    if have is None:
        return False
    return {"<": have < value, ">": have > value, "=": have == value, "<=": have <= value, ">=": have >= value}[sign]


def _words_of_hit(hit: dict[str, Any]) -> set[str]:
    return {word for field in _FIELDS if field in hit for word in words_of(hit[field])}


def _contains(words: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))


def _one_letter_off(word: str, known: str) -> bool:
    """One letter changed, missing or extra; never the first one."""
    if len(word) < MIN_LETTERS_FOR_A_TYPO or abs(len(word) - len(known)) > 1 or word[0] != known[:1] or word == known:
        return False
    i = 0
    while i < min(len(word), len(known)) and word[i] == known[i]:
        i += 1
    return word[i + 1 :] == known[i + 1 :] or word[i:] == known[i + 1 :] or word[i + 1 :] == known[i:]
