"""The pages that entries link to, with a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, by, el, link, missing, page, reply_form, when
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.feed import Feed

SECTION = "Feeds"


class Pages:
    def __init__(self, site: Feed) -> None:
        self.site = site

    def register(self, router: Router) -> None:
        router.add("GET", "/feeds/web/", self.front)
        router.add("GET", "/feeds/web/{feed}/{number}", self.entry)
        router.add("POST", "/feeds/web/answer", self.site.by_hand)

    def front(self, request: Request) -> Response:
        entries = self.site.entries()[:80]
        feeds = [el("li", link(address, address)) for address in self.site.access().settings["feeds"]]
        rows = [el("li", link(self.site.url(e), e["title"]), el("p", f"{e['feed']} · {e['name']} · ", when(e["at"]),
                                                               class_="by")) for e in entries]  # fmt: skip
        return page("Feed entries", el("ul", feeds), el("ul", rows), section=SECTION)

    def entry(self, request: Request) -> Response:
        found = [e for e in self.site.store.all("feed_entry").values() if str(e["number"]) == request.params["number"]]
        if not found or found[0]["gone"]:
            return missing("such entry", SECTION)
        return page(
            found[0]["title"],
            self._article(found[0]),
            [self._article(comment) for comment in self.site.comments(found[0])],
            el("h2", "Answer"),
            reply_form("/feeds/web/answer", self.site.people(), id=found[0]["id"]),
            section=SECTION,
        )

    def _article(self, entry: Doc) -> Markup:
        return el(
            "article",
            by(el("strong", entry["name"]), when(entry["at"])),
            el("div", [el("p", part) for part in entry["text"].split("\n\n")], class_="text"),
            button("/control/delete", "Delete", platform=self.site.name, id=entry["id"]),
            class_="ours" if entry["author"].lower() in self.site.team() else None,
        )
