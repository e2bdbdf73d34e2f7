"""The videos with their comments and a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, by, el, link, missing, page, reply_form, when
from sandbox.platforms.youtube.cast import CLOSED, OWN, VIDEOS
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.youtube import YouTube

SECTION = "YouTube"


class Pages:
    def __init__(self, site: YouTube) -> None:
        self.site = site

    def register(self, router: Router) -> None:
        router.add("GET", "/youtube/web/", self.front)
        router.add("GET", "/youtube/web/watch", self.watch)
        router.add("POST", "/youtube/web/comment", self.site.by_hand)

    def front(self, request: Request) -> Response:
        comments = self.site.comments()
        rows = [
            el("li", link(f"/youtube/web/watch?v={v}", title), f" · {sum(c['video'] == v for c in comments)} comments")
            for v, title in VIDEOS.items()
        ]
        newest = sorted(comments, key=lambda c: -c["at"])[:40]
        return page("Acme's channel", el("ul", rows), el("h2", "Newest comments"), [self._article(c) for c in newest],
                    section=SECTION)  # fmt: skip

    def watch(self, request: Request) -> Response:
        video = request.query.get("v", "")
        if video not in VIDEOS:
            return missing("such video", SECTION)
        if video == CLOSED:
            return page(VIDEOS[video], el("p", "Comments are turned off."), section=SECTION)
        here = [c for c in self.site.comments() if c["video"] == video]
        threads = [
            el(
                "section",
                self._article(top),
                [self._article(c, 1) for c in here if c["parent"] == top["id"]],
                reply_form("/youtube/web/comment", [(OWN, OWN), *self.site.people()], id=top["id"]),
            )
            for top in sorted((c for c in here if not c["parent"]), key=lambda c: -c["at"])
        ]
        return page(VIDEOS[video], threads, section=SECTION)

    def _article(self, comment: Doc, depth: int = 0) -> Markup:
        ours = comment["author"].lower() in self.site.ours()
        return el(
            "article",
            by(el("strong", f"@{comment['author']}"),  link(self.site.url(comment), when(comment["at"]))),
            el("div", el("p", comment["text"]), class_="text"),
            button("/control/delete", "Delete", platform=self.site.name, id=comment["id"]),
            id=f"comment-{comment['id']}",
            class_=f"depth-{depth}" + (" ours" if ours else ""),
        )  # fmt: skip
