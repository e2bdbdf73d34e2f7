"""The endpoints of https://www.reddit.com/dev/api/ that a desk needs, under /reddit/api; tokens under /reddit/auth."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.base.api import Routes
from sandbox.platforms.reddit.gate import Gate, error
from sandbox.platforms.reddit.things import PRIVATE, QUARANTINED, SUBREDDITS, called, escaped, listing
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response, json_response
from sandbox.wire.lists import page_of
from sandbox.wire.texts import is_found, words

if TYPE_CHECKING:
    from sandbox.platforms.reddit import Reddit

MAX_LISTED = 1000
"""The maximum length of a listing."""
MAX_LENGTH = 10_000
SHOWN_REPLIES = 6
"""Per parent; the rest is behind a `more` object. The real API shows more."""
SHOWN_DEPTH = 5


class Api(Gate):
    base = "/reddit/api"
    site: Reddit

    def __init__(self, site: Reddit) -> None:
        super().__init__(site)
        self.things = site.things

    def routes(self) -> Routes:
        return [
            ("GET", "/api/v1/me", self.me),
            ("GET", "/api/info", self.info),
            ("GET", "/api/morechildren", self.morechildren),
            ("GET", "/message/mentions", self.mentions),
            ("GET", "/subreddits/search", self.no_subreddits),
            ("GET", "/r/all/search", self.search),
            ("GET", "/r/{sub}/new", self.new),
            ("GET", "/r/{sub}/comments", self.comments),
            ("GET", "/r/{sub}/about", self.about),
            ("GET", "/comments/{id}", self.thread),
            ("GET", "/user/{name}/comments", self.user_comments),
            ("POST", "/api/comment", self.comment),
            ("POST", "/api/del", self.delete),
        ]

    def answer(self, request: Request, body: Any) -> Response:
        return json_response(body if request.query.get("raw_json") == "1" else escaped(body))

    # --- lists ------------------------------------------------------------------------------------------------

    def _listed(self, request: Request, found: list[Doc], show: Callable[[Doc], Doc] | None = None) -> Doc:
        """Newest first, below `after`. If that was removed from the list, the page is empty."""
        found, after = found[:MAX_LISTED], request.query.get("after")
        names = [thing["name"] for thing in found]
        start = (names.index(after) + 1 if after in names else len(names)) if after else 0
        page = page_of(request, found, start, self.number(request, "limit", 25, most=100), repeats=2)
        make = show or (lambda thing: self.things.shown(thing, in_list=True))
        return listing(map(make, page.entries), found[page.end - 1]["name"] if page.more else None)

    def _open(self, request: Request) -> str:
        """The subreddit of the path. Raises Refused if it is closed, or redirects if there is none."""
        sub = request.params["sub"].lower()
        if sub == QUARANTINED:
            text = "It is quarantined. Are you certain that you want to continue?"
            raise Refused(error(403, "Forbidden", reason="quarantined", quarantine_message=text))
        if sub == PRIVATE:
            raise Refused(error(403, "Forbidden", reason="private"))
        if sub not in SUBREDDITS:
            raise Refused(Response(status=302, headers={"Location": f"/reddit/api/subreddits/search?q={sub}"}))
        return sub

    def no_subreddits(self, request: Request) -> Doc:
        return listing([{"kind": "t5", "data": {"display_name": "acmecomics", "name": "t5_2qaaa", "subscribers": 3}}])

    def new(self, request: Request) -> Doc:
        return self._listed(request, self.things.newest(f"t3 {self._open(request)}"))

    def comments(self, request: Request) -> Doc:
        return self._listed(request, self.things.newest(f"t1 {self._open(request)}"))

    def about(self, request: Request) -> Doc:
        sub = self._open(request)
        data = {"display_name": sub, "name": "t5_2r0acm", "subscribers": 4200, "subreddit_type": "public"}
        return {"kind": "t5", "data": data}

    def search(self, request: Request) -> Doc:
        """Posts only."""
        wanted = words(request.query.get("q", ""))
        shown = [p for p in self.things.newest("t3") if p["sub"] not in (QUARANTINED, PRIVATE)]
        return self._listed(request, [p for p in shown if wanted and is_found(wanted, _said(p))])

    def mentions(self, request: Request) -> Doc:
        me = request.caller
        found = [t for t in self.things.newest("t1") if me in called(t["text"]) and t["author"] != me]
        return self._listed(request, found, lambda thing: self.things.mention(thing, me))

    def user_comments(self, request: Request) -> Doc:
        name = request.params["name"].lower()
        return self._listed(request, [t for t in self.things.newest("t1") if t["author"].lower() == name])

    # --- one thing, one thread --------------------------------------------------------------------------------

    def me(self, request: Request) -> Doc:
        made = {"name": request.caller, "id": "4cixf", "link_karma": 12, "comment_karma": 340, "is_suspended": False}
        return made | {"created_utc": 1_420_000_000.0, "inbox_count": 0, "has_verified_email": True}

    def info(self, request: Request) -> Doc:
        names = request.query.get("id", "").split(",")[:100]
        return listing(self.things.shown(thing) for name in names if (thing := self.things.get(name)))

    def thread(self, request: Request) -> list[Any]:
        post = self.things.get(f"t3_{request.params['id']}")
        if post is None:
            raise Refused(self.site.refusal("404"))
        only = self.things.get(f"t1_{request.query.get('comment', '')}")
        top = [only] if only is not None else None
        return [listing([self.things.shown(post)]), self._replies(post["name"], 0, top)]

    def _replies(self, parent: str, depth: int, only: list[Doc] | None = None) -> Any:
        """A thing's replies: a listing, or "" if there are none. Deleted ones are only shown if they have replies."""
        children = only or [c for c in self.things.children(parent) if not c["gone"] or self.things.children(c["name"])]
        if not children:
            return "" if depth else listing([])
        if depth >= SHOWN_DEPTH:
            return listing([_more(parent, [], depth)])
        made = [self.things.shown(c, self._replies(c["name"], depth + 1)) for c in children[:SHOWN_REPLIES]]
        rest = [child["name"][3:] for child in children[SHOWN_REPLIES:]]
        return listing([*made, _more(parent, rest, depth)] if rest else made)

    def morechildren(self, request: Request) -> Doc:
        """A flat list: the requested comments and their descendants."""
        waiting = [f"t1_{number}" for number in request.query.get("children", "").split(",") if number][:100]
        things = []
        while waiting:
            name = waiting.pop(0)
            thing = self.things.get(name)
            if thing is not None:
                things.append(self.things.shown(thing))
                waiting[:0] = [child["name"] for child in self.things.children(name)]
        return {"json": {"errors": [], "data": {"things": things}}}

    # --- writing ----------------------------------------------------------------------------------------------

    def comment(self, request: Request) -> Doc:
        """Rejections have status 200: https://www.reddit.com/dev/api/#POST_api_comment"""
        form = request.form()
        parent, text = self.things.get(form.get("thing_id", "")), form.get("text", "")
        problem = self._problem(parent, text)
        if problem or parent is None:
            return {"json": {"errors": [problem]}}
        made = self.site.posted_by_desk(parent, request.caller, text)
        return {"json": {"errors": [], "data": {"things": [self.things.shown(made)]}}}

    def _problem(self, parent: Doc | None, text: str) -> list[str] | None:
        if parent is None:
            return ["NO_THING_ID", "id not specified", "parent"]
        if not text.strip():
            return ["NO_TEXT", "we need something here", "text"]
        if len(text) > MAX_LENGTH:
            return ["TOO_LONG", f"this is too long (max: {MAX_LENGTH})", "text"]
        if parent["gone"]:
            code = "DELETED_COMMENT" if parent["parent"] else "DELETED_LINK"
            return [code, "that comment has been deleted", "parent"]
        if self.things.post_of(parent)["locked"]:
            return ["THREAD_LOCKED", "Comments are locked.", "parent"]
        return None

    def delete(self, request: Request) -> Doc:
        """Always `{}`; only the account's own things are deleted."""
        thing = self.things.get(request.form().get("id", ""))
        if thing is not None and thing["author"] == request.caller:
            self.things.save({**thing, "gone": "deleted"})
        return {}


def _said(post: Doc) -> str:
    return html.unescape(f"{post['title']} {post['text']} {post['url']}")


def _more(parent: str, children: list[str], depth: int) -> dict[str, Any]:
    """Without children it means *continue this thread*: https://www.reddit.com/dev/api/#GET_api_morechildren"""
    number = children[0] if children else "_"
    data = {"count": len(children), "name": f"t1_{number}", "id": number, "parent_id": parent, "depth": depth}
    return {"kind": "more", "data": {**data, "children": children}}
