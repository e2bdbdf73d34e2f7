"""Acme's own pages with their comments and a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, el, join, link, missing, page, reply_form, when
from sandbox.platforms.disqus.api import as_html, status
from sandbox.platforms.disqus.articles import ARTICLES, AUTHORS, FORUMS, THREADS, article
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.disqus import Disqus

SECTION = "Disqus"


class Pages:
    def __init__(self, site: Disqus) -> None:
        self.site = site

    def register(self, router: Router) -> None:
        router.add("GET", "/disqus/", self.forums)
        router.add("GET", "/disqus/pages/{forum}/{slug}", self.article)
        router.add("GET", "/disqus/by/{name}", self.person)
        router.add("POST", "/disqus/comment", self.site.by_hand)

    def forums(self, request: Request) -> Response:
        posts = self.site.posts()
        counts = {thread: sum(p["thread"] == thread for p in posts) for thread in THREADS.values()}
        shown = [
            join(
                el("h2", title),
                el("ul", [self._line(forum, slug, name, counts) for slug, name, _ in ARTICLES[forum]]),
            )
            for forum, title in FORUMS.items()
        ]
        newest = [self._comment(p, with_page=True) for p in posts[::-1][:40]]
        return page("Disqus", shown, el("h2", "Newest comments"), newest, section=SECTION)

    def _line(self, forum: str, slug: str, name: str, counts: dict[str, int]) -> Markup:
        return el("li", link(f"/disqus/pages/{forum}/{slug}", name), f" · {counts[THREADS[forum, slug]]} comments")

    def article(self, request: Request) -> Response:
        thread = THREADS.get((request.params["forum"], request.params["slug"]))
        if thread is None:
            return missing("such page", SECTION)
        _, _, title, line = article(thread)
        posts = [p for p in self.site.posts() if p["thread"] == thread]
        return page(
            title,
            el("p", line),
            el("h2", f"{len(posts)} comments"),
            [self._comment(p) for p in posts] or el("p", "No comments yet."),
            el("h2", "Comment"),
            reply_form("/disqus/comment", self.site.people(), thread=thread),
            section=SECTION,
            author=AUTHORS.get(request.params["slug"], ""),
        )

    def _comment(self, post: Doc, *, with_page: bool = False) -> Markup:
        href = f"{self.site.thread_url(post['thread'])}#comment-{post['id']}"
        ours = post["author"].lower() in self.site.team()
        state = status(post)
        # Built by `as_html`, which escapes user input.
        text = el("p", "[deleted]", class_="quiet") if post["deleted"] else Markup(as_html(post["text"]))
        answerable = not with_page and not post["deleted"]
        return el(
            "article",
            el(
                "p",
                el("strong", post["name"] if post["guest"] else post["author"]),
                " (guest)" if post["guest"] else None,
                " · ",
                link(href, when(post["at"])),
                f" · {state}" if state != "approved" else None,
                " · edited" if post["edited"] else None,
                f" · {len(post['likes'])} likes" if post["likes"] else None,
                f" · on “{article(post['thread'])[2]}”" if with_page else None,
                class_="by",
            ),
            el("div", text, class_="text"),
            el("details", el("summary", "Answer"), reply_form("/disqus/comment", self.site.people(), parent=post["id"]))
            if answerable
            else None,
            button("/control/delete", "Delete", platform="disqus", id=post["id"]) if answerable else None,
            id=f"comment-{post['id']}",
            class_=f"depth-{self._depth(post)}" + (" ours" if ours else ""),
        )

    def _depth(self, post: Doc) -> int:
        depth, above = 0, post
        while above["parent"] and depth < 6 and (found := self.site.post(above["parent"])) is not None:
            depth, above = depth + 1, found
        return depth

    def person(self, request: Request) -> Response:
        name = request.params["name"]
        posts = [p for p in self.site.posts() if p["author"] == name and not p["guest"]]
        if not posts:
            return missing("such person", SECTION)
        return page(name, [self._comment(p, with_page=True) for p in posts[::-1][:60]], section=SECTION)
