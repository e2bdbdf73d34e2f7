"""The AT Protocol methods a desk needs, under /bluesky/xrpc: https://docs.bsky.app/docs/category/http-reference"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sandbox.platforms.bluesky.gate import Gate, error
from sandbox.platforms.bluesky.posts import DESK, POST, cid_of, did_of, iso, seen, tid
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.platforms.bluesky import Bluesky

LIKE = "app.bsky.feed.like"
MAX_LENGTH = 300
_WORD = re.compile(r"\w+")
_FEED = "app.bsky.feed"
_REPO = "com.atproto.repo"


def invalid(message: str) -> Response:
    return error(400, "InvalidRequest", message)


class Api:
    def __init__(self, site: Bluesky, gate: Gate) -> None:
        self.site, self.posts, self.gate, self.store = site, site.posts, gate, site.store

    def register(self, router: Router) -> None:
        base = "/bluesky/xrpc/"
        router.add("POST", f"{base}com.atproto.server.createSession", self.gate.create, platform="bluesky")
        router.add("POST", f"{base}com.atproto.server.refreshSession", self.gate.refresh, platform="bluesky")
        for method, path, view in (
            ("GET", "com.atproto.server.getSession", self.session),
            ("GET", "com.atproto.identity.resolveHandle", self.resolve),
            ("GET", "app.bsky.notification.listNotifications", self.notifications),
            ("GET", f"{_FEED}.searchPosts", self.search),
            ("GET", f"{_FEED}.getPosts", self.get_posts),
            ("GET", f"{_FEED}.getPostThread", self.thread),
            ("GET", f"{_REPO}.listRecords", self.records),
            ("POST", f"{_REPO}.createRecord", self.create),
            ("POST", f"{_REPO}.deleteRecord", self.delete),
        ):
            router.add(method, base + path, self.gate.guarded(view), platform="bluesky", write=method == "POST")

    # --- lists ------------------------------------------------------------------------------------------------

    def _page(self, request: Request, found: list[Any], key: str, default: int) -> Response:
        """`found` newest first; the cursor is an offset into it, as in the real search."""
        asked = request.query
        start = int(asked["cursor"]) if asked.get("cursor", "").isdecimal() else 0
        size = max(1, min(100, int(asked.get("limit") or default)))
        page = found[start : start + size]
        more = {"cursor": str(start + size)} if start + size < len(found) else {}
        return json_response({**more, key: page + page[:2] if request.duplicates else page})

    def notifications(self, request: Request) -> Response:
        reasons = parse_qs(request.query_string).get("reasons")
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

    def search(self, request: Request) -> Response:
        """As fuzzy as the real one: a query word matches the beginning of any word."""
        wanted = [word.lower() for word in _WORD.findall(request.query.get("q", ""))]
        if not wanted:
            return invalid('Error: Params must have the property "q"')
        since = request.query.get("since", "")
        found = [p for p in self.posts.newest() if iso(p["at"]) >= since and _says(p["record"], wanted)]
        return self._page(request, [self.posts.shown(p) for p in found], "posts", 25)

    def records(self, request: Request) -> Response:
        if request.query.get("repo") not in (DESK, did_of(DESK)) or request.query.get("collection") != POST:
            return invalid("Could not find repo")
        own = [p for p in self.posts.newest() if p["did"] == did_of(DESK)]
        made = [{"uri": p["uri"], "cid": p["cid"], "value": p["record"]} for p in own]
        return self._page(request, made, "records", 50)

    # --- one post, one thread, one account --------------------------------------------------------------------

    def session(self, request: Request) -> Response:
        return json_response({"handle": DESK, "did": did_of(DESK), "email": f"desk@{DESK}", "active": True})

    def resolve(self, request: Request) -> Response:
        did = did_of(request.query.get("handle", "").lower())
        known = self.store.get("bs_account", did)
        return json_response({"did": did}) if known else invalid("Unable to resolve handle")

    def get_posts(self, request: Request) -> Response:
        uris = parse_qs(request.query_string).get("uris", [])
        if len(uris) > 25:
            return invalid("Error: uris must not have more than 25 elements")
        found = [post for uri in uris if (post := self.posts.get(uri)) and not post["gone"]]
        return json_response({"posts": [self.posts.shown(post) for post in found]})

    def thread(self, request: Request) -> Response:
        post = self.posts.get(request.query.get("uri", ""))
        if post is None or post["gone"]:
            return error(400, "NotFound", f"Post not found: {request.query.get('uri', '')}")
        node = self._node(post, int(request.query.get("depth") or 6))
        parent = post["record"].get("reply", {}).get("parent")
        return json_response({"thread": node | ({"parent": self._above(parent["uri"])} if parent else {})})

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

    def create(self, request: Request) -> Response:
        given = request.json()
        record = given.get("record") if isinstance(given, dict) else None
        if not isinstance(record, dict) or given.get("repo") not in (DESK, did_of(DESK)):
            return invalid("Could not find repo")
        if given.get("collection") == LIKE:
            return self._like(record)
        if problem := _problem(record):
            return invalid(f"Invalid {POST} record: {problem}")
        made = self.site.posted_by_desk(record)
        return json_response({"uri": made["uri"], "cid": made["cid"], "validationStatus": "valid"})

    def _like(self, record: Doc) -> Response:
        post = self.posts.get(str(record.get("subject", {}).get("uri")))
        if post is not None:
            self.posts.save({**post, "likes": list(dict.fromkeys([*post["likes"], did_of(DESK)]))})
        key = tid(self.site.universe.now(), self.store.next_number("bs_post"))
        return json_response({"uri": f"at://{did_of(DESK)}/{LIKE}/{key}", "cid": cid_of(record)})

    def delete(self, request: Request) -> Response:
        """A missing record counts as deleted."""
        given = request.json()
        post = self.posts.get(f"at://{did_of(DESK)}/{given.get('collection')}/{given.get('rkey')}")
        if post is not None:
            self.posts.save({**post, "gone": True})
        return json_response({})


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


def _says(record: Doc, wanted: list[str]) -> bool:
    words = [word.lower() for word in _WORD.findall(seen(record))]
    return all(any(word.startswith(one) for word in words) for one in wanted)
