"""Bluesky's public pages: latest posts, a profile, one conversation with a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, by, el, join, link, missing, page, reply_form, when
from sandbox.platforms.bluesky.posts import DESK, POST, did_of
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.bluesky import Bluesky

SECTION = "Bluesky"
WEB = "/bluesky/web"
SHOWN = 60


class Pages:
    def __init__(self, site: Bluesky) -> None:
        self.site, self.posts = site, site.posts

    def register(self, router: Router) -> None:
        router.add("GET", f"{WEB}/", self.front)
        router.add("GET", f"{WEB}/profile/{{actor}}", self.profile)
        router.add("GET", f"{WEB}/profile/{{actor}}/post/{{key}}", self.thread)
        router.add("POST", f"{WEB}/reply", self.site.by_hand)

    def front(self, request: Request) -> Response:
        return page("Bluesky", [self._line(p) for p in self.posts.newest()[:SHOWN]], section=SECTION)

    def _did(self, request: Request) -> str:
        actor = request.params["actor"].lower()
        return actor if actor.startswith("did:") else did_of(actor)

    def profile(self, request: Request) -> Response:
        did = self._did(request)
        handle = self.posts.handle(did)
        member = self.site.team().get(handle)
        about = f"{member.name}, {member.role} at Acme." if member else "Acme." if handle == DESK else "Somebody."
        lines = [self._line(p) for p in self.posts.newest() if p["did"] == did][:SHOWN]
        return page(f"@{handle}", el("p", about), lines, section=SECTION)

    def thread(self, request: Request) -> Response:
        post = self.posts.get(f"at://{self._did(request)}/{POST}/{request.params['key']}")
        if post is None or post["gone"]:
            return missing("such post", SECTION)
        return page(
            f"@{self.posts.handle(post['did'])}: {post['record']['text'][:60]}",
            [self._line(p) for p in [*self._above(post), post, *self._below(post)]],
            el("h2", "Write a reply"),
            reply_form(f"{WEB}/reply", [*self.site.people(), (DESK, DESK)], id=post["uri"]),
            button("/control/delete", "Delete as its author", platform="bluesky", id=post["uri"]),
            section=SECTION,
        )

    def _above(self, post: Doc) -> list[Doc]:
        chain: list[Doc] = []
        while (parent := self.posts.parent(post)) is not None:
            chain.insert(0, parent)
            post = parent
        return [p for p in chain if not p["gone"]]

    def _below(self, post: Doc) -> list[Doc]:
        rows: list[Doc] = []
        for child in self.posts.children(post["uri"]):
            rows += [child, *self._below(child)]
        return rows

    def _line(self, post: Doc) -> Markup:
        handle = self.posts.handle(post["did"])
        url = f"{WEB}/profile/{handle}/post/{post['uri'].rpartition('/')[2]}"
        who = by(
            link(f"{WEB}/profile/{handle}", el("strong", f"@{handle}")),
            link(url, when(post["at"])),
            f"{len(post['likes'])} ♥" if post["likes"] else None,
        )
        embed = post["record"].get("embed", {})
        notes = [el("p", f"[Picture: {image['alt']}]", class_="quiet") for image in embed.get("images", ())]
        if "external" in embed:
            card = embed["external"]
            notes.append(el("p", link(card["uri"], card["title"], rel="nofollow noreferrer")))
        is_ours = handle in self.site.ours()
        deep = "depth-1" if "reply" in post["record"] else ""
        classes = f"{deep} ours".strip() if is_ours else deep or None
        return el("article", who, el("div", self._text(post["record"]), class_="text"), notes, class_=classes)

    def _text(self, record: Doc) -> Markup:
        """Links only what the facets mark."""
        source, parts, at = record["text"].encode(), [], 0
        for facet in sorted(record.get("facets", ()), key=lambda f: f["index"]["byteStart"]):
            start, end, feature = facet["index"]["byteStart"], facet["index"]["byteEnd"], facet["features"][0]
            if start < at:
                continue
            shown = source[start:end].decode("utf-8", "replace")
            href = feature.get("uri") or (f"{WEB}/profile/{feature['did']}" if "did" in feature else None)
            parts += [source[at:start].decode("utf-8", "replace")]
            parts += [link(href, shown, rel="nofollow noreferrer") if href else shown]
            at = end
        return el("p", join(*parts, source[at:].decode("utf-8", "replace")))
