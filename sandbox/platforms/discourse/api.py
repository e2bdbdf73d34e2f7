"""The parts of the forum's JSON API that the desk uses: https://docs.discourse.org/"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.discourse import wire
from sandbox.platforms.discourse.keys import CATEGORIES, OPEN, key_of, user_key_of
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response, json_response

if TYPE_CHECKING:
    from sandbox.platforms.discourse import Discourse

PAGE = 50
CHUNK = 20
SHORTEST_TERM = 3
"""The site setting `min_search_term_length`."""
SHORTEST = 8
"""The site setting `min_post_length`."""
SIMILAR_FOR_S = 300


def failure(status: int, words: str, kind: str = "", *, retry_after: str = "", **more: Any) -> Response:
    about = {"error_type": kind} if kind else {"action": "create_post"}
    headers = {"Retry_After": retry_after} if retry_after else {}
    return json_response({"errors": [words], **about, **more}, status, **headers)


def refused(status: int, words: str, kind: str = "") -> Refused:
    return Refused(failure(status, words, kind))


def forbidden() -> Refused:
    return refused(403, "You are not permitted to view the requested resource.", "invalid_access")


class Api(ResourceServer):
    site: Discourse
    base = "/discourse/"

    def routes(self) -> Routes:
        return [
            ("GET", "site.json", self.categories),
            ("GET", "search.json", self.search),
            ("GET", "session/current.json", self.session),
            ("GET", "posts.json", self.latest),
            ("POST", "posts.json", self.create),
            ("POST", "post_actions.json", self.act),
            ("GET", "posts/by_number/{topic}/{name}", self.by_number),
            ("GET", "posts/{name}", self.single),
            ("DELETE", "posts/{name}", self.remove),
            ("GET", "t/{topic}/posts.json", self.pieces),
            ("GET", "t/{name}", self.topic),
        ]

    def caller(self, request: Request) -> str:
        """The user of the key; "" for a visitor."""
        key, user_key = request.headers.get("Api-Key"), request.headers.get("User-Api-Key")
        if not key and not user_key:
            return ""
        for account in self.site.team():
            if user_key == user_key_of(account):
                return account
            if key == key_of(account) and request.headers.get("Api-Username", "").lower() == account:
                return account
        raise Refused(self.site.refusal("expired"))

    def bad_value(self, name: str, value: str) -> Response:
        return self.site.refusal("400")

    def _missing(self) -> Refused:
        return Refused(self.site.refusal("404"))

    def _member(self, request: Request) -> str:
        if not request.caller:
            raise refused(403, "You need to be logged in to do that.", "not_logged_in")
        return str(request.caller)

    def _visible(self, post: Doc | None, me: str) -> tuple[Doc, Doc]:
        if post is None or post["deleted"]:
            raise self._missing()
        return post, self._topic(post["topic"], me)

    def _topic(self, number: Any, me: str) -> Doc:
        topic = self.site.topic(number)
        if topic is None:
            raise self._missing()
        if not self.site.may_see(topic, me):
            raise forbidden()
        return topic

    # --- reading ----------------------------------------------------------------------------------------------

    def categories(self, request: Request) -> Any:
        me = request.caller
        shown = [
            {
                "id": number,
                "name": name,
                "slug": slug,
                "read_restricted": number not in OPEN,
                "parent_category_id": None,
            }
            for number, (slug, name) in CATEGORIES.items()
            if number in OPEN or me
        ]
        return {"categories": shown, "archetypes": [{"id": "regular"}], "groups": []}

    def search(self, request: Request) -> Any:
        """Topics with all the words, in title or posts, the latest first; never private messages."""
        me, words = request.caller, request.query.get("q", "").lower().split()
        if not words or max(len(word) for word in words) < SHORTEST_TERM:
            return {"posts": [], "topics": [], "grouped_search_result": {"term": "", "error": "too short"}}
        found = [
            topic for topic in self.site.topics() if topic["archetype"] == "regular" and self.site.may_see(topic, me)
        ]
        found = [topic for topic in found if all(word in self._said(topic) for word in words)][::-1][:PAGE]
        posts = [self.site.in_topic(topic["id"])[0] for topic in found]
        return {
            "topics": [wire.found(topic, self.site.in_topic(topic["id"])) for topic in found],
            "posts": [
                {"id": p["id"], "topic_id": p["topic"], "blurb": p["text"][:100], "like_count": 0} for p in posts
            ],
            "users": [],
            "categories": [],
            "grouped_search_result": {"term": " ".join(words), "post_ids": [p["id"] for p in posts], "error": None},
        }

    def _said(self, topic: Doc) -> str:
        return " ".join([topic["title"], *(post["text"] for post in self.site.in_topic(topic["id"]))]).lower()

    def session(self, request: Request) -> Any:
        me = request.caller
        if not me:
            raise self._missing()
        user = self.site.user(me)
        return {"current_user": {key: user[key] for key in ("id", "username", "name")} | {"moderator": user["staff"]}}

    def latest(self, request: Request) -> Any:
        """Newest first. Private messages are in no public list, not even for their participants."""
        me = request.caller
        before = self.number(request, "before", 0, least=0)
        found = []
        for post in sorted(self.site.posts(), key=lambda p: -p["id"]):
            topic = self.site.topic(post["topic"])
            if topic is None or topic["archetype"] != "regular" or not self.site.may_see(topic, me):
                continue
            if not before or post["id"] <= before:
                found.append(wire.latest(post, topic, self.site.user(post["author"]), me=me))
            if len(found) == PAGE:
                break
        return {"latest_posts": found + (found[:3] if request.duplicates else [])}

    def topic(self, request: Request) -> Any:
        me = request.caller
        topic = self._topic(request.params["name"].removesuffix(".json"), me)
        posts = self.site.in_topic(topic["id"])
        shown = [self._post(p, topic, me, request) for p in posts[:CHUNK]]
        stream = {"posts": shown, "stream": [p["id"] for p in posts]}
        return {**wire.head(topic), "chunk_size": CHUNK, "post_stream": stream, "details": {"participants": []}}

    def _post(self, post: Doc, topic: Doc, me: str, request: Request) -> dict[str, Any]:
        raw = request.query.get("include_raw") in ("true", "1")
        return wire.post(post, topic, self.site.user(post["author"]), me=me, raw=raw)

    def pieces(self, request: Request) -> Any:
        me = request.caller
        topic = self._topic(request.params["topic"], me)
        wanted = set(request.values("post_ids[]"))
        posts = [p for p in self.site.in_topic(topic["id"]) if str(p["id"]) in wanted]
        return {"post_stream": {"posts": [self._post(p, topic, me, request) for p in posts]}, "id": topic["id"]}

    def single(self, request: Request) -> Any:
        me = request.caller
        post, topic = self._visible(self.site.post(request.params["name"].removesuffix(".json")), me)
        return wire.post(post, topic, self.site.user(post["author"]), me=me, raw=True)

    def by_number(self, request: Request) -> Any:
        me = request.caller
        number = request.params["name"].removesuffix(".json")
        posts = self.site.in_topic(request.params["topic"])
        post, topic = self._visible(next((p for p in posts if str(p["number"]) == number), None), me)
        return wire.post(post, topic, self.site.user(post["author"]), me=me, raw=True)

    # --- writing ----------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Any:
        me = self._member(request)
        fields = request.form()
        topic, text = self.site.topic(fields.get("topic_id", "")), str(fields.get("raw", "")).strip()
        if topic is None or not self.site.may_see(topic, me):
            raise self._missing()
        if topic["closed"]:
            raise forbidden()
        if len(text) < SHORTEST:
            raise refused(422, f"Body is too short (minimum is {SHORTEST} characters)")
        now = self.site.universe.now()
        mine = [p for p in self.site.posts() if p["author"] == me and p["text"] == text]
        if any(now - p["at"] < SIMILAR_FOR_S for p in mine):
            raise refused(422, "Body is too similar to what you recently posted")
        posts = self.site.in_topic(topic["id"])
        number = int(fields.get("reply_to_post_number") or 1)
        parent = next((p for p in posts if p["number"] == number), None)
        with self.site.store.transaction():
            post = self.site.add(topic, me, text, at=now, parent=parent, kind="answer", desk=True)
            self.site.answered(post, parent)
        return wire.post(post, topic, self.site.user(me), me=me, raw=True)

    def act(self, request: Request) -> Any:
        """Only likes."""
        me = self._member(request)
        fields = request.form()
        post, topic = self._visible(self.site.post(fields.get("id", "")), me)
        if int(fields.get("post_action_type_id") or 0) != 2 or post["author"] == me or me in post["likes"]:
            raise refused(403, "You are not permitted to do that.", "invalid_access")
        post = self.site.save({**post, "likes": [*post["likes"], me]})
        return wire.post(post, topic, self.site.user(post["author"]), me=me)

    def remove(self, request: Request) -> Any:
        me = request.caller
        post, _ = self._visible(self.site.post(request.params["name"].removesuffix(".json")), me)
        if me.lower() not in self.site.team():
            raise forbidden()
        self.site.save({**post, "deleted": True}, "post_destroyed")
        return None
