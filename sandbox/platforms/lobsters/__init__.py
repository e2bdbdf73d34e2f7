"""Lobsters: JSON and pages under /lobsters, at the same URLs as on the real site. No posting API."""

from __future__ import annotations

from typing import Any

from sandbox.base.acts import Access, Act, Made
from sandbox.base.universe import Universe
from sandbox.platforms.lobsters import api, pages
from sandbox.platforms.lobsters.stories import Stories
from sandbox.store import Doc
from sandbox.talk import MAX_TURNS, Talk, names_us
from sandbox.wire.http import Response, html_response, json_response


class Lobsters(Talk):
    name = "lobsters"
    title = "Lobsters"
    home = "/lobsters/"
    servers = (api.Api, pages.Pages)
    refusals = {
        "400": json_response({"status": 400, "error": "Bad Request"}, 400),
        "404": json_response({"status": 404, "error": "Not Found"}, 404),
        "429": Response(b"Throttled\n", 429, "text/plain", {"Retry-After": "2"}),
        "500": html_response("<h1>We're sorry, but something went wrong.</h1>", 500),
        "expired": json_response({"error": "forbidden"}, 403),
    }
    post_kind = "lb_entry"

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.stories = Stories(universe.store, lambda: f"{universe.public_url}/lobsters")

    def posted(self, act: Act, at: float) -> Doc:
        """`more["url"]` makes a link story; `removed` a comment removed by a moderator."""
        if not act.parent:
            title = str(act.more.get("title") or act.text.split("\n")[0][:90] or "…")
            url = str(act.more.get("url", ""))
            return self.stories.submit(act.author, title, act.text, url=url, at=int(at), kind=act.kind)
        parent = self.existing(act.parent)
        gone = "removed" if act.more.get("removed") else ""
        entry = self.stories.comment(parent, act.author, act.text, at=int(at), kind=act.kind, gone=gone)
        if act.by_team and act.at is None:
            self._answered(entry, parent)
        return entry

    def _answered(self, entry: Doc, parent: Doc) -> None:
        """A person just answered by the team may respond."""
        mine = [c for c in self.stories.under(parent["story"]) if c["author"] == parent["author"]]
        if len(mine) < MAX_TURNS:
            asked = Act(self.name, "post", parent["author"], parent["text"], kind=parent["kind"])
            self.react(asked, entry["key"], chance=0.6)

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.stories.save({**doc, "text": text, "edited": int(at)})

    def removed(self, doc: Doc, at: float) -> Doc:
        return self.stories.save({**doc, "gone": "deleted"})

    def made(self, doc: Doc) -> Made:
        return Made(doc["key"], self.stories.address(doc))

    def access(self) -> Access:
        base = f"{self.universe.public_url}/lobsters"
        return Access({"phrases": ["Acme"], "comments": True, "api_base": base, "web_base": base})

    def documents(self) -> list[Doc]:
        return self.stories.all()

    def is_mention(self, doc: Doc) -> bool:
        return names_us(doc.get("title", ""), doc["text"], doc.get("url", ""))

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {
            "id": doc["key"],
            "author": doc["author"],
            "text": doc["text"],
            "title": doc.get("title"),
            "at": doc["at"],
            "thread_id": doc["story"],
            "in_reply_to": doc["parent"] or None,
            "deleted": bool(doc["gone"]),
            "kind": doc["kind"],
        }


PLATFORM = Lobsters
