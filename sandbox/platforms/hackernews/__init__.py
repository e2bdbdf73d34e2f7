"""Hacker News: Algolia's search under /hn/api/v1, Firebase under /hn/v0, public pages under /hn/web."""

from __future__ import annotations

import html
import re
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.base.platform import Platform
from sandbox.base.universe import Universe
from sandbox.platforms.hackernews import pages
from sandbox.platforms.hackernews.algolia import Algolia
from sandbox.platforms.hackernews.items import Items, firebase, hash_of
from sandbox.store import Doc
from sandbox.stories import english, reactions
from sandbox.wire.http import Request, Response, Router, json_response
from sandbox.world import OWN_HACKERNEWS, PHRASES

_PHRASE = re.compile(rf"\b(?:{'|'.join(map(re.escape, PHRASES))})\b", re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")


class HackerNews(Platform):
    name = "hackernews"
    title = "Hacker News"
    home = "/hn/web/"
    kinds = tuple(english.COMMENTS)

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.items = Items(universe.store)
        self.algolia = Algolia(self.items)

    def register(self, router: Router) -> None:
        self.algolia.register(router)
        for path, view in (
            ("/hn/v0/item/{name}", self.item),
            ("/hn/v0/user/{name}", self.user),
            ("/hn/v0/topstories.json", self.top),
            ("/hn/v0/newstories.json", self.new),
            ("/hn/v0/maxitem.json", self.max),
        ):
            router.add("GET", path, view, platform="hackernews")
        pages.Pages(self).register(router)

    # --- Firebase ---------------------------------------------------------------------------------------------

    def item(self, request: Request) -> Response:
        item = self.items.get(request.params["name"].removesuffix(".json"))
        return json_response(firebase(item) if item else None)

    def user(self, request: Request) -> Response:
        user = self.store.get("hn_user", request.params["name"].removesuffix(".json"))
        if user is None:
            return json_response(None)
        mine = [i["id"] for i in self.store.all("hn_item").values() if i["by"] == user["id"]]
        made = {"created": user["created"], "id": user["id"], "karma": 1 + hash_of(user["id"]) % 9000}
        return json_response(made | ({"about": user["about"]} if user["about"] else {}) | {"submitted": mine[::-1]})

    def top(self, request: Request) -> Response:
        return json_response(self.algolia.front_page(500))

    def new(self, request: Request) -> Response:
        ids = [i["id"] for i in self.store.all("hn_item").values() if i["type"] == "story"]
        return json_response(ids[::-1][:500])

    def max(self, request: Request) -> Response:
        return json_response(max((int(i) for i in self.store.all("hn_item")), default=0))

    # --- what happens -----------------------------------------------------------------------------------------

    def url(self, item_id: int) -> str:
        return f"{self.universe.public_url}/hn/web/item?id={item_id}"

    def existing(self, item_id: str) -> Doc:
        item = self.items.get(item_id)
        if item is None or item.get("deleted"):
            raise Impossible(f"there is no item {item_id}")
        return item

    def perform(self, act: Act) -> Made:
        """`more`: title and url make a story; without a parent and a title the text is an Ask HN."""
        at = act.at or self.universe.now()
        if act.verb == "edit":
            item = self.items.edit(self.existing(act.parent), act.text, at=at)
        elif act.verb == "delete":
            item = self.existing(act.parent)
            self.items.delete(item)
        elif act.verb == "retweet":
            raise Impossible("nobody retweets here")
        elif act.parent:
            parent = self.existing(act.parent)
            item = self.items.comment(act.author, act.text, parent, at=at, kind=act.kind)
            self._react(item, parent, act)
        else:
            title = act.more.get("title") or ("Ask HN: " + act.text.split("\n")[0])[:78]
            item = self.items.submit(
                act.author, title, at=at, url=act.more.get("url", ""), text=act.text, kind=act.kind
            )
        return Made(str(item["id"]), self.url(item["id"]))

    def _react(self, item: Doc, parent: Doc, act: Act) -> None:
        if act.author in OWN_HACKERNEWS and act.at is None:
            reactions.to_comment(self.universe, item, parent)

    def access(self) -> Access:
        base = self.universe.public_url
        return Access(
            {"algolia_base": f"{base}/hn/api/v1", "firebase_base": f"{base}/hn/v0", "web_base": f"{base}/hn/web"}
        )

    # --- truth ------------------------------------------------------------------------------------------------

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Mentions contain one of our phrases as a whole word in title or text."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for item in self.store.all("hn_item").values():
            place, reason = self._place(item)
            told[place].append(self._entry(item) | ({"reason": reason} if reason else {}))
        return told

    def _place(self, item: Doc) -> tuple[str, str]:
        if item["by"] in OWN_HACKERNEWS:
            return "ours", ""
        if item.get("deleted") or item.get("dead"):
            return "optional", "deleted"
        said = html.unescape(_TAG.sub(" ", f"{item.get('title', '')} {item.get('text', '')}"))
        return ("mentions", "") if _PHRASE.search(said) else ("optional", "context")

    def _entry(self, item: Doc) -> dict[str, Any]:
        return {
            "id": str(item["id"]),
            "author": item["by"],
            "text": item["plain"] or item.get("title", ""),
            "title": item.get("title"),
            "at": item["time"],
            "story_id": str(item["story_id"]),
            "in_reply_to": str(item["parent"]) if "parent" in item else None,
            "deleted": bool(item.get("deleted") or item.get("dead")),
            "kind": item["kind"],
        }

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            return json_response({"message": "Too Many Requests", "status": 429}, 429)
        if kind == "expired":
            return json_response({"message": "Invalid Application-ID or API key", "status": 403}, 403)
        return Response(b"<html><body><h1>500 Internal Server Error</h1></body></html>", 500, "text/html")


PLATFORM = HackerNews
