"""The API: https://api.stackexchange.com/docs. Every answer is gzip; errors are identified by `error_id`."""

from __future__ import annotations

import gzip
import html
import json
import re
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from sandbox.base.api import ResourceServer, Routes
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response
from sandbox.wire.lists import page_of
from sandbox.wire.quotas import Spent
from sandbox.wire.texts import is_found, words

if TYPE_CHECKING:
    from sandbox.platforms.stackexchange import StackExchange

KEY = "sandboxStackAppsKey((1"
SITE = "stackoverflow"
QUOTA = {True: 10_000, False: 300}
"""Requests a day, with and without a key."""
RUSH = 20


def failure(number: int, name: str, message: str, status: int = 400) -> Response:
    return packed({"error_id": number, "error_message": message, "error_name": name}, status)


def bad_parameter(message: str) -> Refused:
    return Refused(failure(400, "bad_parameter", message))


def packed(body: Doc, status: int = 200) -> Response:
    content = gzip.compress(json.dumps(body, separators=(",", ":")).encode(), mtime=0)
    return Response(content, status, headers={"Content-Encoding": "gzip"})


def paragraphs(text: str) -> str:
    parts = re.split(r"\n\s*\n", text.strip())
    return "\n".join(f"<p>{html.escape(part, quote=False)}</p>" for part in parts) + "\n"


class Api(ResourceServer):
    site: StackExchange
    base = "/stackexchange/2.3"
    limit = QUOTA[True]
    window_s = 86_400

    def __init__(self, site: StackExchange) -> None:
        super().__init__(site)
        self._recent: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RUSH))

    def routes(self) -> Routes:
        return [
            ("GET", "/search", self.search),
            ("GET", "/search/advanced", self.advanced),
            ("GET", "/questions/{ids}", self.questions),
            ("GET", "/posts/{ids}", self.posts),
            ("GET", "/comments/{ids}", self.comments),
            ("GET", "/info", self.info),
            ("GET", "/filters/create", self.create_filter),
        ]

    def caller(self, request: Request) -> bool:
        """Whether the request has a key; it needs none."""
        asked = request.query
        if asked.get("key", KEY) != KEY:
            raise Refused(self.site.refusal("expired"))
        if not request.path.endswith("filters/create") and asked.get("site") != SITE:
            raise bad_parameter(f"No site found for name `{asked.get('site', '')}`")
        named = asked.get("filter", "default")
        if named not in ("default", "withbody") and self.store.get("se_filter", named) is None:
            raise bad_parameter("Invalid filter specified")
        return "key" in asked

    def limits(self, request: Request) -> tuple[int, object, int]:
        return QUOTA[request.caller], request.caller, 1

    def over_quota(self, spent: Spent) -> Response:
        left_s = max(1, int(spent.ends - self.now()))
        return failure(
            502, "throttle_violation", f"too many requests from this IP, more requests available in {left_s} seconds"
        )

    def bad_value(self, name: str, value: str) -> Response:
        return failure(400, "bad_parameter", name)

    def answer(self, request: Request, body: Any) -> Response:
        """The wrapper of every list: https://api.stackexchange.com/docs/wrapper"""
        size = self.number(request, "pagesize", 30, most=100)
        page = page_of(request, body, (self.number(request, "page", 1) - 1) * size, size)
        made: Doc = {"items": page.entries, "has_more": page.more, "quota_max": request.spent.limit,
                     "quota_remaining": request.spent.left}  # fmt: skip
        recent, now = self._recent[request.route], time.monotonic()
        recent.append(now)
        if len(recent) == RUSH and now - recent[0] < 1:
            made["backoff"] = 1.5
        return packed(made)

    def search(self, request: Request) -> list[Doc]:
        """Matches any of the tags: https://api.stackexchange.com/docs/search."""
        wanted = set(request.query.get("tagged", "").split(";")) - {""}
        if not wanted:
            raise bad_parameter("one of tagged or intitle must be set")
        return self._by_creation(request, [q for q in self.site.questions() if wanted & set(q["tags"])])

    def advanced(self, request: Request) -> list[Doc]:
        wanted = words(request.query.get("q", ""))
        found = [q for q in self.site.questions() if is_found(wanted, f"{q['title']} {q['text']}")]
        return self._by_creation(request, found)

    def _by_creation(self, request: Request, found: list[Doc]) -> list[Doc]:
        asked = request.query
        key = "active" if asked.get("sort", "activity") == "activity" else "at"
        low, high = self.number(request, "fromdate", 0, least=0), self.number(request, "todate", 1 << 40)
        found = sorted((q for q in found if low <= q["at"] <= high), key=lambda q: (q[key], q["id"]),
                       reverse=asked.get("order", "desc") == "desc")  # fmt: skip
        return [self._post(question, asked.get("filter", "default")) for question in found]

    def questions(self, request: Request) -> list[Doc]:
        known = self._known(request, "se_post")
        named = request.query.get("filter", "default")
        return [self._post(post, named) for post in known if post["type"] == "question"]

    def posts(self, request: Request) -> list[Doc]:
        named = request.query.get("filter", "default")
        return [{"post_id": post["id"], "post_type": post["type"], **self._shared(post, named)}
                for post in self._known(request, "se_post")]  # fmt: skip

    def comments(self, request: Request) -> list[Doc]:
        return [self._comment(c, request.query.get("filter", "default")) for c in self._known(request, "se_comment")]

    def _known(self, request: Request, kind: str) -> list[Doc]:
        found = (self.site.store.get(kind, number) for number in request.params["ids"].split(";"))
        return [doc for doc in found if doc and not doc["gone"]]

    def info(self, request: Request) -> list[Doc]:
        return [{"total_questions": len(self.site.questions()), "api_revision": "2026.11.1.1"}]

    def create_filter(self, request: Request) -> list[Doc]:
        """The same fields always yield the same name."""
        included = sorted(request.query.get("include", "").split(";"))
        name = "!" + re.sub(r"\W", "", f"{request.query.get('base', '')}{len(';'.join(included))}")
        self.site.store.put("se_filter", name, {"include": included, "base": request.query.get("base", "default")})
        return [{"filter": name, "included_fields": included, "filter_type": "safe"}]

    # --- wire format ------------------------------------------------------------------------------------------

    def _includes(self, named: str, field: str) -> bool:
        kept = self.site.store.get("se_filter", named) or {"include": [], "base": named}
        return field in kept["include"] or (field.endswith(".body") and kept["base"] == "withbody")

    def _shared(self, post: Doc, named: str) -> Doc:
        made: Doc = {"owner": self._owner(post["author"]), "score": 0, "last_activity_date": post["active"],
                     "creation_date": post["at"], "content_license": "CC BY-SA 4.0"}  # fmt: skip
        if post["edited"]:
            made["last_edit_date"] = post["edited"]
        if self._includes(named, f"{post['type']}.body"):
            made["body"] = paragraphs(post["text"])
        return made

    def _post(self, question: Doc, named: str) -> Doc:
        answers = [p for p in self.site.children("se_post", question["id"]) if p["type"] == "answer"]
        made = {"tags": question["tags"], "is_answered": bool(answers), "view_count": 7, "answer_count": len(answers),
                "question_id": question["id"], "title": html.escape(question["title"]).replace("&#x27;", "&#39;"),
                "link": self.site.link(question), **self._shared(question, named)}  # fmt: skip
        if self._includes(named, "question.answers") and answers:
            made["answers"] = [self._answer(answer, named) for answer in answers]
        return made | self._comments_on(question, named)

    def _answer(self, answer: Doc, named: str) -> Doc:
        made = {"is_accepted": False, "answer_id": answer["id"], "question_id": answer["question"],
                **self._shared(answer, named)}  # fmt: skip
        return made | self._comments_on(answer, named)

    def _comments_on(self, post: Doc, named: str) -> Doc:
        if not self._includes(named, f"{post['type']}.comments"):
            return {}
        comments = [c for c in self.site.store.all("se_comment").values() if c["post"] == post["id"] and not c["gone"]]
        return {"comments": [self._comment(c, named) for c in comments]} if comments else {}

    def _comment(self, comment: Doc, named: str) -> Doc:
        made = {"owner": self._owner(comment["author"]), "edited": bool(comment["edited"]), "score": 0,
                "creation_date": comment["at"], "post_id": comment["post"], "comment_id": comment["id"],
                "content_license": "CC BY-SA 4.0"}  # fmt: skip
        if self._includes(named, "comment.body"):
            made["body"] = html.escape(comment["text"], quote=False)
        return made

    def _owner(self, number: str) -> Doc:
        name = self.site.user(number)
        slug = re.sub(r"\W+", "-", name.lower())
        return {"reputation": 101, "user_id": int(number), "user_type": "registered",
                "display_name": html.escape(name).replace("&#x27;", "&#39;"),
                "link": f"{self.site.web}/users/{number}/{slug}"}  # fmt: skip
