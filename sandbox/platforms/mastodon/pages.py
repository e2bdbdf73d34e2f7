"""The instance's public pages: latest posts, an account, one conversation with a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, by, el, link, missing, page, reply_form, when
from sandbox.platforms.mastodon.statuses import DESK, PUBLIC
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.mastodon import Mastodon

SECTION = "Mastodon"
SHOWN = 60


class Pages:
    def __init__(self, instance: Mastodon) -> None:
        self.instance, self.statuses = instance, instance.statuses

    def register(self, router: Router) -> None:
        router.add("GET", "/mastodon/", self.front)
        router.add("GET", "/mastodon/@{acct}", self.account)
        router.add("GET", "/mastodon/@{acct}/{id}", self.thread)
        router.add("POST", "/mastodon/web/reply", self.instance.by_hand)

    def _public(self) -> list[Doc]:
        return [status for status in self.statuses.newest() if status["visibility"] in PUBLIC]

    def front(self, request: Request) -> Response:
        return page("Mastodon", [self._line(s) for s in self._public()[:SHOWN]], section=SECTION)

    def account(self, request: Request) -> Response:
        acct = request.params["acct"].lower()
        member = self.instance.team().get(acct)
        about = f"{member.name}, {member.role} at Acme." if member else "Acme." if acct == DESK else "Somebody."
        lines = [self._line(s) for s in self._public() if s["author"].lower() == acct][:SHOWN]
        return page(f"@{acct}", el("p", about), lines, section=SECTION)

    def thread(self, request: Request) -> Response:
        status = self.statuses.get(request.params["id"])
        if status is None or status["gone"] or status["visibility"] not in PUBLIC:
            return missing("such post", SECTION)
        shown = [*self.statuses.above(status), status, *self.statuses.below(status["id"])]
        return page(
            f"@{status['author']}: {status['text'][:60]}",
            [self._line(s) for s in shown if s["visibility"] in PUBLIC],
            el("h2", "Write a reply"),
            reply_form("/mastodon/web/reply", [*self.instance.people(), (DESK, DESK)], id=status["id"]),
            button("/control/delete", "Delete as its author", platform="mastodon", id=status["id"]),
            section=SECTION,
        )

    def _line(self, status: Doc) -> Markup:
        is_ours = status["author"].lower() in self.instance.ours()
        warning = el("p", el("strong", f"CW: {status['spoiler']}")) if status["spoiler"] else None
        return el(
            "article",
            by(
                link(f"/mastodon/@{status['author']}", el("strong", f"@{status['author']}")),
                link(f"/mastodon/@{status['author']}/{status['id']}", when(status["at"])),
                "edited" if status["edited"] else None,
                f"{len(status['likes'])} ★" if status["likes"] else None,
            ),
            warning,
            # Built by `Statuses.as_html`, which escapes user input.
            el("div", Markup(self.statuses.as_html(status["text"])), class_="text"),
            el("p", f"[Picture: {status['alt']}]", class_="quiet") if status["alt"] else None,
            id=f"s{status['id']}",
            class_="depth-1 ours" if is_ours else "depth-1" if status["parent"] else None,
        )
