"""The API: https://api.stackexchange.com/docs. Every answer is gzip; errors are identified by `error_id`."""

from __future__ import annotations

import gzip
import html
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.stackexchange import StackExchange

KEY = "sandboxStackAppsKey((1"
SITE = "stackoverflow"
QUOTA = {True: 10_000, False: 300}
RUSH = 20
_WORD = re.compile(r"\w+")


def failure(number: int, name: str, message: str, status: int = 400) -> Response:
    return packed({"error_id": number, "error_message": message, "error_name": name}, status)


def packed(body: Doc, status: int = 200) -> Response:
    content = gzip.compress(json.dumps(body, separators=(",", ":")).encode(), mtime=0)
    return Response(content, status, headers={"Content-Encoding": "gzip"})


def paragraphs(text: str) -> str:
    parts = re.split(r"\n\s*\n", text.strip())
    return "\n".join(f"<p>{html.escape(part, quote=False)}</p>" for part in parts) + "\n"


class Api:
    def __init__(self, site: StackExchange) -> None:
        self.site = site
        self._used: defaultdict[bool, int] = defaultdict(int)
        self._recent: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RUSH))

    def register(self, router: Router) -> None:
        for path, view in (
            ("search", self.search),
            ("search/advanced", self.advanced),
            ("questions/{ids}", self.questions),
            ("posts/{ids}", self.posts),
            ("comments/{ids}", self.comments),
            ("info", self.info),
            ("filters/create", self.create_filter),
        ):
            router.add("GET", f"/stackexchange/2.3/{path}", self._asked(path, view), platform=self.site.name)

    # --- API --------------------------------------------------------------------------------------------------

    def _asked(self, path: str, view: Callable[[Request], list[Doc] | Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            asked = request.query
            has_key = "key" in asked
            if has_key and asked["key"] != KEY:
                return failure(400, "bad_parameter", "`key` doesn't match a known application")
            if path != "filters/create" and asked.get("site") != SITE:
                return failure(400, "bad_parameter", f"No site found for name `{asked.get('site', '')}`")
            named = asked.get("filter", "default")
            if named not in ("default", "withbody") and self.site.store.get("se_filter", named) is None:
                return failure(400, "bad_parameter", "Invalid filter specified")
            self._used[has_key] += 1
            if self._used[has_key] > QUOTA[has_key]:
                return failure(502, "throttle_violation", "too many requests from this IP, more requests available in "
                               f"{86_400 - int(time.time()) % 86_400} seconds")  # fmt: skip
            found = view(request)
            return found if isinstance(found, Response) else self._wrapped(request, path, found, has_key)

        return answer

    def _wrapped(self, request: Request, path: str, found: list[Doc], has_key: bool) -> Response:
        number = max(1, int(request.query.get("page", 1)))
        size = max(1, min(100, int(request.query.get("pagesize", 30))))
        shown = found[(number - 1) * size : number * size]
        if request.duplicates:
            shown = shown + shown[:1]
        body: Doc = {
            "items": shown,
            "has_more": number * size < len(found),
            "quota_max": QUOTA[has_key],
            "quota_remaining": QUOTA[has_key] - self._used[has_key],
        }
        recent, now = self._recent[path], time.monotonic()
        recent.append(now)
        if len(recent) == RUSH and now - recent[0] < 1:
            body["backoff"] = 1.5
        return packed(body)

    def search(self, request: Request) -> list[Doc] | Response:
        """Matches any of the tags: https://api.stackexchange.com/docs/search."""
        wanted = set(request.query.get("tagged", "").split(";")) - {""}
        if not wanted:
            return failure(400, "bad_parameter", "one of tagged or intitle must be set")
        return self._by_creation(request, [q for q in self.site.questions() if wanted & set(q["tags"])])

    def advanced(self, request: Request) -> list[Doc]:
        """Fuzzy: each query word is the beginning of some word of the question."""
        words = [w.lower() for w in _WORD.findall(request.query.get("q", ""))]
        found = []
        for question in self.site.questions():
            said = [w.lower() for w in _WORD.findall(f"{question['title']} {question['text']}")]
            if all(any(s.startswith(word) for s in said) for word in words):
                found.append(question)
        return self._by_creation(request, found)

    def _by_creation(self, request: Request, found: list[Doc]) -> list[Doc]:
        asked = request.query
        key = "active" if asked.get("sort", "activity") == "activity" else "at"
        low, high = int(asked.get("fromdate", 0)), int(asked.get("todate", 1 << 40))
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
