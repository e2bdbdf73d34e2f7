"""Twitter: API v2 under /twitter/2, public pages under /twitter/web."""

from __future__ import annotations

from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.base.platform import Platform
from sandbox.base.universe import Universe
from sandbox.platforms.twitter import api, pages, problems
from sandbox.platforms.twitter.posts import Posts
from sandbox.store import Doc
from sandbox.stories import english, reactions
from sandbox.wire.http import Response, Router, json_response
from sandbox.world import BEARER_TOKEN, CONSUMER_KEY, CONSUMER_SECRET, HANDLES, OWN_TWITTER

_OWN = {name.lower() for name in OWN_TWITTER}
MIN_SEARCH_DAYS = 7


class Twitter(Platform):
    name = "twitter"
    title = "Twitter"
    home = "/twitter/web/"
    kinds = tuple(english.TWEETS)

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.posts = Posts(universe.store)
        # Recent search reaches back seven days; a sandbox with a longer history serves all of it, so the replies of its
        # first week can be found.
        days = max(MIN_SEARCH_DAYS, universe.history_days + 2)
        window = universe.quotas.window(problems.WINDOW_S)
        self.api = api.Api(self.posts, universe.now, window, days, self._posted)

    def register(self, router: Router) -> None:
        self.api.register(router)
        pages.Pages(self).register(router)

    def _posted(self, tweet: Doc) -> None:
        parent = self.posts.get(tweet["refs"][0]["id"]) if tweet["refs"] else None
        customer = self.posts.username(parent["author_id"]) if parent else ""
        talk = self.posts.visible(self.posts.conversation[tweet["conversation_id"]]) if parent else ()
        turns = sum(parent is not None and said["author_id"] == parent["author_id"] for said in talk)
        reactions.to_tweet(self.universe, tweet["id"], parent, customer, turns)

    def url(self, tweet: Doc) -> str:
        return f"{self.universe.public_url}/twitter/web/{self.posts.username(tweet['author_id'])}/status/{tweet['id']}"

    def _existing(self, tweet_id: str) -> Doc:
        tweet = self.store.get("tweet", tweet_id)
        newest = self.posts.get(tweet["history"][-1]) if tweet else None
        if newest is None:
            raise Impossible(f"there is no tweet {tweet_id}")
        return newest

    def perform(self, act: Act) -> Made:
        at = act.at or self.universe.now()
        if act.verb == "edit":
            tweet = self.posts.edit(self._existing(act.parent), act.text, at=at)
        elif act.verb == "delete":
            tweet = self._existing(act.parent)
            self.posts.delete(tweet)
        elif act.verb == "retweet":
            tweet = self.posts.retweet(self.posts.account(act.author), self._existing(act.parent), at=at)
        else:
            author = self.posts.account(act.author, name=act.more.get("name", ""))
            parent = self._existing(act.parent) if act.parent else None
            tweet = self.posts.post(
                author,
                act.text,
                at=at,
                parent=parent,
                lang=act.more.get("lang", "en"),
                source=act.more.get("source", "Twitter Web App"),
                kind=act.kind,
            )
            if act.by_team and act.at is None:
                self._posted(tweet)
        return Made(tweet["id"], self.url(tweet))

    def access(self) -> Access:
        base = self.universe.public_url
        return Access(
            {"api_base": f"{base}/twitter", "web_base": f"{base}/twitter/web"},
            {"bearer_token": BEARER_TOKEN, "consumer_key": CONSUMER_KEY, "consumer_secret": CONSUMER_SECRET},
            {
                name: (
                    {"user_id": handle.user_id},
                    {"access_token": handle.access_token, "access_token_secret": handle.access_token_secret},
                )
                for name, handle in HANDLES.items()
            },
        )

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Mentions name one of our handles (`search`: or the word Acme); `id` is the first of the edit history."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for tweet in self.store.all("tweet").values():
            if not tweet["newest"] or any(ref["type"] == "retweeted" for ref in tweet["refs"]):
                continue
            place, reason = self._place(tweet, search)
            if place:
                told[place].append(self._entry(tweet) | ({"reason": reason} if reason else {}))
            if tweet["desk"]:
                told["desk"].append(self._entry(tweet))
        return told

    def _place(self, tweet: Doc, search: bool) -> tuple[str, str]:
        if self.posts.username(tweet["author_id"]).lower() in _OWN:
            return "ours", ""
        named = set(self.posts.named(tweet)) & set(HANDLES)
        says_it = "acme" in [word.strip(".,!?:;\"'()").lower() for word in tweet["plain"].split()]
        is_mention = bool(named) or (search and says_it)
        if tweet["deleted"]:
            return "optional", "deleted"
        if is_mention:
            return "mentions", ""
        return "optional", "search only" if says_it else "context"

    def _entry(self, tweet: Doc) -> dict[str, Any]:
        return {
            "id": tweet["history"][0],
            "ids": tweet["history"],
            "author": self.posts.username(tweet["author_id"]),
            "text": tweet["plain"],
            "at": tweet["at"],
            "conversation_id": tweet["conversation_id"],
            "in_reply_to": tweet["refs"][0]["id"] if tweet["refs"] else None,
            "addressed": [name for name in self.posts.named(tweet) if name in HANDLES],
            "deleted": tweet["deleted"],
            "kind": tweet["kind"],
        }

    def counts(self) -> dict[str, int]:
        told = self.truth()
        return {name: len(entries) for name, entries in told.items()} | {"posts": len(self.store.all("tweet"))}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            return problems.refused_for(2)
        if kind == "expired":
            return problems.unauthorized()
        return json_response({"title": "Service Unavailable", "detail": "Over capacity", "status": 503}, 503)


PLATFORM = Twitter
