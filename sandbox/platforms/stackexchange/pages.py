"""The site: newest questions, one question with its answers, and a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, by, el, join, link, missing, page, reply_form, when
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.stackexchange import StackExchange

SECTION = "Stack Exchange"
COMMENT = "comment-"


class Pages:
    def __init__(self, site: StackExchange) -> None:
        self.site = site

    def register(self, router: Router) -> None:
        router.add("GET", "/stackexchange/web/", self.front)
        router.add("GET", "/stackexchange/web/questions/{id}/{slug}", self.question_page)
        router.add("GET", "/stackexchange/web/questions/{id}", self.question_page)
        router.add("GET", "/stackexchange/web/a/{id}", self.question_page)
        router.add("GET", "/stackexchange/web/users/{id}/{name}", self.user_page)
        router.add("POST", "/stackexchange/web/post", self.site.by_hand)

    def front(self, request: Request) -> Response:
        newest = sorted(self.site.questions(), key=lambda q: -q["at"])[:80]
        rows = [
            el(
                "li",
                link(self.site.link(q), q["title"]),
                by(", ".join(q["tags"]), when(q["at"])),
            )
            for q in newest
        ]
        return page("Newest questions", el("ul", rows), section=SECTION)

    def question_page(self, request: Request) -> Response:
        post = self.site.store.get("se_post", request.params["id"])
        question = self.site.store.get("se_post", str(post["question"])) if post else None
        if question is None or question["gone"]:
            return missing("such question", SECTION)
        answers = [p for p in self.site.children("se_post", question["id"]) if p["type"] == "answer"]
        return page(
            question["title"],
            [self._article(p) for p in (question, *answers)],
            el("h2", "Your answer"),
            reply_form("/stackexchange/web/post", self.site.people(), id=question["id"]),
            section=SECTION,
        )

    def _article(self, doc: Doc) -> Markup:
        comments = [c for c in self.site.children("se_comment", doc["question"]) if c["post"] == doc["id"]]
        number = (COMMENT if doc["type"] == "comment" else "") + str(doc["id"])
        return el(
            "article",
            by(el("strong", self.site.user(doc["author"])), when(doc["at"])),
            el("div", [el("p", part) for part in doc["text"].split("\n\n")], class_="text"),
            button("/control/delete", "Delete", platform=self.site.name, id=number),
            join([self._article(c) for c in comments]) if doc["type"] != "comment" else None,
            id=f"{doc['type']}-{doc['id']}",
            class_="ours" if doc["author"] in self.site.team() else None,
        )

    def user_page(self, request: Request) -> Response:
        return page(self.site.user(request.params["id"]), el("p", f"User {request.params['id']}"), section=SECTION)
