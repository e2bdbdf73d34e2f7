"""Twitter: API v2 under /twitter/2, public pages under /twitter/web."""

from __future__ import annotations

from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.base.platform import Platform
from sandbox.base.universe import Universe
from sandbox.platforms.twitter import api, pages, problems
from sandbox.platforms.twitter.direct import DirectMessages
from sandbox.platforms.twitter.posts import Posts
from sandbox.store import Doc
from sandbox.stories import english, reactions
from sandbox.wire.http import Response, Router, json_response
from sandbox.wire.quotas import Spent
from sandbox.world import BEARER_TOKEN, CONSUMER_KEY, CONSUMER_SECRET, HANDLES, MAIN_HANDLE, OWN_TWITTER

_OWN = {name.lower() for name in OWN_TWITTER}
MIN_SEARCH_DAYS = 7


class Twitter(Platform):
    name = "twitter"
    title = "Twitter"
    home = "/twitter/web/"
    refusals = {
        "400": problems.invalid("body", "", "The request body is no JSON object"),
        "404": problems.problem(404, "Not Found", "Not Found"),
        "429": problems.problem(429, "Too Many Requests", "Too Many Requests"),
        "500": json_response({"title": "Service Unavailable", "detail": "Over capacity", "status": 503}, 503),
        "expired": problems.unauthorized(),
    }
    kinds = tuple(english.TWEETS)

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.posts = Posts(universe.store)
        self.direct = DirectMessages(self)
        # Recent search reaches back seven days; a sandbox with a longer history serves all of it, so the replies of its
        # first week can be found.
        days = max(MIN_SEARCH_DAYS, universe.history_days + 2)
        self.api = api.Api(self, days)

    def register(self, router: Router) -> None:
        self.api.register(router)
        pages.Pages(self).register(router)

    def answered(self, tweet: Doc) -> None:
        """The team tweeted; in the same transaction the customer decides to react."""
        parent = self.posts.get(tweet["refs"][0]["id"]) if tweet["refs"] else None
        customer = self.posts.username(parent["author_id"]) if parent else ""
        talk = self.posts.visible(self.posts.conversation[tweet["conversation_id"]]) if parent else ()
        turns = sum(parent is not None and said["author_id"] == parent["author_id"] for said in talk)
        reactions.to_tweet(self.universe, tweet["id"], parent, customer, turns)

    def url(self, doc: Doc) -> str:
        return f"{self.universe.public_url}/twitter/web/{self.posts.username(doc['author_id'])}/status/{doc['id']}"

    def existing(self, ref: str) -> Doc:
        """The newest version of a tweet, by the id of any."""
        tweet = self.store.get("tweet", ref)
        newest = self.posts.get(tweet["history"][-1]) if tweet else None
        if newest is None:
            raise Impossible(f"there is no tweet {ref}")
        return newest

    def own_ids(self) -> set[str]:
        return {handle.user_id for handle in HANDLES.values()}

    def perform(self, act: Act) -> Made:
        """`more`: `dm_to` makes it a direct message; `dm_closed` closes its author to those of strangers."""
        if act.more.get("dm_closed"):
            self.direct.close(act.author)
        if act.verb == "post" and act.more.get("dm_to"):
            return self.direct.act(act, act.at or self.universe.now())
        if act.verb != "retweet":
            return super().perform(act)
        author, at = self.posts.account(act.author), act.at or self.universe.now()
        return self.made(self.posts.retweet(author, self.existing(act.parent), at=at))

    def posted(self, act: Act, at: float) -> Doc:
        """`more` may have `name`, `lang` and `source`."""
        author = self.posts.account(act.author, name=act.more.get("name", ""))
        parent = self.existing(act.parent) if act.parent else None
        lang, source = act.more.get("lang", "en"), act.more.get("source", "Twitter Web App")
        tweet = self.posts.post(author, act.text, at=at, parent=parent, lang=lang, source=source, kind=act.kind)
        if act.by_team and act.at is None:
            self.answered(tweet)
        return tweet

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.posts.edit(doc, text, at=at)

    def removed(self, doc: Doc, at: float) -> Doc:
        self.posts.delete(doc)
        return doc

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
            }
            | {f"dm:{MAIN_HANDLE}": ({}, {})},
        )

    def documents(self) -> list[Doc]:
        tweets = self.store.all("tweet").values()
        return [t for t in tweets if t["newest"] and not any(ref["type"] == "retweeted" for ref in t["refs"])]

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Mentions name one of our handles (`search`: or the word Acme); `id` is the first of the edit history."""
        lists = super().truth()
        if search:
            lists["mentions"] += [e for e in lists["optional"] if e["reason"] == "search only"]
            lists["optional"] = [e for e in lists["optional"] if e["reason"] != "search only"]
        lists["desk"] += self.direct.by_desk()
        return lists

    def place(self, doc: Doc) -> tuple[str, str]:
        if self.posts.username(doc["author_id"]).lower() in _OWN:
            return "ours", ""
        if doc["deleted"]:
            return "optional", "deleted"
        if set(self.posts.named(doc)) & set(HANDLES):
            return "mentions", ""
        says_it = "acme" in [word.strip(".,!?:;\"'()").lower() for word in doc["plain"].split()]
        return "optional", "search only" if says_it else "context"

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {
            "id": doc["history"][0],
            "ids": doc["history"],
            "author": self.posts.username(doc["author_id"]),
            "text": doc["plain"],
            "at": doc["at"],
            "conversation_id": doc["conversation_id"],
            "in_reply_to": doc["refs"][0]["id"] if doc["refs"] else None,
            "addressed": [name for name in self.posts.named(doc) if name in HANDLES],
            "deleted": doc["deleted"],
            "liked": any(self.store.get("twitter_like", f"{h.user_id} {doc['id']}") for h in HANDLES.values()),
            "kind": doc["kind"],
        }

    def counts(self) -> dict[str, int]:
        return super().counts() | {"posts": len(self.store.all("tweet"))}

    def refusal(self, kind: str) -> Response:
        response = super().refusal(kind)
        if kind == "429":
            limit = problems.LIMITS["read"]
            response.headers |= problems.limit_headers(Spent(limit, limit, self.universe.now() + 2))
        return response


PLATFORM = Twitter
