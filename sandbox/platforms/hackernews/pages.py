"""The site's pages: front page, newest, one item with its comments, and a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.pages.elements import Markup, button, by, el, join, link, missing, page, reply_form, when
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router
from sandbox.world import OWN_HACKERNEWS, TEAM

if TYPE_CHECKING:
    from sandbox.platforms.hackernews import HackerNews

SECTION = "Hacker News"


class Pages:
    def __init__(self, site: HackerNews) -> None:
        self.site, self.items = site, site.items

    def register(self, router: Router) -> None:
        router.add("GET", "/hn/web/", self.front)
        router.add("GET", "/hn/web/newest", self.newest)
        router.add("GET", "/hn/web/newcomments", self.comments)
        router.add("GET", "/hn/web/item", self.item)
        router.add("GET", "/hn/web/user", self.user)
        router.add("GET", "/hn/web/reply", self.item)
        router.add("POST", "/hn/web/comment", self.site.by_hand)

    def _menu(self) -> Markup:
        names = (("", "front page"), ("newest", "new"), ("newcomments", "comments"))
        return el("p", [join(link(f"/hn/web/{path}", name), " ") for path, name in names])

    def front(self, request: Request) -> Response:
        stories = [self.items.get(i) for i in self.site.algolia.front_page()]
        return self._list("Hacker News", [s for s in stories if s])

    def newest(self, request: Request) -> Response:
        stories = [i for i in self.site.store.all("hn_item").values() if i["type"] == "story" and not i.get("deleted")]
        return self._list("New stories", sorted(stories, key=lambda s: -s["time"])[:60])

    def comments(self, request: Request) -> Response:
        items = [i for i in self.site.store.all("hn_item").values() if i["type"] == "comment" and not i.get("deleted")]
        newest = sorted(items, key=lambda i: -i["time"])[:60]
        return page("New comments", self._menu(), [self._article(i, 0) for i in newest], section=SECTION)

    def _list(self, title: str, stories: list[Doc]) -> Response:
        return page(title, self._menu(), el("ol", [el("li", self._line(s)) for s in stories]), section=SECTION)

    def _line(self, story: Doc) -> Markup:
        url = story.get("url")
        return join(
            link(url or f"/hn/web/item?id={story['id']}", story["title"], rel="nofollow noreferrer" if url else None),
            el("span", f" ({urlsplit(url).hostname})", class_="quiet") if url else None,
            el(
                "p",
                f"{story['score']} points by ",
                link(f"/hn/web/user?id={story['by']}", story["by"]),
                " · ",
                when(story["time"]),
                " · ",
                link(f"/hn/web/item?id={story['id']}", f"{story['descendants']} comments"),
                class_="by",
            ),
        )

    def item(self, request: Request) -> Response:
        item = self.items.get(request.query.get("id", ""))
        if item is None:
            return missing("such item", SECTION)
        story = self.items.get(item["story_id"]) or item
        options = [(m.hackernews, f"{m.hackernews} · {m.name}, {m.role}") for m in TEAM if m.hackernews]
        above = el("p", "in ", link(f"/hn/web/item?id={story['id']}", story["title"])) if item is not story else None
        gone = item.get("deleted") or item.get("dead")
        return page(
            "[deleted]" if item.get("deleted") else item.get("title") or f"Comment by {item['by']}",
            above,
            [self._article(i, depth) for i, depth in self._tree(item, 0)],
            None if gone else el("h2", "Write a reply"),
            None if gone else reply_form("/hn/web/comment", options, id=item["id"]),
            None if gone else button("/control/delete", "Delete this item", platform="hackernews", id=item["id"]),
            section=SECTION,
        )

    def _tree(self, item: Doc, depth: int) -> list[tuple[Doc, int]]:
        rows = [(item, depth)]
        for kid in item.get("kids", ()):
            if child := self.items.get(kid):
                rows += self._tree(child, depth + 1)
        return rows

    def _article(self, item: Doc, depth: int) -> Markup:
        if item.get("deleted") or item.get("dead"):
            text: Markup = el("p", "[deleted]" if item.get("deleted") else "[dead]", class_="quiet")
        else:
            # Built by `items.as_html`, which escapes user input.
            text = el("div", Markup(item.get("text", "")), class_="text")
        return el(
            "article",
            self._line(item)
            if item["type"] == "story"
            else by(
                link(f"/hn/web/user?id={item['by']}", el("strong", item["by"])),
                link(f"/hn/web/item?id={item['id']}", when(item["time"])),
            ),
            text,
            id=f"item-{item['id']}",
            class_=f"depth-{min(depth, 6)}" + (" ours" if item["by"] in OWN_HACKERNEWS else ""),
        )

    def user(self, request: Request) -> Response:
        name = request.query.get("id", "")
        user = self.site.store.get("hn_user", name)
        if user is None:
            return missing("such user", SECTION)
        wrote = [i for i in self.site.store.all("hn_item").values() if i["by"] == name and not i.get("deleted")]
        return page(name, el("p", user["about"]), [self._article(i, 0) for i in wrote[::-1][:60]], section=SECTION)
