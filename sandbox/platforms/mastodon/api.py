"""The endpoints of https://docs.joinmastodon.org/methods/ that a desk needs, under /mastodon/api."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.mastodon.statuses import DESK, PUBLIC, account_id, called, seen, tags
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response, json_response
from sandbox.wire.quotas import Spent
from sandbox.wire.texts import is_found, iso, words

if TYPE_CHECKING:
    from sandbox.platforms.mastodon import Mastodon

TOKEN = "sandbox-mastodon-access-token-of-acme"  # noqa: S105
MAX_LENGTH = 500
KEY_LIFE_S = 3600


def error(status: int, message: str, **headers: str) -> Response:
    return json_response({"error": message}, status, **headers)


class Api(ResourceServer):
    site: Mastodon
    base = "/mastodon/api"
    limit = 300
    window_s = 300

    def __init__(self, site: Mastodon) -> None:
        super().__init__(site)
        self.statuses = site.statuses

    def routes(self) -> Routes:
        return [
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
        ]

    def caller(self, request: Request) -> str:
        if request.bearer != TOKEN:
            raise Refused(self.site.refusal("expired"))
        return DESK

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(spent.limit),
            "X-RateLimit-Remaining": str(spent.left),
            "X-RateLimit-Reset": iso(spent.ends),
        }

    # --- lists ------------------------------------------------------------------------------------------------

    def _page(self, request: Request, found: list[tuple[int, Any]], most: int) -> tuple[list[Any], str]:
        """(id, entry) newest first → the entries of the requested page, and its Link header."""
        asked = request.query
        ceiling, floor = int(asked.get("max_id") or 1 << 80), int(asked.get("since_id") or 0)
        size = self.number(request, "limit", 20, most=most)
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
        types = request.values("types[]") or ["mention"]
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

    def search(self, request: Request) -> Doc:
        """Public posts, as fuzzy as the real search: a query word matches the beginning of any word."""
        wanted = words(request.query.get("q", ""))
        public = (s for s in self.statuses.newest() if s["visibility"] == "public")
        found = [s for s in public if wanted and is_found(wanted, seen(s))]
        entries, _ = self._page(request, [(int(s["id"]), s) for s in found], 40)
        shown = [self.statuses.shown(s) for s in entries]
        return {"accounts": [], "statuses": shown, "hashtags": []}

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

    def me(self, request: Request) -> Doc:
        source = {"privacy": "public", "sensitive": False, "language": None, "note": "", "fields": []}
        return self.statuses.account(DESK) | {"source": source}

    # --- one status -------------------------------------------------------------------------------------------

    def _visible(self, status: Doc) -> bool:
        if status["gone"]:
            return False
        is_meant = status["visibility"] == "direct" and DESK in called(status["text"])
        return status["visibility"] in PUBLIC or status["author"] == DESK or is_meant

    def _found(self, number: str) -> Doc:
        status = self.statuses.get(number)
        if status is None or not self._visible(status):
            raise Refused(self.site.refusal("404"))
        return status

    def status(self, request: Request) -> Doc:
        return self.statuses.shown(self._found(request.params["id"]))

    def context(self, request: Request) -> Doc:
        status = self._found(request.params["id"])
        above = [self.statuses.shown(s) for s in self.statuses.above(status) if self._visible(s)]
        below = [self.statuses.shown(s) for s in self.statuses.below(status["id"]) if self._visible(s)]
        return {"ancestors": above, "descendants": below}

    def post(self, request: Request) -> Doc:
        form, key = request.form(), request.headers.get("Idempotency-Key") or ""
        if (before := self._same(key)) is not None:
            return self.statuses.shown(before)
        text = str(form.get("status") or "")
        if not text.strip():
            raise Refused(error(422, "Validation failed: Text can't be blank"))
        if len(text) > MAX_LENGTH:
            raise Refused(error(422, f"Validation failed: Text character limit of {MAX_LENGTH} exceeded"))
        parent = self._found(str(form["in_reply_to_id"])) if form.get("in_reply_to_id") else None
        made = self.site.posted_by_desk(
            parent, text, str(form.get("visibility") or "public"), str(form.get("language") or "en")
        )
        if key:
            self.store.put("md_key", key, {"status": made["id"], "at": self.now()})
        return self.statuses.shown(made)

    def _same(self, key: str) -> Doc | None:
        """The post of an earlier request with this key."""
        known = self.store.get("md_key", key) if key else None
        return self.statuses.get(known["status"]) if known and known["at"] > self.now() - KEY_LIFE_S else None

    def favourite(self, request: Request) -> Doc:
        status = self._found(request.params["id"])
        likes = list(dict.fromkeys([*status["likes"], DESK]))
        return self.statuses.shown(self.statuses.save({**status, "likes": likes}))

    def delete(self, request: Request) -> Doc:
        """Own posts only: anything else is *not found*."""
        status = self._found(request.params["id"])
        if status["author"] != DESK:
            raise Refused(self.site.refusal("404"))
        self.statuses.save({**status, "gone": True})
        return self.statuses.shown(status) | {"text": status["text"]}


def _linked(link: str) -> dict[str, Any]:
    return {"Link": link} if link else {}
