"""The site's pages: newest, and one story with its comments and a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, by, el, join, link, missing, page, reply_form, when
from sandbox.platforms.lobsters.stories import as_html
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, redirect

if TYPE_CHECKING:
    from sandbox.platforms.lobsters import Lobsters

SECTION = "Lobsters"
SHOWN = 60


class Pages:
    def __init__(self, site: Lobsters) -> None:
        self.site, self.stories = site, site.stories

    def register(self, router: Router) -> None:
        router.add("GET", "/lobsters/", self.newest)
        router.add("GET", "/lobsters/s/{id}", self.story)
        router.add("GET", "/lobsters/s/{id}/{slug}", self.story)
        router.add("GET", "/lobsters/c/{id}", self.to_comment)
        router.add("GET", "/lobsters/~{name}", self.user)
        router.add("POST", "/lobsters/comments", self.site.by_hand)

    def newest(self, request: Request) -> Response:
        lines = [el("li", self._line(story)) for story in self.stories.newest("stories")[:SHOWN]]
        return page("Lobsters", el("ol", lines), section=SECTION)

    def _line(self, story: Doc) -> Markup:
        return join(
            link(story["url"] or self.stories.address(story), story["title"], rel="nofollow noreferrer"),
            by(
                link(f"/lobsters/~{story['author']}", story["author"]),
                when(story["at"]),
                link(self.stories.address(story), f"{len(self.stories.under(story['key']))} comments"),
            ),
        )

    def story(self, request: Request) -> Response:
        story = self.stories.get(request.params["id"])
        if story is None or story["parent"] or story["gone"]:
            return missing("such story", SECTION)
        # Built by `as_html`, which escapes user input.
        text = el("div", Markup(as_html(story["text"])), class_="text") if story["text"] else None
        return page(
            story["title"],
            el("article", self._line(story), text),
            [self._comment(comment) for comment in self.stories.under(story["key"])],
            el("h2", "Comment by hand"),
            reply_form("/lobsters/comments", self.site.people(), id=story["key"]),
            button("/control/delete", "Delete this story", platform="lobsters", id=story["key"]),
            section=SECTION,
        )

    def _comment(self, comment: Doc) -> Markup:
        gone = comment["gone"]
        depth, above = 0, self.stories.get(comment["parent"])
        while above is not None and above["parent"]:
            depth, above = depth + 1, self.stories.get(above["parent"])
        is_ours = comment["author"].lower() in self.site.team()
        return el(
            "article",
            by(el("strong", comment["author"]), link(f"#{comment['key']}", when(comment["at"]))),
            el("p", f"Comment {gone}", class_="quiet") if gone else Markup(as_html(comment["text"])),
            None if gone else el("details", el("summary", "Reply"), self._reply(comment)),
            id=comment["key"],
            class_=f"depth-{min(depth, 6)}" + (" ours" if is_ours else ""),
        )

    def _reply(self, comment: Doc) -> Markup:
        return reply_form("/lobsters/comments", self.site.people(), id=comment["key"])

    def to_comment(self, request: Request) -> Response:
        comment = self.stories.get(f"c_{request.params['id']}")
        return missing("such comment", SECTION) if comment is None else redirect(self.stories.address(comment))

    def user(self, request: Request) -> Response:
        name = request.params["name"]
        wrote = [entry for entry in reversed(self.stories.all()) if entry["author"] == name and not entry["gone"]]
        lines = [el("li", link(self.stories.address(e), e.get("title") or e["text"][:80])) for e in wrote[:SHOWN]]
        return page(name, el("ul", lines), section=SECTION)
