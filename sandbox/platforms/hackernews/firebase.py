"""Firebase's API: https://github.com/HackerNews/API. A missing item is `null`, never an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.hackernews.algolia import Algolia
from sandbox.platforms.hackernews.items import hash_of
from sandbox.store import Doc
from sandbox.wire.http import Request

if TYPE_CHECKING:
    from sandbox.platforms.hackernews import HackerNews


class Firebase(ResourceServer):
    """Open to anybody."""

    site: HackerNews
    base = "/hn/v0"

    def __init__(self, site: HackerNews, algolia: Algolia) -> None:
        super().__init__(site)
        self.items, self.algolia = site.items, algolia

    def routes(self) -> Routes:
        return [
            ("GET", "/item/{name}", self.item),
            ("GET", "/user/{name}", self.user),
            ("GET", "/topstories.json", lambda _: self.algolia.front_page(500)),
            ("GET", "/newstories.json", self.new),
            ("GET", "/maxitem.json", lambda _: max((int(i) for i in self.store.all("hn_item")), default=0)),
        ]

    def item(self, request: Request) -> Doc | None:
        item = self.items.get(request.params["name"].removesuffix(".json"))
        return firebase(item) if item else None

    def user(self, request: Request) -> Doc | None:
        user = self.store.get("hn_user", request.params["name"].removesuffix(".json"))
        if user is None:
            return None
        mine = [i["id"] for i in self.store.all("hn_item").values() if i["by"] == user["id"]]
        made = {"created": user["created"], "id": user["id"], "karma": 1 + hash_of(user["id"]) % 9000}
        return made | ({"about": user["about"]} if user["about"] else {}) | {"submitted": mine[::-1]}

    def new(self, request: Request) -> list[int]:
        ids = [i["id"] for i in self.store.all("hn_item").values() if i["type"] == "story"]
        return ids[::-1][:500]


def firebase(item: Doc) -> dict[str, Any]:
    """`v0/item/ID.json`: inapplicable keys are absent; a deleted item has neither author nor text."""
    keys = ("by", "descendants", "id", "kids", "parent", "score", "text", "time", "title", "type", "url")
    made = {key: item[key] for key in keys if key in item}
    if item.get("deleted"):
        made = {k: v for k, v in made.items() if k not in ("by", "text", "title", "url", "score", "descendants")}
        made["deleted"] = True
    elif item.get("dead"):
        made |= {"dead": True, "text": "[dead]"} if "text" in made else {"dead": True}
    return made
