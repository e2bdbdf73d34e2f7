"""The endpoints of https://docs.joinmastodon.org/methods/ that a desk needs, under /mastodon/api."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sandbox.platforms.mastodon.statuses import DESK, PUBLIC, account_id, called, iso, seen, tags
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.platforms.mastodon import Mastodon

TOKEN = "sandbox-mastodon-access-token-of-acme"  # noqa: S105
LIMIT = 300
WINDOW_S = 300
MAX_LENGTH = 500
KEY_LIFE_S = 3600
_WORD = re.compile(r"\w+")
View = Callable[[Request], Response]


def error(status: int, message: str) -> Response:
    return json_response({"error": message}, status)


class Api:
    def __init__(self, instance: Mastodon) -> None:
        self.instance, self.statuses, self.store = instance, instance.statuses, instance.store
        self._window = instance.universe.quotas.window(WINDOW_S)

    def register(self, router: Router) -> None:
        base = "/mastodon/api"
        for method, path, view in (
            ("GET", "/v1/accounts/verify_credentials", self.me),
            ("GET", "/v1/accounts/{id}/statuses", self.of_account),
            ("GET", "/v1/notifications", self.notifications),
            ("GET", "/v2/search", self.search),
            ("GET", "/v1/timelines/tag/{tag}", self.tagged),
            ("GET", "/v1/statuses/{id}", self.status),
            ("GET", "/v1/statuses/{id}/context", self.context),
            ("POST", "/v1/statuses", self.post),
            ("POST", "/v1/statuses/{id}/favourite", self.favourite),
            ("DELETE", "/v1/statuses/{id}", self.delete),
        ):
            router.add(method, base + path, self._guarded(view), platform="mastodon", write=method != "GET")

    def _guarded(self, view: View) -> View:
        def answer(request: Request) -> Response:
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return error(401, "The access token is invalid")
            used, ends = self._window.take(self.instance.universe.now())
            response = view(request) if used <= LIMIT else error(429, "Too many requests")
            response.headers |= {
                "X-RateLimit-Limit": str(LIMIT),
                "X-RateLimit-Remaining": str(max(0, LIMIT - used)),
                "X-RateLimit-Reset": iso(ends),
            }
            return response

        return answer

    # --- lists ------------------------------------------------------------------------------------------------

    def _page(self, request: Request, found: list[tuple[int, Any]], most: int) -> tuple[list[Any], str]:
        """(id, entry) newest first → the entries of the requested page, and its Link header."""
        asked = request.query
        ceiling, floor = int(asked.get("max_id") or 1 << 80), int(asked.get("since_id") or 0)
        size = max(1, min(most, int(asked.get("limit") or 20)))
        page = [(number, entry) for number, entry in found if floor < number < ceiling][:size]
        link = ""
        if page:
            where = f"{self.statuses.web()}{request.path.removeprefix('/mastodon')}"
            rest = re.sub(r"(^|&)(max|since|min)_id=[^&]*", "", request.query_string).strip("&")
            following = f'<{where}?{rest}&max_id={page[-1][0]}>; rel="next", ' if len(page) == size else ""
            link = f'{following}<{where}?{rest}&min_id={page[0][0]}>; rel="prev"'
        entries = [entry for _, entry in page]
        return (entries + entries[:2] if request.duplicates else entries), link

    def _listed(self, request: Request, found: list[Doc]) -> Response:
        entries, link = self._page(request, [(int(s["id"]), s) for s in found], 40)
        return json_response([self.statuses.shown(s) for s in entries], **_linked(link))

    def notifications(self, request: Request) -> Response:
        types = parse_qs(request.query_string).get("types[]", ["mention"])
        found = [(int(note["id"]), (note, status)) for note, status in self.statuses.notes()]
        entries, link = self._page(request, found if "mention" in types else [], 80)
        made = [
            {
                "id": note["id"], "type": "mention", "created_at": iso(note["at"]),
                "group_key": f"ungrouped-{note['id']}", "account": self.statuses.account(status["author"]),
                "status": self.statuses.shown(status),
            }
            for note, status in entries
        ]  # fmt: skip
        return json_response(made, **_linked(link))

    def search(self, request: Request) -> Response:
        """Public posts, as fuzzy as the real search: a query word matches the beginning of any word."""
        wanted = [word.lower() for word in _WORD.findall(request.query.get("q", ""))]
        found = [s for s in self.statuses.newest() if s["visibility"] == "public" and _says(s, wanted)]
        entries, _ = self._page(request, [(int(s["id"]), s) for s in found], 40)
        shown = [self.statuses.shown(s) for s in entries]
        return json_response({"accounts": [], "statuses": shown, "hashtags": []})

    def tagged(self, request: Request) -> Response:
        tag = request.params["tag"].lower()
        return self._listed(
            request,
            [s for s in self.statuses.newest() if s["visibility"] == "public" and tag in tags(s["text"])],
        )

    def of_account(self, request: Request) -> Response:
        return self._listed(
            request,
            [s for s in self.statuses.newest() if account_id(s["author"]) == request.params["id"] and self._visible(s)],
        )

    def me(self, request: Request) -> Response:
        source = {"privacy": "public", "sensitive": False, "language": None, "note": "", "fields": []}
        return json_response(self.statuses.account(DESK) | {"source": source})

    # --- one status -------------------------------------------------------------------------------------------

    def _visible(self, status: Doc) -> bool:
        if status["gone"]:
            return False
        is_meant = status["visibility"] == "direct" and DESK in called(status["text"])
        return status["visibility"] in PUBLIC or status["author"] == DESK or is_meant

    def _found(self, request: Request) -> Doc | None:
        status = self.statuses.get(request.params["id"])
        return status if status is not None and self._visible(status) else None

    def status(self, request: Request) -> Response:
        status = self._found(request)
        return json_response(self.statuses.shown(status)) if status else error(404, "Record not found")

    def context(self, request: Request) -> Response:
        status = self._found(request)
        if status is None:
            return error(404, "Record not found")
        above = [self.statuses.shown(s) for s in self.statuses.above(status) if self._visible(s)]
        below = [self.statuses.shown(s) for s in self.statuses.below(status["id"]) if self._visible(s)]
        return json_response({"ancestors": above, "descendants": below})

    def post(self, request: Request) -> Response:
        form, key = request.form(), request.headers.get("Idempotency-Key") or ""
        now = self.instance.universe.now()
        known = self.store.get("md_key", key) if key else None
        if known is not None and known["at"] > now - KEY_LIFE_S:
            before = self.statuses.get(known["status"])
            if before is not None:
                return json_response(self.statuses.shown(before))
        text, parent = str(form.get("status") or ""), None
        if not text.strip():
            return error(422, "Validation failed: Text can't be blank")
        if len(text) > MAX_LENGTH:
            return error(422, f"Validation failed: Text character limit of {MAX_LENGTH} exceeded")
        if form.get("in_reply_to_id"):
            parent = self.statuses.get(str(form["in_reply_to_id"]))
            if parent is None or not self._visible(parent):
                return error(404, "Record not found")
        made = self.instance.posted_by_desk(
            parent, text, str(form.get("visibility") or "public"), str(form.get("language") or "en")
        )
        if key:
            self.store.put("md_key", key, {"status": made["id"], "at": now})
        return json_response(self.statuses.shown(made))

    def favourite(self, request: Request) -> Response:
        status = self._found(request)
        if status is None:
            return error(404, "Record not found")
        likes = list(dict.fromkeys([*status["likes"], DESK]))
        return json_response(self.statuses.shown(self.statuses.save({**status, "likes": likes})))

    def delete(self, request: Request) -> Response:
        """Own posts only: anything else is *not found*."""
        status = self._found(request)
        if status is None or status["author"] != DESK:
            return error(404, "Record not found")
        shown = self.statuses.shown(status) | {"text": status["text"]}
        self.statuses.save({**status, "gone": True})
        return json_response(shown)


def _says(status: Doc, wanted: list[str]) -> bool:
    words = [word.lower() for word in _WORD.findall(seen(status))]
    return bool(wanted) and all(any(word.startswith(one) for word in words) for one in wanted)


def _linked(link: str) -> dict[str, Any]:
    return {"Link": link} if link else {}
