"""Reddit's public pages: newest, a subreddit, one thread with a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, el, join, link, missing, page, reply_form, when
from sandbox.platforms.reddit.things import OWN, PRIVATE, QUARANTINED, SUBREDDITS, as_html
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, redirect

if TYPE_CHECKING:
    from sandbox.platforms.reddit import Reddit

SECTION = "Reddit"
WEB = "/reddit/web"
SHOWN = 60


class Pages:
    def __init__(self, reddit: Reddit) -> None:
        self.reddit, self.things = reddit, reddit.things

    def register(self, router: Router) -> None:
        router.add("GET", f"{WEB}/", self.front)
        router.add("GET", f"{WEB}/r/{{sub}}/", self.subreddit)
        router.add("GET", f"{WEB}/r/{{sub}}/comments/{{id}}/{{slug}}/", self.thread)
        router.add("GET", f"{WEB}/r/{{sub}}/comments/{{id}}/{{slug}}/{{comment}}/", self.thread)
        router.add("GET", f"{WEB}/user/{{name}}/", self.user)
        router.add("POST", f"{WEB}/comment", self.reddit.by_hand)
        router.add("POST", f"{WEB}/moderate", self.moderate)

    def _menu(self) -> Markup:
        open_ones = [sub for sub in SUBREDDITS if sub not in (QUARANTINED, PRIVATE)]
        return el("p", [join(link(f"{WEB}/r/{sub}/", f"r/{sub}"), " ") for sub in open_ones])

    def front(self, request: Request) -> Response:
        return page("Reddit", self._menu(), [self._line(p) for p in self.things.newest("t3")[:SHOWN]], section=SECTION)

    def subreddit(self, request: Request) -> Response:
        sub = request.params["sub"].lower()
        if sub not in SUBREDDITS:
            return missing(f"subreddit r/{sub}", SECTION)
        posts = [self._line(p) for p in self.things.newest(f"t3 {sub}")[:SHOWN]]
        comments = [self._comment(c, 0) for c in self.things.newest(f"t1 {sub}")[:SHOWN]]
        return page(f"r/{sub}", self._menu(), posts, el("h2", "New comments"), comments, section=SECTION)

    def _line(self, post: Doc) -> Markup:
        return el(
            "article",
            el("h3", link(f"{WEB}{self.things.path(post)}", post["title"])),
            self._by(post),
            el("p", f"{len(self.things.under(post['name']))} comments", class_="quiet"),
        )

    def _by(self, thing: Doc) -> Markup:
        author = "[deleted]" if thing["gone"] else f"u/{thing['author']}"
        return el(
            "p",
            link(f"{WEB}/user/{thing['author']}/", el("strong", author)) if not thing["gone"] else author,
            f" in r/{thing['sub']} · ",
            link(f"{WEB}{self.things.path(thing)}", when(thing["at"])),
            " · edited" if thing["edited"] else None,
            class_="by",
        )

    def thread(self, request: Request) -> Response:
        post = self.things.get(f"t3_{request.params['id']}")
        if post is None:
            return missing("such post", SECTION)
        only = self.things.get(f"t1_{request.params.get('comment', '')}")
        target = only or post
        hidden = {"id": target["name"]}
        is_open = not target["gone"] and not post["locked"]
        return page(
            post["title"] if post["gone"] != "deleted" else "[deleted by user]",
            self._post(post),
            [self._comment(c, depth) for c, depth in self._tree(target["name"] if only is None else post["name"], 0)],
            el("h2", "Write a reply"),
            reply_form(f"{WEB}/comment", self.reddit.people(), **hidden) if is_open else None,
            button("/control/delete", "Delete as its author", platform="reddit", **hidden),
            button(f"{WEB}/moderate", "Remove as a moderator", what="remove", **hidden),
            button(f"{WEB}/moderate", "Lock the thread", what="lock", **hidden),
            section=SECTION,
        )

    def _post(self, post: Doc) -> Markup:
        linked = link(post["url"], post["url"], rel="nofollow noreferrer") if post["url"] else None
        return el("article", self._by(post), el("p", linked) if linked else None, self._text(post), id=post["name"])

    def _text(self, thing: Doc) -> Markup:
        if thing["gone"]:
            return el("p", f"[{thing['gone']}]", class_="quiet")
        # Built by `things.as_html`, which escapes user input.
        return el("div", Markup(as_html(thing["text"])), class_="text")

    def _tree(self, name: str, depth: int) -> list[tuple[Doc, int]]:
        rows = []
        for child in self.things.children(name):
            rows += [(child, depth), *self._tree(child["name"], depth + 1)]
        return rows

    def _comment(self, comment: Doc, depth: int) -> Markup:
        is_ours = comment["author"].lower() in self.reddit.team()
        classes = f"depth-{min(depth, 6)}" + (" ours" if is_ours else "")
        return el("article", self._by(comment), self._text(comment), id=comment["name"], class_=classes)

    def user(self, request: Request) -> Response:
        name = request.params["name"].lower()
        wrote = [t for t in reversed(self.things.all()) if t["author"].lower() == name and not t["gone"]]
        member = self.reddit.team().get(name)
        about = f"{member.name}, {member.role} at Acme." if member else f"Somebody on Reddit. See r/{OWN}."
        return page(f"u/{name}", el("p", about), [self._comment(t, 0) for t in wrote[:SHOWN]], section=SECTION)

    def moderate(self, request: Request) -> Response:
        form = request.form()
        thing = self.things.get(form.get("id", ""))
        if thing is None:
            return missing("such post or comment", SECTION)
        if form.get("what") == "lock":
            self.things.save({**self.things.post_of(thing), "locked": True})
        else:
            thing = self.things.save({**thing, "gone": "removed"})
        return redirect(f"{WEB}{self.things.path(thing)}")
