"""The Graph API: the token and its proof, cursor paging, usage headers, and writing as the page."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.facebook.wire import PAGE, PAGE_NAME, PROOF, TOKEN
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response, json_response
from sandbox.wire.lists import page_of
from sandbox.wire.quotas import Spent

if TYPE_CHECKING:
    from sandbox.platforms.facebook import Facebook

WINDOW_S = 24 * 3600


def error(code: int, message: str, status: int = 400, *, kind: str = "OAuthException", sub: int = 0) -> Response:
    error = {"message": message, "type": kind, "code": code, "fbtrace_id": "BLBz/WZt8dN"}
    return json_response({"error": error | ({"error_subcode": sub} if sub else {})}, status)


def graph_error(message: str, *, sub: int = 0) -> Refused:
    return Refused(error(100, message, kind="GraphMethodException", sub=sub))


def missing(node: str) -> Refused:
    said = f"Unsupported get request. Object with ID '{node}' does not exist, cannot be loaded due to missing"
    return graph_error(f"{said} permissions, or does not support this operation", sub=33)


class Api(ResourceServer):
    site: Facebook
    base = "/facebook/"
    limit = 4800
    window_s = 3600

    def __init__(self, site: Facebook) -> None:
        super().__init__(site)
        self.wire = site.wire

    def routes(self) -> Routes:
        one, edge = "{version}/{node}", "{version}/{node}/{edge}"
        return [
            ("GET", one, self.read_one),
            ("DELETE", one, self.remove),
            ("GET", edge, self.read_edge),
            ("POST", edge, self.write_edge),
        ]

    def caller(self, request: Request) -> str:
        if (request.bearer or request.query.get("access_token")) != TOKEN:
            raise Refused(error(190, "Invalid OAuth access token - Cannot parse access token", 401))
        if request.query.get("appsecret_proof") != PROOF:
            raise graph_error("API calls from the server require an appsecret_proof argument")
        return PAGE

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        share = min(100, spent.used * 100 // spent.limit)
        return {"X-App-Usage": f'{{"call_count":{share},"total_cputime":{share // 2},"total_time":{share}}}'}

    def bad_value(self, name: str, value: str) -> Response:
        return error(100, f"(#100) Param {name} must be an integer")

    # --- reading ----------------------------------------------------------------------------------------------

    def read_one(self, request: Request) -> Doc:
        node = request.params["node"]
        if node in ("me", PAGE):
            return {"id": PAGE, "name": PAGE_NAME}
        if node == "debug_token":
            return {"data": {"app_id": "340000000000900", "type": "PAGE", "is_valid": True,
                             "expires_at": 0, "data_access_expires_at": 1830000000}}  # fmt: skip
        kind, found = self._found(node)
        if kind == "fb_post":
            return self._post(request, found, request.query.get("fields", ""))
        return self.wire.comment(found)

    def _found(self, node: str) -> tuple[str, Doc]:
        """A post or a comment, with its kind."""
        for kind in ("fb_post", "fb_comment"):
            found = self.store.get(kind, node)
            if found is not None and not found["deleted"]:
                return kind, found
        raise missing(node)

    def read_edge(self, request: Request) -> Doc:
        node, edge, asked = request.params["node"], request.params["edge"], request.query
        fields = asked.get("fields", "")
        if (node, edge) == (PAGE, "feed"):
            return self._paged(request, [self._post(request, post, fields) for post in self.wire.living("fb_post")])
        if (node, edge) == (PAGE, "conversations"):
            talks = [t for t in self.wire.talks() if asked.get("user_id") in (None, t["person"])]
            return self._paged(request, [self._talk(request, talk, fields) for talk in talks])
        if edge == "messages" and node.startswith("t_"):
            messages = self.wire.living("fb_message", person=node.removeprefix("t_"))
            return self._paged(request, [self.wire.message(m) for m in messages])
        if edge == "comments":
            return self._comments(request, node)
        raise missing(node)

    def _comments(self, request: Request, node: str) -> Doc:
        post, comment = self.store.get("fb_post", node), self.store.get("fb_comment", node)
        if not (post or comment):
            raise missing(node)
        found = self.wire.living("fb_comment", post=node) if post else self.wire.living("fb_comment", parent=node)
        if post and request.query.get("filter") != "stream":
            found = [c for c in found if not c["parent"]]
        if request.query.get("order") != "reverse_chronological":
            found.reverse()
        return self._paged(request, [self.wire.comment(c) for c in found])

    def _post(self, request: Request, post: Doc, fields: str) -> Doc:
        made = self.wire.post(post)
        if "comments.limit(" in fields:
            found = [self.wire.comment(c) for c in self.wire.living("fb_comment", post=post["id"])]
            query = {"order": "reverse_chronological", "filter": "stream"}
            made["comments"] = self._nested(request, f"{post['id']}/comments", found, query)
        return made

    def _talk(self, request: Request, talk: Doc, fields: str) -> Doc:
        made = {name: value for name, value in talk.items() if name != "person"}
        if "messages.limit(" in fields:
            messages = [self.wire.message(m) for m in self.wire.living("fb_message", person=talk["person"])]
            made["messages"] = self._nested(request, f"{talk['id']}/messages", messages, {})
        return made

    def _nested(self, request: Request, path: str, entries: list[Doc], query: dict[str, str]) -> Doc:
        made: Doc = {"data": entries[:50], "summary": {"total_count": len(entries)}}
        return made | {"paging": self._paging(request, path, query, 0, 50, len(entries))}

    def _paged(self, request: Request, entries: list[Doc]) -> Doc:
        page = page_of(request, entries, self._start(request), self.number(request, "limit", 25, most=100))
        path = f"{request.params['node']}/{request.params['edge']}"
        paging = self._paging(request, path, request.query, page.start, page.size, page.total)
        return {"data": page.entries, "paging": paging}

    def _start(self, request: Request) -> int:
        try:
            return int(base64.urlsafe_b64decode(request.query.get("after", "")).decode() or 0)
        except ValueError:
            raise Refused(error(100, "(#100) Invalid cursor")) from None

    def _paging(self, request: Request, path: str, query: dict[str, str], start: int, size: int, total: int) -> Doc:
        after = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        made: Doc = {"cursors": {"before": "MAZDZD", "after": after}}
        if start + size < total:
            base = f"{self.site.universe.public_url}/facebook/{request.params['version']}/{path}"
            following = {**query, "access_token": TOKEN, "pretty": "0", "limit": size, "after": after}
            made["next"] = f"{base}?{urlencode(following)}"
        return made

    # --- writing ----------------------------------------------------------------------------------------------

    def write_edge(self, request: Request) -> Doc:
        node, edge = request.params["node"], request.params["edge"]
        if (node, edge) == (PAGE, "messages"):
            return self._send(request.json())
        kind, found = self._found(node)
        if edge == "likes":
            self.store.put(kind, node, {**found, "liked": True})
            return {"success": True}
        text = str(request.form().get("message") or "").strip()
        if not text:
            raise Refused(error(100, "(#100) Missing message or attachment"))
        made = self.site.add_comment(found, PAGE_NAME, text, self.now(), by_page=True, by_desk=True)
        return {"id": made["id"]}

    def _send(self, body: Any) -> Doc:
        person = str((body.get("recipient") or {}).get("id") or "")
        theirs = self.wire.living("fb_message", person=person, by_page=False)
        if not theirs:
            raise Refused(error(100, "(#100) No matching user found", sub=2018001))
        if theirs[0]["at"] < self.now() - WINDOW_S and body.get("tag") != "HUMAN_AGENT":
            raise Refused(error(10, "(#10) This message is sent outside of allowed window.", sub=2018278))
        text = str((body.get("message") or {}).get("text") or "")
        made = self.site.add_message(person, theirs[0]["author"], text, self.now(), by_page=True, by_desk=True)
        return {"recipient_id": person, "message_id": made["id"]}

    def remove(self, request: Request) -> Doc:
        kind, comment = self._found(request.params["node"])
        if kind != "fb_comment":
            raise missing(request.params["node"])
        self.store.put("fb_comment", comment["id"], {**comment, "deleted": True})
        self.wire.call_feed(comment, "remove")
        return {"success": True}
