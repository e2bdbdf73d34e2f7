"""API v2 endpoints: https://docs.x.com/x-api/posts/search-recent-posts and related ones."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.twitter import entities, problems, query, wire
from sandbox.platforms.twitter.oauth import Gate
from sandbox.platforms.twitter.posts import snowflake
from sandbox.platforms.twitter.wire import Writer, not_found
from sandbox.store import Doc
from sandbox.wire.http import BadBody, Refused, Request, Response, json_response
from sandbox.wire.quotas import Spent
from sandbox.world import Handle

if TYPE_CHECKING:
    from sandbox.platforms.twitter import Twitter

MENTIONS_DEPTH = 3200
"""The real limit is 800; in a crash test, a desk that was down must find the whole flood."""
_DUPLICATE_WITHIN_S = 24 * 3600


class Api(ResourceServer):
    site: Twitter
    base = "/twitter"
    limit = problems.LIMITS["read"]
    window_s = problems.WINDOW_S

    def __init__(self, site: Twitter, search_days: int) -> None:
        super().__init__(site)
        self.posts, self.search_days, self.gate = site.posts, search_days, Gate()

    def open_routes(self) -> Routes:
        """Before users/{id}, and without a gate: a signature's nonce is single-use, and `me` checks it itself."""
        return [("GET", "/2/users/me", self.me)]

    def routes(self) -> Routes:
        return [
            ("GET", "/2/tweets/search/recent", self.search),
            ("GET", "/2/users/by/username/{username}", self.by_username),
            ("GET", "/2/users/{id}/mentions", self.mentions),
            ("GET", "/2/users/{id}/tweets", self.timeline),
            ("GET", "/2/users/{id}", self.user),
            ("GET", "/2/tweets", self.lookup),
            ("GET", "/2/tweets/{id}", self.one),
            ("POST", "/2/tweets", self.post),
            ("DELETE", "/2/tweets/{id}", self.delete),
            ("POST", "/2/users/{id}/likes", self.like),
            ("GET", "/2/dm_events", self.site.direct.events),
            ("GET", "/2/dm_conversations/with/{id}/dm_events", self.site.direct.events_with),
            ("POST", "/2/dm_conversations/with/{id}/messages", self.site.direct.send),
        ]

    def caller(self, request: Request) -> Handle | None:
        """Reads: the app, None. Writes: the handle that signed."""
        if request.method == "GET" and "/2/dm_" not in request.url:
            if not self.gate.reads(request):
                raise Refused(problems.unauthorized())
            return None
        if self.gate.is_app_only(request):
            raise Refused(problems.unsupported_authentication())
        handle = self.gate.user(request)
        if handle is None:
            raise Refused(problems.unauthorized())
        return handle

    def limits(self, request: Request) -> tuple[int, object, int]:
        """Per endpoint and account."""
        handle = request.caller
        kind, who = ("write", handle.user_id) if handle else ("read", "app")
        if "/2/dm_" in request.url:
            kind = "direct"
        return problems.LIMITS[kind], (request.method, request.route, who), 1

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        return problems.limit_headers(spent)

    # --- lists ------------------------------------------------------------------------------------------------

    def search(self, request: Request) -> Response:
        asked = request.query
        try:
            test = query.compile_query(asked.get("query", ""), self.posts)
        except query.BadQuery as error:
            return problems.invalid("query", asked.get("query", ""), str(error))
        oldest = snowflake(self.now() - self.search_days * 86_400)
        numbers = self.posts.everything
        return self._page(request, numbers[bisect_left(numbers, oldest) :], (10, 100), "next_token", test)

    def mentions(self, request: Request) -> Response:
        user = self.posts.user(request.params["id"])
        if user is None:
            return json_response({"errors": [not_found(request.params["id"], "id", "user")]})
        numbers = self.posts.naming[user["username"].lower()][-MENTIONS_DEPTH:]
        return self._page(request, numbers, (5, 100), "pagination_token")

    def timeline(self, request: Request) -> Response:
        user = self.posts.user(request.params["id"])
        if user is None:
            return json_response({"errors": [not_found(request.params["id"], "id", "user")]})
        out = {
            {"retweets": "retweeted", "replies": "replied_to"}.get(name)
            for name in wire.names(request.query.get("exclude"))
        }
        return self._page(
            request,
            self.posts.by_author[user["id"]][-3200:],
            (5, 100),
            "pagination_token",
            lambda tweet: not any(ref["type"] in out for ref in tweet["refs"]),
        )

    def _page(
        self,
        request: Request,
        numbers: list[int],
        bounds: tuple[int, int],
        token_name: str,
        test: Callable[[Doc], bool] | None = None,
    ) -> Response:
        """Newest first, below the token, above since_id (exclusive)."""
        asked = request.query
        try:
            size = int(asked.get("max_results", 10))
            low, high = self._bounds(asked)
            if token := asked.get(token_name) or asked.get("next_token"):
                high = min(high, wire.from_page_token(token))
        except ValueError as error:
            return problems.invalid(token_name, "", str(error))
        if not bounds[0] <= size <= bounds[1]:
            message = f"The `max_results` query parameter value [{size}] is not between {bounds[0]} and {bounds[1]}"
            return problems.invalid("max_results", str(size), message)
        wanted = self.posts.visible(numbers[bisect_right(numbers, low) : bisect_left(numbers, high)])
        found = [tweet for tweet in wanted if test is None or test(tweet)]
        return self._listing(request, found[:size], more=len(found) > size)

    def _bounds(self, asked: dict[str, str]) -> tuple[int, int]:
        """The id range of the tweets, both ends exclusive."""
        low, high = int(asked.get("since_id") or 0), int(asked.get("until_id") or 1 << 63)
        if start := asked.get("start_time"):
            low = max(low, snowflake(_parsed(start)) - 1)
        if end := asked.get("end_time"):
            high = min(high, snowflake(_parsed(end)))
        return low, high

    def _listing(self, request: Request, tweets: list[Doc], *, more: bool) -> Response:
        writer = Writer(self.posts, request.query)
        data = [writer.tweet(tweet) for tweet in tweets]
        if request.duplicates:
            data += data[: max(1, len(data) // 3)]
        document = writer.document(data, tweets)
        meta: dict[str, Any] = {"result_count": len(data)}
        if tweets:
            meta |= {"newest_id": tweets[0]["id"], "oldest_id": tweets[-1]["id"]}
            if more:
                # A page with duplicates also overlaps the next one.
                last = tweets[-3] if request.duplicates and len(tweets) > 3 else tweets[-1]
                meta["next_token"] = wire.page_token(last["id"])
        return json_response({**document, "meta": meta})

    # --- lookups ----------------------------------------------------------------------------------------------

    def lookup(self, request: Request) -> Response:
        ids = [i for i in request.query.get("ids", "").split(",") if i]
        if not 1 <= len(ids) <= 100:
            return problems.invalid(
                "ids", ",".join(ids), "The number of values in the `ids` query parameter list is not between 1 and 100"
            )
        writer = Writer(self.posts, request.query)
        found = []
        for tweet_id in dict.fromkeys(ids):
            tweet = self.posts.get(tweet_id)
            if tweet is None:
                writer.errors.append(not_found(tweet_id, "ids"))
            else:
                found.append(tweet)
        return json_response(writer.document([writer.tweet(tweet) for tweet in found], found))

    def one(self, request: Request) -> Response:
        tweet = self.posts.get(request.params["id"])
        writer = Writer(self.posts, request.query)
        if tweet is None:
            return json_response({"errors": [not_found(request.params["id"], "id")]})
        return json_response(writer.document(writer.tweet(tweet), [tweet]))

    def _user_document(self, request: Request, user: Doc | None, value: str, parameter: str) -> Response:
        if user is None:
            return json_response({"errors": [not_found(value, parameter, "user")]})
        return json_response({"data": Writer(self.posts, request.query).user(user)})

    def user(self, request: Request) -> Response:
        return self._user_document(request, self.posts.user(request.params["id"]), request.params["id"], "id")

    def by_username(self, request: Request) -> Response:
        name = request.params["username"]
        user = self.posts.user(self.posts.user_ids.get(name.lower(), ""))
        return self._user_document(request, user, name, "username")

    def me(self, request: Request) -> Response:
        handle = self.gate.user(request)
        if handle is None:
            return problems.unsupported_authentication()
        return self._user_document(request, self.posts.user(handle.user_id), handle.user_id, "id")

    # --- writing ----------------------------------------------------------------------------------------------

    def post(self, request: Request) -> Response:
        data = request.json()
        if not isinstance(data, dict):
            raise BadBody("not an object")
        text = str(data.get("text") or "")
        parent_id = (data.get("reply") or {}).get("in_reply_to_tweet_id")
        if not text.strip():
            return problems.invalid("text", text, "text: must not be empty")
        if entities.weight(text) > entities.MAX_WEIGHT:
            return problems.problem(400, "Invalid Request", problems.TOO_LONG)
        parent = self.posts.get(str(parent_id)) if parent_id else None
        if parent_id and parent is None:
            return problems.problem(
                403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you."
            )
        author = self.posts.account(request.caller.username)
        if self._said_already(author, text, parent):
            return problems.problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
        with self.posts.store.transaction():
            tweet = self.posts.post(author, text, at=self.now(), parent=parent, desk=True, source="Mention Desk")
            self.site.answered(tweet)
        data = {"id": tweet["id"], "text": tweet["wire"]["text"], "edit_history_tweet_ids": tweet["history"]}
        return json_response({"data": data}, 201)

    def _said_already(self, author: Doc, text: str, parent: Doc | None) -> bool:
        since = self.now() - _DUPLICATE_WITHIN_S
        for tweet in self.posts.visible(self.posts.by_author[author["id"]]):
            if tweet["at"] < since:
                return False
            same_place = (tweet["refs"][0]["id"] if tweet["refs"] else None) == (parent["id"] if parent else None)
            if same_place and entities.spoken(tweet["plain"]) == entities.spoken(text):
                return True
        return False

    def delete(self, request: Request) -> Response:
        tweet = self.posts.get(request.params["id"])
        if tweet is None:
            return json_response({"data": {"deleted": False}})
        if tweet["author_id"] != request.caller.user_id:
            return problems.problem(403, "Forbidden", "You are not authorized to delete this Tweet.")
        with self.posts.store.transaction():
            self.posts.delete(tweet)
        return json_response({"data": {"deleted": True}})

    def like(self, request: Request) -> Response:
        handle, data = request.caller, request.json()
        tweet = self.posts.get(str(data.get("tweet_id", ""))) if isinstance(data, dict) else None
        if request.params["id"] != handle.user_id:
            return problems.problem(403, "Forbidden", "You may only like as yourself.")
        if tweet is None:
            return problems.invalid("tweet_id", "", "tweet_id: no such Tweet")
        key = f"{handle.user_id} {tweet['id']}"
        if self.posts.store.get("twitter_like", key) is None:
            with self.posts.store.transaction():
                self.posts.store.put(
                    "twitter_like", key, {"by": handle.username, "tweet": tweet["id"], "at": self.now()}
                )
                self.posts.like(tweet)
        return json_response({"data": {"liked": True}})


def _parsed(stamp: str) -> float:
    """Epoch seconds of an ISO time. Raises ValueError."""
    at = datetime.fromisoformat(stamp)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
