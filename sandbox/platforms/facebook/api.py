"""The Graph API: the token and its proof, cursor paging, usage headers, and writing as the page."""

from __future__ import annotations

import base64
import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from sandbox.base.universe import Universe
from sandbox.platforms.facebook.wire import PAGE, PAGE_NAME, PROOF, TOKEN, Wire
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response

WINDOW_S = 24 * 3600
CALLS_AN_HOUR = 4800


def error(code: int, message: str, status: int = 400, *, kind: str = "OAuthException", sub: int = 0) -> Response:
    told = {"message": message, "type": kind, "code": code, "fbtrace_id": "BLBz/WZt8dN"}
    return json_response({"error": told | ({"error_subcode": sub} if sub else {})}, status)


class Api(Wire):
    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self._used: dict[int, int] = {}

    def register(self, router: Router) -> None:
        one, edge = "/facebook/{version}/{node}", "/facebook/{version}/{node}/{edge}"
        for method, path, view in (
            ("GET", one, self.read_one),
            ("DELETE", one, self.remove),
            ("GET", edge, self.read_edge),
            ("POST", edge, self.write_edge),
        ):
            router.add(method, path, self._allowed(view), platform=self.name, write=method != "GET")

    def _allowed(self, view: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def checked(request: Request) -> Response:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.query.get(
                "access_token"
            )
            if token != TOKEN:
                return error(190, "Invalid OAuth access token - Cannot parse access token", 401)
            if request.query.get("appsecret_proof") != PROOF:
                return error(
                    100, "API calls from the server require an appsecret_proof argument", kind="GraphMethodException"
                )
            answer = view(request)
            hour = int(time.time()) // 3600
            self._used[hour] = self._used.get(hour, 0) + 1
            share = min(100, self._used[hour] * 100 // CALLS_AN_HOUR)
            answer.headers["X-App-Usage"] = (
                f'{{"call_count":{share},"total_cputime":{share // 2},"total_time":{share}}}'
            )
            return answer

        return checked

    # --- reading ----------------------------------------------------------------------------------------------

    def read_one(self, request: Request) -> Response:
        node = request.params["node"]
        if node in ("me", PAGE):
            return json_response({"id": PAGE, "name": PAGE_NAME})
        if node == "debug_token":
            return json_response({"data": {"app_id": "340000000000900", "type": "PAGE", "is_valid": True,
                                           "expires_at": 0, "data_access_expires_at": 1830000000}})  # fmt: skip
        post, comment = self.store.get("fb_post", node), self.store.get("fb_comment", node)
        found = post or comment
        if found is None or found["deleted"]:
            return self._missing(node)
        fields = request.query.get("fields", "")
        return json_response(self._post(request, found, fields) if post else self.comment(found))

    def _missing(self, node: str) -> Response:
        said = f"Unsupported get request. Object with ID '{node}' does not exist, cannot be loaded due to missing"
        return error(
            100, f"{said} permissions, or does not support this operation", kind="GraphMethodException", sub=33
        )

    def read_edge(self, request: Request) -> Response:
        node, edge, asked = request.params["node"], request.params["edge"], request.query
        fields = asked.get("fields", "")
        if (node, edge) == (PAGE, "feed"):
            posts = [self._post(request, post, fields) for post in self.living("fb_post")]
            return self._paged(request, posts)
        if (node, edge) == (PAGE, "conversations"):
            talks = [t for t in self.talks() if asked.get("user_id") in (None, t["person"])]
            return self._paged(request, [self._talk(request, talk, fields) for talk in talks])
        if edge == "messages" and node.startswith("t_"):
            messages = self.living("fb_message", person=node.removeprefix("t_"))
            return self._paged(request, [self.message(m) for m in messages])
        if edge == "comments":
            return self._comments(request, node)
        return self._missing(node)

    def _comments(self, request: Request, node: str) -> Response:
        post, comment = self.store.get("fb_post", node), self.store.get("fb_comment", node)
        if not (post or comment):
            return self._missing(node)
        found = self.living("fb_comment", post=node) if post else self.living("fb_comment", parent=node)
        if post and request.query.get("filter") != "stream":
            found = [c for c in found if not c["parent"]]
        if request.query.get("order") != "reverse_chronological":
            found.reverse()
        return self._paged(request, [self.comment(c) for c in found])

    def _post(self, request: Request, post: Doc, fields: str) -> Doc:
        made = self.post(post)
        if "comments.limit(" in fields:
            found = self.living("fb_comment", post=post["id"])
            query = {"order": "reverse_chronological", "filter": "stream"}
            made["comments"] = self._nested(request, f"{post['id']}/comments", [self.comment(c) for c in found], query)
        return made

    def _talk(self, request: Request, talk: Doc, fields: str) -> Doc:
        made = {name: value for name, value in talk.items() if name != "person"}
        if "messages.limit(" in fields:
            messages = [self.message(m) for m in self.living("fb_message", person=talk["person"])]
            made["messages"] = self._nested(request, f"{talk['id']}/messages", messages, {})
        return made

    def _nested(self, request: Request, path: str, entries: list[Doc], query: dict[str, str]) -> Doc:
        made: Doc = {"data": entries[:50], "summary": {"total_count": len(entries)}}
        return made | {"paging": self._paging(request, path, query, 0, 50, len(entries))}

    def _paged(self, request: Request, entries: list[Doc]) -> Response:
        asked = request.query
        size, after = max(1, min(100, int(asked.get("limit", 25)))), asked.get("after", "")
        start = int(base64.urlsafe_b64decode(after).decode()) if after else 0
        shown = entries[start : start + size]
        if request.duplicates:
            shown = shown + shown[:1]
        path = f"{request.params['node']}/{request.params['edge']}"
        return json_response({"data": shown, "paging": self._paging(request, path, asked, start, size, len(entries))})

    def _paging(self, request: Request, path: str, query: dict[str, str], start: int, size: int, total: int) -> Doc:
        after = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        made: Doc = {"cursors": {"before": "MAZDZD", "after": after}}
        if start + size < total:
            base = f"{self.universe.public_url}/facebook/{request.params['version']}/{path}"
            following = {**query, "access_token": TOKEN, "pretty": "0", "limit": size, "after": after}
            made["next"] = f"{base}?{urlencode(following)}"
        return made

    # --- writing ----------------------------------------------------------------------------------------------

    def write_edge(self, request: Request) -> Response:
        node, edge = request.params["node"], request.params["edge"]
        if (node, edge) == (PAGE, "messages"):
            return self._send(request.json())
        post, comment = self.store.get("fb_post", node), self.store.get("fb_comment", node)
        found = post or comment
        if found is None or found["deleted"]:
            return self._missing(node)
        if edge == "likes":
            self.store.put("fb_post" if post else "fb_comment", node, {**found, "liked": True})
            return json_response({"success": True})
        text = str(request.form().get("message") or "").strip()
        if not text:
            return error(100, "(#100) Missing message or attachment")
        made = self.add_comment(found, PAGE_NAME, text, time.time(), by_page=True, by_desk=True)
        return json_response({"id": made["id"]})

    @abstractmethod
    def add_comment(self, above: Doc, author: str, text: str, at: float, **more: Any) -> Doc:
        """Under a post or a comment."""

    @abstractmethod
    def add_message(self, person: str, author: str, text: str, at: float, **more: Any) -> Doc:
        """In the page's conversation with a person."""

    def _send(self, body: Doc) -> Response:
        person = str((body.get("recipient") or {}).get("id") or "")
        theirs = self.living("fb_message", person=person, by_page=False)
        if not theirs:
            return error(100, "(#100) No matching user found", sub=2018001)
        if theirs[0]["at"] < time.time() - WINDOW_S and body.get("tag") != "HUMAN_AGENT":
            return error(10, "(#10) This message is sent outside of allowed window.", sub=2018278)
        text = str((body.get("message") or {}).get("text") or "")
        made = self.add_message(person, theirs[0]["author"], text, time.time(), by_page=True, by_desk=True)
        return json_response({"recipient_id": person, "message_id": made["id"]})

    def remove(self, request: Request) -> Response:
        comment = self.store.get("fb_comment", request.params["node"])
        if comment is None or comment["deleted"]:
            return self._missing(request.params["node"])
        self.store.put("fb_comment", comment["id"], {**comment, "deleted": True})
        self.call_feed(comment, "remove")
        return json_response({"success": True})

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            return error(4, "(#4) Application request limit reached", 403)
        if kind == "expired":
            said = "Error validating access token: Session has expired on Monday, 02-Nov-26 05:00:00 PST."
            return error(190, said, 401, sub=463)
        return error(2, "An unexpected error has occurred. Please retry your request later.", 500)
