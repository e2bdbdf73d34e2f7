"""Hacker News: Algolia's search under /hn/api/v1, Firebase under /hn/v0, public pages under /hn/web."""

from __future__ import annotations

import html
import re
from typing import Any

from sandbox.base.acts import Access, Act
from sandbox.base.platform import Platform
from sandbox.base.universe import Universe
from sandbox.platforms.hackernews import pages
from sandbox.platforms.hackernews.algolia import Algolia
from sandbox.platforms.hackernews.firebase import Firebase
from sandbox.platforms.hackernews.items import Items
from sandbox.store import Doc
from sandbox.stories import english, reactions
from sandbox.talk import names_us
from sandbox.wire.http import Response, Router, html_response, json_response
from sandbox.world import OWN_HACKERNEWS

_TAG = re.compile(r"<[^>]+>")


def failure(status: int, message: str) -> Response:
    return json_response({"message": message, "status": status}, status)


class HackerNews(Platform):
    name = "hackernews"
    title = "Hacker News"
    home = "/hn/web/"
    post_kind = "hn_item"
    refusals = {
        "400": failure(400, "Bad Request"),
        "404": failure(404, "Path not found"),
        "429": failure(429, "Too Many Requests"),
        "500": html_response("<h1>500 Internal Server Error</h1>", 500),
        "expired": failure(403, "Invalid Application-ID or API key"),
    }
    kinds = tuple(english.COMMENTS)

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.items = Items(universe.store)
        self.algolia = Algolia(self)

    def register(self, router: Router) -> None:
        self.algolia.register(router)
        Firebase(self, self.algolia).register(router)
        pages.Pages(self).register(router)

    # --- acts -------------------------------------------------------------------------------------------------

    def url(self, doc: Doc) -> str:
        return f"{self.universe.public_url}/hn/web/item?id={doc['id']}"

    def posted(self, act: Act, at: float) -> Doc:
        """`more`: title and url make a story; with neither parent nor title, the text is an Ask HN."""
        if not act.parent:
            title = act.more.get("title") or ("Ask HN: " + act.text.split("\n")[0])[:78]
            url = act.more.get("url", "")
            return self.items.submit(act.author, title, at=at, url=url, text=act.text, kind=act.kind)
        parent = self.existing(act.parent)
        item = self.items.comment(act.author, act.text, parent, at=at, kind=act.kind)
        self._react(item, parent, act)
        return item

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.items.edit(doc, text, at=at)

    def removed(self, doc: Doc, at: float) -> Doc:
        self.items.delete(doc)
        return doc

    def _react(self, item: Doc, parent: Doc, act: Act) -> None:
        if act.author in OWN_HACKERNEWS and act.at is None:
            reactions.to_comment(self.universe, item, parent)

    def access(self) -> Access:
        base = self.universe.public_url
        return Access(
            {"algolia_base": f"{base}/hn/api/v1", "firebase_base": f"{base}/hn/v0", "web_base": f"{base}/hn/web"}
        )

    # --- truth ------------------------------------------------------------------------------------------------

    def place(self, doc: Doc) -> tuple[str, str]:
        """Mentions contain one of our phrases as a whole word in title or text."""
        if doc["by"] in OWN_HACKERNEWS:
            return "ours", ""
        if doc.get("deleted") or doc.get("dead"):
            return "optional", "deleted"
        said = html.unescape(_TAG.sub(" ", f"{doc.get('title', '')} {doc.get('text', '')}"))
        return ("mentions", "") if names_us(said) else ("optional", "context")

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {
            "id": str(doc["id"]),
            "author": doc["by"],
            "text": doc["plain"] or doc.get("title", ""),
            "title": doc.get("title"),
            "at": doc["time"],
            "story_id": str(doc["story_id"]),
            "in_reply_to": str(doc["parent"]) if "parent" in doc else None,
            "deleted": bool(doc.get("deleted") or doc.get("dead")),
            "kind": doc["kind"],
        }


PLATFORM = HackerNews
