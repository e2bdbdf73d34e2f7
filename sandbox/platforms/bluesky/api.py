"""The AT Protocol methods a desk needs, under /bluesky/xrpc: https://docs.bsky.app/docs/category/http-reference"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.base.api import Routes
from sandbox.platforms.bluesky.gate import Gate, error
from sandbox.platforms.bluesky.posts import DESK, POST, cid_of, did_of, seen, tid
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response
from sandbox.wire.lists import page_of
from sandbox.wire.texts import is_found, iso, words

if TYPE_CHECKING:
    from sandbox.platforms.bluesky import Bluesky

LIKE = "app.bsky.feed.like"
MAX_LENGTH = 300
_FEED = "app.bsky.feed"
_REPO = "com.atproto.repo"
_SERVER = "com.atproto.server"


def invalid(message: str) -> Refused:
    return Refused(error(400, "InvalidRequest", message))


class Api(Gate):
    base = "/bluesky/xrpc/"
    site: Bluesky

    def __init__(self, site: Bluesky) -> None:
        super().__init__(site)
        self.posts = site.posts

    def open_routes(self) -> Routes:
        return [
            ("POST", f"{_SERVER}.createSession", self.log_in),
            ("POST", f"{_SERVER}.refreshSession", self.refresh),
        ]

    def routes(self) -> Routes:
        return [
            ("GET", f"{_SERVER}.getSession", self.session),
            ("GET", "com.atproto.identity.resolveHandle", self.resolve),
            ("GET", "app.bsky.notification.listNotifications", self.notifications),
            ("GET", f"{_FEED}.searchPosts", self.search),
            ("GET", f"{_FEED}.getPosts", self.get_posts),
            ("GET", f"{_FEED}.getPostThread", self.thread),
            ("GET", f"{_REPO}.listRecords", self.records),
            ("POST", f"{_REPO}.createRecord", self.create),
            ("POST", f"{_REPO}.deleteRecord", self.delete),
        ]

    def bad_value(self, name: str, value: str) -> Response:
        return error(400, "InvalidRequest", f"Error: {name} must be an integer")

    # --- lists ------------------------------------------------------------------------------------------------

    def _page(self, request: Request, found: list[Any], key: str, default: int) -> Doc:
        """`found` newest first; the cursor is an offset into it, as in the real search."""
        cursor = request.query.get("cursor", "")
        page = page_of(
            request, found, int(cursor) if cursor.isdecimal() else 0, self.number(request, "limit", default, most=100),
            repeats=2,
        )  # fmt: skip
        return {**({"cursor": str(page.end)} if page.more else {}), key: page.entries}

    def notifications(self, request: Request) -> Doc:
        reasons = request.values("reasons")
        made = [
            {
                "uri": post["uri"], "cid": post["cid"], "author": self.posts.author(post["did"]),
                "reason": note["reason"], "record": post["record"], "isRead": False, "indexedAt": iso(note["at"]),
                "labels": [],
            }
            for note, post in self.posts.notes()
            if not reasons or note["reason"] in reasons
        ]  # fmt: skip
        return self._page(request, made, "notifications", 50)

    def search(self, request: Request) -> Doc:
        wanted = words(request.query.get("q", ""))
        if not wanted:
            raise invalid('Error: Params must have the property "q"')
        since = request.query.get("since", "")
        found = [p for p in self.posts.newest() if iso(p["at"]) >= since and is_found(wanted, seen(p["record"]))]
        return self._page(request, [self.posts.shown(p) for p in found], "posts", 25)

    def records(self, request: Request) -> Doc:
        if request.query.get("repo") not in (DESK, did_of(DESK)) or request.query.get("collection") != POST:
            raise invalid("Could not find repo")
        own = [p for p in self.posts.newest() if p["did"] == did_of(DESK)]
        made = [{"uri": p["uri"], "cid": p["cid"], "value": p["record"]} for p in own]
        return self._page(request, made, "records", 50)

    # --- one post, one thread, one account --------------------------------------------------------------------

    def session(self, request: Request) -> Doc:
        return {"handle": DESK, "did": did_of(DESK), "email": f"desk@{DESK}", "active": True}

    def resolve(self, request: Request) -> Doc:
        did = did_of(request.query.get("handle", "").lower())
        if self.store.get("bs_account", did) is None:
            raise invalid("Unable to resolve handle")
        return {"did": did}

    def get_posts(self, request: Request) -> Doc:
        uris = request.values("uris")
        if len(uris) > 25:
            raise invalid("Error: uris must not have more than 25 elements")
        found = [post for uri in uris if (post := self.posts.get(uri)) and not post["gone"]]
        return {"posts": [self.posts.shown(post) for post in found]}

    def thread(self, request: Request) -> Doc:
        post = self.posts.get(request.query.get("uri", ""))
        if post is None or post["gone"]:
            raise Refused(error(400, "NotFound", f"Post not found: {request.query.get('uri', '')}"))
        node = self._node(post, self.number(request, "depth", 6, least=0))
        parent = post["record"].get("reply", {}).get("parent")
        return {"thread": node | ({"parent": self._above(parent["uri"])} if parent else {})}

    def _node(self, post: Doc, depth: int) -> Doc:
        replies = [self._node(child, depth - 1) for child in self.posts.children(post["uri"])] if depth > 0 else []
        return {"$type": f"{_FEED}.defs#threadViewPost", "post": self.posts.shown(post), "replies": replies}

    def _above(self, uri: str) -> Doc:
        post = self.posts.get(uri)
        if post is None or post["gone"]:
            return {"$type": f"{_FEED}.defs#notFoundPost", "uri": uri, "notFound": True}
        parent = post["record"].get("reply", {}).get("parent")
        node = {"$type": f"{_FEED}.defs#threadViewPost", "post": self.posts.shown(post)}
        return node | ({"parent": self._above(parent["uri"])} if parent else {})

    # --- writing ----------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Doc:
        given = request.json()
        record = given.get("record") if isinstance(given, dict) else None
        if not isinstance(record, dict) or given.get("repo") not in (DESK, did_of(DESK)):
            raise invalid("Could not find repo")
        if given.get("collection") == LIKE:
            return self._like(record)
        if problem := _problem(record):
            raise invalid(f"Invalid {POST} record: {problem}")
        made = self.site.posted_by_desk(record)
        return {"uri": made["uri"], "cid": made["cid"], "validationStatus": "valid"}

    def _like(self, record: Doc) -> Doc:
        post = self.posts.get(str(record.get("subject", {}).get("uri")))
        if post is not None:
            self.posts.save({**post, "likes": [*post["likes"], did_of(DESK)]})  # a second record is a second like
        key = tid(self.now(), self.store.next_number("bs_post"))
        return {"uri": f"at://{did_of(DESK)}/{LIKE}/{key}", "cid": cid_of(record)}

    def delete(self, request: Request) -> Doc:
        """A missing record counts as deleted."""
        given = request.json()
        post = self.posts.get(f"at://{did_of(DESK)}/{given.get('collection')}/{given.get('rkey')}")
        if post is not None:
            self.posts.save({**post, "gone": True})
        return {}


def _problem(record: Doc) -> str:
    text = record.get("text")
    if not isinstance(text, str) or "createdAt" not in record:
        return "Record must have the properties text and createdAt"
    if len(text) > MAX_LENGTH:
        return f"Record/text must not be longer than {MAX_LENGTH} graphemes"
    size = len(text.encode())
    for facet in record.get("facets", ()):
        if not 0 <= facet["index"]["byteStart"] < facet["index"]["byteEnd"] <= size:
            return "Record/facets index out of bounds"
    reply = record.get("reply")
    ends = [reply.get(end, {}) for end in ("root", "parent")] if reply is not None else []
    return "" if all("uri" in end and "cid" in end for end in ends) else "Record/reply must have root and parent"
