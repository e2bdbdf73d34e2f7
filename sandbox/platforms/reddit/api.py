"""The endpoints of https://www.reddit.com/dev/api/ that a desk needs, under /reddit/api; tokens under /reddit/auth."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from sandbox.platforms.reddit.gate import Gate, error
from sandbox.platforms.reddit.things import PRIVATE, QUARANTINED, SUBREDDITS, called, escaped, listing
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.platforms.reddit import Reddit

MOST = 1000
"""No listing goes further back."""
MAX_LENGTH = 10_000
SHOWN_REPLIES = 6
"""Per parent; the rest is behind a `more` object. The real API shows more."""
SHOWN_DEPTH = 5
_WORD = re.compile(r"\w+")


class Api:
    def __init__(self, reddit: Reddit, gate: Gate) -> None:
        self.reddit, self.things, self.gate = reddit, reddit.things, gate

    def register(self, router: Router) -> None:
        router.add("POST", "/reddit/auth/api/v1/access_token", self.gate.token, platform="reddit")
        base = "/reddit/api"
        for path, view in (
            ("/api/v1/me", self.me),
            ("/api/info", self.info),
            ("/api/morechildren", self.morechildren),
            ("/message/mentions", self.mentions),
            ("/subreddits/search", self.no_subreddits),
            ("/r/all/search", self.search),
            ("/r/{sub}/new", self.new),
            ("/r/{sub}/comments", self.comments),
            ("/r/{sub}/about", self.about),
            ("/comments/{id}", self.thread),
            ("/user/{name}/comments", self.user_comments),
        ):
            router.add("GET", base + path, self.gate.guarded(view), platform="reddit")
        router.add("POST", f"{base}/api/comment", self.gate.guarded(self.comment), platform="reddit", write=True)
        router.add("POST", f"{base}/api/del", self.gate.guarded(self.delete), platform="reddit", write=True)

    def _told(self, request: Request, body: Any) -> Response:
        return json_response(body if request.query.get("raw_json") == "1" else escaped(body))

    # --- lists ------------------------------------------------------------------------------------------------

    def _listed(self, request: Request, found: list[Doc], show: Any = None) -> Response:
        """Newest first, below `after`. If that was removed from the list, the page is empty."""
        found, after = found[:MOST], request.query.get("after")
        names = [thing["name"] for thing in found]
        start = (names.index(after) + 1 if after in names else len(names)) if after else 0
        size = max(1, min(100, int(request.query.get("limit") or 25)))
        shown = found[start : start + size]
        more = shown[-1]["name"] if shown and start + size < len(found) else None
        if request.duplicates:
            shown = shown + shown[:2]
        make = show or (lambda thing: self.things.shown(thing, in_list=True))
        return self._told(request, listing(map(make, shown), more))

    def _closed(self, sub: str) -> Response | None:
        if sub == QUARANTINED:
            text = "It is quarantined. Are you certain that you want to continue?"
            return error(403, "Forbidden", reason="quarantined", quarantine_message=text)
        if sub == PRIVATE:
            return error(403, "Forbidden", reason="private")
        if sub not in SUBREDDITS:
            return Response(status=302, headers={"Location": f"/reddit/api/subreddits/search?q={sub}"})
        return None

    def no_subreddits(self, request: Request, account: str) -> Response:
        other = {"kind": "t5", "data": {"display_name": "acmecomics", "name": "t5_2qaaa", "subscribers": 3}}
        return self._told(request, listing([other]))

    def new(self, request: Request, account: str) -> Response:
        sub = request.params["sub"].lower()
        return self._closed(sub) or self._listed(request, self.things.newest("t3", sub))

    def comments(self, request: Request, account: str) -> Response:
        sub = request.params["sub"].lower()
        return self._closed(sub) or self._listed(request, self.things.newest("t1", sub))

    def about(self, request: Request, account: str) -> Response:
        sub = request.params["sub"].lower()
        data = {"display_name": sub, "name": "t5_2r0acm", "subscribers": 4200, "subreddit_type": "public"}
        return self._closed(sub) or self._told(request, {"kind": "t5", "data": data})

    def search(self, request: Request, account: str) -> Response:
        """Posts only, and as fuzzy as the real search: a query word matches the beginning of any word."""
        wanted = [word.lower() for word in _WORD.findall(request.query.get("q", ""))]
        found = [p for p in self.things.newest("t3") if p["sub"] not in (QUARANTINED, PRIVATE) and _says(p, wanted)]
        return self._listed(request, found)

    def mentions(self, request: Request, account: str) -> Response:
        found = [t for t in self.things.newest("t1") if account in called(t["text"]) and t["author"] != account]
        return self._listed(request, found, lambda thing: self.things.mention(thing, account))

    def user_comments(self, request: Request, account: str) -> Response:
        name = request.params["name"].lower()
        return self._listed(request, [t for t in self.things.newest("t1") if t["author"].lower() == name])

    # --- one thing, one thread --------------------------------------------------------------------------------

    def me(self, request: Request, account: str) -> Response:
        made = {"name": account, "id": "4cixf", "link_karma": 12, "comment_karma": 340, "is_suspended": False}
        return self._told(
            request, made | {"created_utc": 1_420_000_000.0, "inbox_count": 0, "has_verified_email": True}
        )

    def info(self, request: Request, account: str) -> Response:
        names = request.query.get("id", "").split(",")[:100]
        found = [thing for name in names if (thing := self.things.get(name))]
        return self._told(request, listing(map(self.things.shown, found)))

    def thread(self, request: Request, account: str) -> Response:
        post = self.things.get(f"t3_{request.params['id']}")
        if post is None:
            return error(404, "Not Found")
        only = self.things.get(f"t1_{request.query.get('comment', '')}")
        top = [only] if only is not None else None
        return self._told(request, [listing([self.things.shown(post)]), self._replies(post["name"], 0, top)])

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

    def morechildren(self, request: Request, account: str) -> Response:
        """A flat list: the requested comments and their descendants."""
        waiting = [f"t1_{number}" for number in request.query.get("children", "").split(",") if number][:100]
        things = []
        while waiting:
            name = waiting.pop(0)
            thing = self.things.get(name)
            if thing is not None:
                things.append(self.things.shown(thing))
                waiting[:0] = [child["name"] for child in self.things.children(name)]
        return self._told(request, {"json": {"errors": [], "data": {"things": things}}})

    # --- writing ----------------------------------------------------------------------------------------------

    def comment(self, request: Request, account: str) -> Response:
        """Rejections have status 200: https://www.reddit.com/dev/api/#POST_api_comment"""
        form = request.form()
        parent, text = self.things.get(form.get("thing_id", "")), form.get("text", "")
        problem = self._problem(parent, text)
        if problem or parent is None:
            return self._told(request, {"json": {"errors": [problem]}})
        made = self.reddit.posted_by_desk(parent, account, text)
        return self._told(request, {"json": {"errors": [], "data": {"things": [self.things.shown(made)]}}})

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

    def delete(self, request: Request, account: str) -> Response:
        """Always `{}`; only the account's own things are deleted."""
        thing = self.things.get(request.form().get("id", ""))
        if thing is not None and thing["author"] == account:
            self.things.save({**thing, "gone": "deleted"})
        return json_response({})


def _says(post: Doc, wanted: list[str]) -> bool:
    words = [word.lower() for word in _WORD.findall(html.unescape(f"{post['title']} {post['text']} {post['url']}"))]
    return bool(wanted) and all(any(word.startswith(one) for word in words) for one in wanted)


def _more(parent: str, children: list[str], depth: int) -> dict[str, Any]:
    """Without children it means *continue this thread*: https://www.reddit.com/dev/api/#GET_api_morechildren"""
    number = children[0] if children else "_"
    data = {"count": len(children), "name": f"t1_{number}", "id": number, "parent_id": parent, "depth": depth}
    return {"kind": "more", "data": {**data, "children": children}}
