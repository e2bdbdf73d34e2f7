"""The parts of API 3.0 that the desk uses: https://disqus.com/api/docs/

Cursors are `MICROSECONDS:OFFSET:0`: a page that starts within an instant says how many of its posts to skip.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.disqus.articles import FORUMS, PLACES, article
from sandbox.platforms.disqus.keys import API_KEY, API_SECRET, MODERATOR_TOKEN, token_of
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response, json_response
from sandbox.wire.lists import page_of
from sandbox.wire.quotas import Spent
from sandbox.wire.texts import linked

if TYPE_CHECKING:
    from sandbox.platforms.disqus import Disqus

MODERATOR = "moderator"
"""The account of the connection's own token."""
Fields = dict[str, str]


def failure(code: int, words: str, status: int = 400, **headers: str) -> Response:
    return json_response({"code": code, "response": words}, status, **headers)


def refused(code: int, words: str, status: int = 400) -> Refused:
    return Refused(failure(code, words, status))


def fields_of(request: Request) -> Fields:
    return {**request.query, **(request.form() if request.method == "POST" else {})}


class Api(ResourceServer):
    site: Disqus
    base = "/disqus/api/3.0"
    limit = 1000
    window_s = 3600

    def routes(self) -> Routes:
        return [
            ("GET", "/forums/listPosts.json", self.of_forum),
            ("GET", "/posts/list.json", self.of_thread),
            ("GET", "/posts/details.json", self.details),
            ("GET", "/users/details.json", self.me),
            ("POST", "/posts/create.json", self.create),
            ("POST", "/posts/remove.json", self.remove),
            ("POST", "/posts/vote.json", self.vote),
        ]

    def caller(self, request: Request) -> str:
        """The access token's account; "" without one."""
        fields = fields_of(request)
        if fields.get("api_key") != API_KEY or fields.get("api_secret", API_SECRET) != API_SECRET:
            raise refused(5, "Invalid API key")
        accounts = {token_of(account): account for account in self.site.team()}
        account = {"": "", MODERATOR_TOKEN: MODERATOR, **accounts}.get(fields.get("access_token", ""))
        if account is None:
            raise refused(18, "The access token is not valid", 401)
        return account

    def limits(self, request: Request) -> tuple[int, object, int]:
        return self.limit, API_KEY, 1

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        return {
            "X-Ratelimit-Limit": str(spent.limit),
            "X-Ratelimit-Remaining": str(spent.left),
            "X-Ratelimit-Reset": str(int(spent.ends)),
        }

    def over_quota(self, spent: Spent) -> Response:
        return failure(14, "You have exceeded the rate limit for your account", 429)

    def bad_value(self, name: str, value: str) -> Response:
        return failure(2, f"Invalid argument, '{name}': Not a valid value")

    def answer(self, request: Request, body: Any) -> Response:
        return json_response({"code": 0, "response": body})

    def _member(self, request: Request) -> str:
        if not request.caller:
            raise refused(4, "You must be authenticated to perform this action", 401)
        return str(request.caller)

    # --- reading ----------------------------------------------------------------------------------------------

    def of_forum(self, request: Request) -> Response:
        forum = request.query.get("forum", "")
        if forum not in FORUMS:
            raise refused(2, f"Invalid argument, 'forum': Unable to find forum '{forum}'")
        return self._page(request, [p for p in self.site.posts() if PLACES[p["thread"]][0] == forum])

    def of_thread(self, request: Request) -> Response:
        thread = request.query.get("thread", "")
        if thread not in PLACES:
            raise refused(2, f"Invalid argument, 'thread': Unable to find thread '{thread}'")
        return self._page(request, [p for p in self.site.posts() if p["thread"] == thread])

    def details(self, request: Request) -> Doc:
        return self.wire(self._post(request.query), request.query.get("related") == "thread")

    def _post(self, fields: Fields) -> Doc:
        post = self.site.post(fields.get("post", ""))
        if post is None:
            raise refused(8, "The requested object does not exist", 404)
        return post

    def me(self, request: Request) -> Doc:
        return self._user(self._member(request))

    def _page(self, request: Request, posts: list[Doc]) -> Response:
        wanted, asked = request.values("include") or ["approved"], request.query
        if set(wanted) - {"approved"} and request.caller != MODERATOR:
            raise refused(12, "You do not have privileges to see posts that are not approved", 403)
        since = _instant(asked.get("since", ""))
        posts = [p for p in posts if status(p) in wanted and int(p["at"]) >= since]
        if asked.get("order", "desc") == "desc":
            posts.reverse()
        start = self._start(posts, asked.get("cursor", ""))
        page = page_of(request, posts, start, self.number(request, "limit", 25, most=100), repeats=3)
        following = _token(posts, page.end if page.more else max(0, len(posts) - 1))
        entries = [self.wire(p, asked.get("related") == "thread") for p in page.entries]
        cursor = {"prev": None, "hasNext": page.more, "next": following, "hasPrev": start > 0, "total": None}
        return json_response({"cursor": {**cursor, "id": following, "more": page.more}, "code": 0, "response": entries})

    def _start(self, posts: list[Doc], token: str) -> int:
        if not token:
            return 0
        match = re.fullmatch(r"(\d+):(\d+):0", token)
        if match is None:
            raise refused(2, "Invalid argument, 'cursor': not a cursor")
        at = next((i for i, p in enumerate(posts) if _micros(p) == int(match[1])), None)
        if at is None:
            raise refused(2, "Invalid argument, 'cursor': the cursor is not valid any more")
        return at + int(match[2])

    # --- writing ----------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Doc:
        account, fields = self._member(request), fields_of(request)
        thread, text = fields.get("thread", ""), fields.get("message", "").strip()
        if thread not in PLACES:
            raise refused(2, "Invalid argument, 'thread': Unable to find thread")
        parent = self.site.post(fields.get("parent", "")) if fields.get("parent") else None
        if fields.get("parent") and (parent is None or parent["deleted"] or parent["thread"] != thread):
            raise refused(2, "Invalid argument, 'parent': You cannot reply to a deleted comment")
        if not text:
            raise refused(2, "Please enter a message.")
        with self.store.transaction():
            post = self.site.add(thread, account, text, at=self.now(), parent=parent, kind="answer", desk=True)
            self.site.answered(post, parent)
        return self.wire(post, False)

    def remove(self, request: Request) -> list[Doc]:
        post = self._post(fields_of(request))
        if request.caller not in (MODERATOR, post["author"].lower()):
            raise refused(12, "You do not have write privileges on this post", 403)
        self.site.removed(post, self.now())
        return [{"id": post["id"]}]

    def vote(self, request: Request) -> Doc:
        account, fields = self._member(request), fields_of(request)
        post = self._post(fields)
        if post["deleted"]:
            raise refused(8, "The requested object does not exist", 404)
        likes = [name for name in post["likes"] if name != account]
        likes += [account] if fields.get("vote") == "1" else []
        self.site.save({**post, "likes": likes})
        return {"id": account, "vote": int(fields.get("vote", "0")), "likes": len(likes)}

    # --- on the wire ------------------------------------------------------------------------------------------

    def wire(self, post: Doc, with_thread: bool) -> dict[str, Any]:
        is_gone = post["deleted"]
        return {
            "editableUntil": _iso(post["at"] + 7 * 86_400),
            "dislikes": 0,
            "numReports": 3 if post["spam"] else 0,
            "likes": len(post["likes"]),
            "message": "" if is_gone else as_html(post["text"]),
            "raw_message": "" if is_gone else post["text"],
            "id": post["id"],
            "createdAt": _iso(post["at"]),
            "author": _guest(post) if post["guest"] else self._user(post["author"]),
            "media": [],
            "isSpam": post["spam"],
            "isDeletedByAuthor": False,
            "isDeleted": is_gone,
            "parent": int(post["parent"]) if post["parent"] else None,
            "isApproved": status(post) == "approved",
            "isFlagged": False,
            "isHighlighted": False,
            "canVote": False,
            "thread": self._thread(post["thread"]) if with_thread else post["thread"],
            "forum": PLACES[post["thread"]][0],
            "points": len(post["likes"]),
            "moderationLabels": [],
            "isEdited": post["edited"],
            "sb": False,
        }

    def _user(self, account: str) -> dict[str, Any]:
        user = self.site.user(account)
        return {
            "username": user["username"],
            "about": "",
            "name": user["name"],
            "profileUrl": f"{self.site.universe.public_url}/disqus/by/{user['username']}",
            "url": "",
            "isPrivate": False,
            "isAnonymous": False,
            "id": user["id"],
        }

    def _thread(self, thread: str) -> dict[str, Any]:
        forum, slug, title, _ = article(thread)
        return {
            "id": thread,
            "forum": forum,
            "title": html.escape(title),
            "clean_title": title,
            "link": self.site.thread_url(thread),
            "slug": slug,
            "identifiers": [slug],
            "isClosed": False,
            "isDeleted": False,
        }


def _guest(post: Doc) -> dict[str, Any]:
    return {"name": post["name"], "url": "", "profileUrl": "", "emailHash": "0" * 32, "isAnonymous": True}


def status(post: Doc) -> str:
    """The `include` value it falls under."""
    if post["deleted"]:
        return "deleted"
    return "spam" if post["spam"] else "unapproved" if post["pending"] else "approved"


def as_html(text: str) -> str:
    parts = (linked(part, "nofollow noopener") for part in re.split(r"\n\s*\n", text.strip()))
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in parts)


def _micros(post: Doc) -> int:
    return int(post["at"] * 1_000_000)


def _token(posts: list[Doc], at: int) -> str:
    if not posts:
        return "0:0:0"
    first = next(i for i, p in enumerate(posts) if _micros(p) == _micros(posts[at]))
    return f"{_micros(posts[at])}:{at - first}:0"


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _instant(value: str) -> int:
    if not value:
        return 0
    if value.isdigit():
        return int(value)
    try:
        return int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise refused(2, "Invalid argument, 'since': not a date") from None
