"""The forum as visitors see it, with a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, el, link, missing, page, reply_form, when
from sandbox.platforms.discourse import wire
from sandbox.platforms.discourse.keys import CATEGORIES, OPEN
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.discourse import Discourse

SECTION = "Forum"


class Pages:
    def __init__(self, site: Discourse) -> None:
        self.site = site

    def register(self, router: Router) -> None:
        router.add("GET", "/discourse/", self.latest)
        router.add("GET", "/discourse/c/{slug}", self.category)
        router.add("GET", "/discourse/u/{name}", self.person)
        router.add("GET", "/discourse/t/{slug}/{topic}", self.topic)
        router.add("GET", "/discourse/t/{slug}/{topic}/{number}", self.topic)
        router.add("POST", "/discourse/reply", self.site.by_hand)

    def latest(self, request: Request) -> Response:
        return self._list("Acme forum", OPEN)

    def category(self, request: Request) -> Response:
        wanted = request.params["slug"]
        number = next((n for n in OPEN if CATEGORIES[n][0] == wanted), None)
        return missing("such category", SECTION) if number is None else self._list(CATEGORIES[number][1], (number,))

    def _list(self, title: str, categories: tuple[int, ...]) -> Response:
        menu = el("p", [el("span", link(f"/discourse/c/{CATEGORIES[n][0]}", CATEGORIES[n][1]), " ") for n in OPEN])
        topics = [t for t in self.site.store.all("forum_topic").values() if t["category"] in categories]
        newest = sorted(topics, key=lambda t: -t["id"])[:60]
        return page(title, menu, el("ul", [self._line(t) for t in newest]), section=SECTION)

    def _line(self, topic: Doc) -> Markup:
        return el(
            "li",
            link(f"/discourse/t/{topic['slug']}/{topic['id']}", topic["title"]),
            f" · {CATEGORIES[topic['category']][1]} · {topic['posts']} posts · ",
            when(topic["at"]),
            " · " + ", ".join(topic["tags"]) if topic["tags"] else None,
        )

    def topic(self, request: Request) -> Response:
        topic = self.site.topic(request.params["topic"])
        if topic is None or not self.site.may_see(topic):
            return missing("such topic", SECTION)
        people = self.site.people()
        posts = self.site.in_topic(topic["id"])
        return page(
            topic["title"],
            el("p", CATEGORIES[topic["category"]][1], *(f" · {tag}" for tag in topic["tags"]), class_="quiet"),
            [self._post(post, people) for post in posts],
            el("p", "This topic is closed.") if topic["closed"] else el("h2", "Write a reply"),
            None if topic["closed"] or not posts else reply_form("/discourse/reply", people, parent=posts[0]["id"]),
            section=SECTION,
        )

    def _post(self, post: Doc, people: list[tuple[str, str]] | None) -> Markup:
        user = self.site.user(post["author"])
        return el(
            "article",
            el(
                "p",
                link(f"/discourse/u/{user['username']}", el("strong", user["username"])),
                f" {user['name']}" if user["name"] else None,
                " · staff" if user["staff"] else None,
                " · ",
                link(self.site.url(post), when(post["at"])),
                f" · answers #{post['reply_to']}" if post["reply_to"] else None,
                " · edited" if post["version"] > 1 else None,
                f" · {len(post['likes'])} likes" if post["likes"] else None,
                class_="by",
            ),
            # Built by `wire.cooked`, which escapes user input.
            el("div", Markup(wire.cooked(post["text"])), class_="text"),
            el("details", el("summary", "Answer"), reply_form("/discourse/reply", people, parent=post["id"]))
            if people
            else None,
            button("/control/delete", "Delete", platform="discourse", id=post["id"]) if people else None,
            id=f"post_{post['number']}",
            class_="ours" if user["staff"] else None,
        )

    def person(self, request: Request) -> Response:
        name = request.params["name"]
        mine = [p for p in self.site.posts() if p["author"] == name]
        shown = [p for p in mine if (t := self.site.topic(p["topic"])) is not None and self.site.may_see(t)]
        if not shown:
            return missing("such person", SECTION)
        return page(name, [self._post(p, None) for p in shown[::-1][:60]], section=SECTION)
