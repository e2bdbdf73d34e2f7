"""The parts of API 3.0 that the desk uses: https://disqus.com/api/docs/

Cursors are `MICROSECONDS:OFFSET:0`: a page that starts within an instant says how many of its posts to skip.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sandbox.platforms.disqus.articles import FORUMS, PLACES, article
from sandbox.platforms.disqus.keys import API_KEY, API_SECRET, MODERATOR_TOKEN, token_of
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.platforms.disqus import Disqus

LIMIT_AN_HOUR = 1000
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
Fields = dict[str, str]


class Refused(Exception):
    """An answer with a non-zero code."""

    def __init__(self, code: int, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.code, self.words, self.status = code, words, status


class Api:
    def __init__(self, site: Disqus) -> None:
        self.site = site
        self.hour, self.asked = 0, 0

    def register(self, router: Router) -> None:
        for method, path, view in (
            ("GET", "forums/listPosts", self.of_forum),
            ("GET", "posts/list", self.of_thread),
            ("GET", "posts/details", self.details),
            ("GET", "users/details", self.me),
            ("POST", "posts/create", self.create),
            ("POST", "posts/remove", self.remove),
            ("POST", "posts/vote", self.vote),
        ):
            guarded = self._guarded(view)
            path = f"/disqus/api/3.0/{path}.json"
            router.add(method, path, guarded, platform="disqus", write=method == "POST")

    def _guarded(self, view: Callable[[Request, Fields], Any]) -> Callable[[Request], Response]:
        """Checks keys and quota first; refusals have a code."""

        def answer(request: Request) -> Response:
            fields = {**request.query, **(request.form() if request.method == "POST" else {})}
            left, resets_at = self._count()
            headers: dict[str, Any] = {
                "X_Ratelimit_Limit": str(LIMIT_AN_HOUR),
                "X_Ratelimit_Remaining": str(max(0, left)),
                "X_Ratelimit_Reset": str(resets_at),
            }
            try:
                if left < 0:
                    raise Refused(14, "You have exceeded the rate limit for your account", 429)
                self._keys(fields)
                return json_response(view(request, fields), **headers)
            except Refused as error:
                return json_response({"code": error.code, "response": error.words}, error.status, **headers)

        return answer

    def _count(self) -> tuple[int, int]:
        hour = int(self.site.universe.now() // 3600)
        if hour != self.hour:
            self.hour, self.asked = hour, 0
        self.asked += 1
        return LIMIT_AN_HOUR - self.asked, (hour + 1) * 3600

    def _keys(self, fields: Fields) -> None:
        if fields.get("api_key") != API_KEY or fields.get("api_secret", API_SECRET) != API_SECRET:
            raise Refused(5, "Invalid API key")

    def _who(self, fields: Fields) -> str:
        """The access token's account; "" without one, "moderator" for the connection's own."""
        token = fields.get("access_token", "")
        if not token:
            return ""
        if token == MODERATOR_TOKEN:
            return "moderator"
        account = next((account for account in self.site.team() if token == token_of(account)), None)
        if account is None:
            raise Refused(18, "The access token is not valid", 401)
        return account

    # --- reading ----------------------------------------------------------------------------------------------

    def of_forum(self, request: Request, fields: Fields) -> Any:
        forum = fields.get("forum", "")
        if forum not in FORUMS:
            raise Refused(2, "Invalid argument, 'forum': Unable to find forum '" + forum + "'")
        return self._page(request, fields, [p for p in self.site.posts() if PLACES[p["thread"]][0] == forum])

    def of_thread(self, request: Request, fields: Fields) -> Any:
        thread = fields.get("thread", "")
        if thread not in PLACES:
            raise Refused(2, "Invalid argument, 'thread': Unable to find thread '" + thread + "'")
        return self._page(request, fields, [p for p in self.site.posts() if p["thread"] == thread])

    def details(self, request: Request, fields: Fields) -> Any:
        post = self.site.post(fields.get("post", ""))
        if post is None:
            raise Refused(8, "The requested object does not exist", 404)
        return {"code": 0, "response": self.wire(post, fields.get("related") == "thread")}

    def me(self, request: Request, fields: Fields) -> Any:
        account = self._who(fields)
        if not account:
            raise Refused(4, "You must be authenticated to perform this action", 401)
        return {"code": 0, "response": self._user(account)}

    def _page(self, request: Request, fields: Fields, posts: list[Doc]) -> Any:
        wanted = parse_qs(request.query_string).get("include", ["approved"])
        if set(wanted) - {"approved"} and self._who(fields) != "moderator":
            raise Refused(12, "You do not have privileges to see posts that are not approved", 403)
        since = _instant(fields.get("since", ""))
        posts = [p for p in posts if status(p) in wanted and int(p["at"]) >= since]
        if fields.get("order", "desc") == "desc":
            posts.reverse()
        limit = min(100, max(1, int(fields.get("limit", "25"))))
        start = self._start(posts, fields.get("cursor", ""))
        shown, more = posts[start : start + limit], len(posts) > start + limit
        following = _token(posts, start + limit) if more else _token(posts, max(0, len(posts) - 1))
        entries = [self.wire(p, fields.get("related") == "thread") for p in shown]
        if request.duplicates:
            entries += entries[:3]
        cursor = {"prev": None, "hasNext": more, "next": following, "hasPrev": start > 0, "total": None}
        return {"cursor": {**cursor, "id": following, "more": more}, "code": 0, "response": entries}

    def _start(self, posts: list[Doc], token: str) -> int:
        if not token:
            return 0
        match = re.fullmatch(r"(\d+):(\d+):0", token)
        if match is None:
            raise Refused(2, "Invalid argument, 'cursor': not a cursor")
        at = next((i for i, p in enumerate(posts) if _micros(p) == int(match[1])), None)
        if at is None:
            raise Refused(2, "Invalid argument, 'cursor': the cursor is not valid any more")
        return at + int(match[2])

    # --- writing ----------------------------------------------------------------------------------------------

    def create(self, request: Request, fields: Fields) -> Any:
        account = self._who(fields)
        if not account:
            raise Refused(4, "You must be authenticated to perform this action", 401)
        thread, text = fields.get("thread", ""), fields.get("message", "").strip()
        if thread not in PLACES:
            raise Refused(2, "Invalid argument, 'thread': Unable to find thread")
        parent = self.site.post(fields.get("parent", "")) if fields.get("parent") else None
        if fields.get("parent") and (parent is None or parent["deleted"] or parent["thread"] != thread):
            raise Refused(2, "Invalid argument, 'parent': You cannot reply to a deleted comment")
        if not text:
            raise Refused(2, "Please enter a message.")
        now = self.site.universe.now()
        with self.site.store.transaction():
            post = self.site.add(thread, account, text, at=now, parent=parent, kind="answer", desk=True)
            self.site.react(post, parent)
        return {"code": 0, "response": self.wire(post, False)}

    def remove(self, request: Request, fields: Fields) -> Any:
        account, post = self._who(fields), self.site.post(fields.get("post", ""))
        if post is None:
            raise Refused(8, "The requested object does not exist", 404)
        if account not in ("moderator", post["author"].lower()):
            raise Refused(12, "You do not have write privileges on this post", 403)
        self.site.store.put("disqus_post", post["id"], {**post, "deleted": True})
        return {"code": 0, "response": [{"id": post["id"]}]}

    def vote(self, request: Request, fields: Fields) -> Any:
        account, post = self._who(fields), self.site.post(fields.get("post", ""))
        if not account:
            raise Refused(4, "You must be authenticated to perform this action", 401)
        if post is None or post["deleted"]:
            raise Refused(8, "The requested object does not exist", 404)
        likes = [name for name in post["likes"] if name != account]
        likes += [account] if fields.get("vote") == "1" else []
        self.site.store.put("disqus_post", post["id"], {**post, "likes": likes})
        return {"code": 0, "response": {"id": account, "vote": int(fields.get("vote", "0")), "likes": len(likes)}}

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
    parts = [_LINK.sub(_anchor, html.escape(part, quote=False)) for part in re.split(r"\n\s*\n", text.strip())]
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in parts)


def _anchor(match: re.Match[str]) -> str:
    return f'<a href="{match[0]}" rel="nofollow noopener">{match[0]}</a>'


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
        raise Refused(2, "Invalid argument, 'since': not a date") from None
