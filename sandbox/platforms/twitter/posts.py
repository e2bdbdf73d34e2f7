"""Tweets and accounts: creation, edits and deletion, and the indexes for reading them.

An edit is a new tweet with a new id (a root's edit even starts a new conversation), linked by its edit history:
https://docs.x.com/x-api/fundamentals/edit-posts.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from typing import Any

from sandbox.base.acts import Impossible
from sandbox.platforms.twitter import entities
from sandbox.store import Doc, Store
from sandbox.world import HANDLES, TEAM

EPOCH_MS = 1288834974657
"""https://docs.x.com/fundamentals/x-ids: the upper bits of an id are milliseconds since then."""


def snowflake(at: float) -> int:
    """The smallest id of a tweet created at `at` (epoch seconds)."""
    return (int(at * 1000) - EPOCH_MS) << 22


class Posts:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.naming: defaultdict[str, list[int]] = defaultdict(list)
        self.conversation: defaultdict[str, list[int]] = defaultdict(list)
        self.by_author: defaultdict[str, list[int]] = defaultdict(list)
        self.everything: list[int] = []
        self.user_ids: dict[str, str] = {u["username"].lower(): i for i, u in store.all("twitter_user").items()}
        with store.transaction():
            self._make_team()
        for tweet in store.all("tweet").values():
            self._index(tweet)

    def _make_team(self) -> None:
        for h in HANDLES.values():
            self.account(h.username, user_id=h.user_id, name=h.name, description=h.description)
        for m in TEAM:
            if m.twitter and m.twitter_id:
                self.account(
                    m.twitter, user_id=m.twitter_id, name=m.name, description=f"{m.role} at Acme. Opinions mine."
                )

    # --- accounts -------------------------------------------------------------------------------------------------

    def account(self, username: str, *, user_id: str = "", name: str = "", description: str = "") -> Doc:
        """The handle's account, created if missing."""
        username = username.lstrip("@")
        known = self.user_ids.get(username.lower())
        if known:
            return self.store.all("twitter_user")[known]
        if not user_id:
            user_id = str(1_300_000_000_000_000_000 + self.store.next_number("twitter_user") * 7_340_033)
        user = {
            "id": user_id,
            "username": username,
            "name": name or username.replace("_", " ").title(),
            "description": description,
            "created_at": "2019-03-11T09:26:53.000Z",
            "followers": 40 + int(user_id[-6:]) % 900,
        }
        self.store.put("twitter_user", user_id, user)
        self.user_ids[username.lower()] = user_id
        return user

    def user(self, user_id: str) -> Doc | None:
        return self.store.get("twitter_user", user_id)

    def username(self, user_id: str) -> str:
        user = self.user(user_id)
        return str(user["username"]) if user else "somebody"

    # --- tweets ---------------------------------------------------------------------------------------------------

    def get(self, tweet_id: str) -> Doc | None:
        """A visible tweet: neither deleted nor withdrawn by its author."""
        tweet = self.store.get("tweet", tweet_id)
        return None if tweet is None or tweet["deleted"] else tweet

    def post(self, author: Doc, text: str, *, at: float, parent: Doc | None = None, **more: Any) -> Doc:
        """A new tweet; a reply mentions the people it answers, as on the site. `more`: lang, kind, desk, name."""
        if parent is not None:
            text = self._addressed(author, text, parent)
        tweet_id = self._free_id(at)
        tweet: Doc = {
            "id": tweet_id,
            "author_id": author["id"],
            "plain": text,
            "at": at,
            "conversation_id": parent["conversation_id"] if parent else tweet_id,
            "refs": [{"type": "replied_to", "id": parent["id"]}] if parent else [],
            "reply_to_user": parent["author_id"] if parent else None,
            "history": [tweet_id],
            "lang": more.get("lang", "en"),
            "source": more.get("source", "Twitter Web App"),
            "deleted": False,
            "newest": True,
            "desk": bool(more.get("desk")),
            "likes": 0,
            "kind": more.get("kind", ""),
            "wire": entities.wire(text, self.user_ids),
        }
        self._save(tweet)
        return tweet

    def _addressed(self, author: Doc, text: str, parent: Doc) -> str:
        """Prepends @names like the site does: the parent's author and everybody it mentions, except oneself."""
        wanted = [self.username(parent["author_id"]), *(self.username(self.user_ids[n]) for n in self.named(parent))]
        named = set(entities.handles_in(text)) | {author["username"].lower()}
        lead: list[str] = []
        for name in wanted:
            if name.lower() not in named:
                named.add(name.lower())
                lead.append("@" + name)
        return " ".join([*lead, text])

    def retweet(self, author: Doc, tweet: Doc, *, at: float) -> Doc:
        text = f"RT @{self.username(tweet['author_id'])}: {tweet['wire']['text']}"
        tweet_id = self._free_id(at)
        doc = {
            **tweet,
            "id": tweet_id,
            "author_id": author["id"],
            "plain": text,
            "at": at,
            "conversation_id": tweet_id,
            "refs": [{"type": "retweeted", "id": tweet["id"]}],
            "reply_to_user": None,
            "history": [tweet_id],
            "newest": True,
            "desk": False,
            "kind": "retweet",
        }
        short = text if len(text) <= 140 else text[:139] + "…"
        doc["wire"] = {"text": short, "entities": entities.entities(short, [], self.user_ids)}
        self._save(doc)
        return doc

    def edit(self, tweet: Doc, text: str, *, at: float) -> Doc:
        """The new version; the old one disappears from timelines but stays in the edit history."""
        if not tweet["newest"]:
            raise Impossible(f"{tweet['id']} was edited already: edit {tweet['history'][-1]}")
        tweet_id = self._free_id(at)
        history = [*tweet["history"], tweet_id]
        is_root = tweet["conversation_id"] == tweet["id"]
        doc = {
            **tweet,
            "id": tweet_id,
            "plain": text,
            "at": at,
            "history": history,
            "conversation_id": tweet_id if is_root else tweet["conversation_id"],
            "wire": entities.wire(text, self.user_ids),
        }
        for old_id in tweet["history"]:
            old = self.store.all("tweet")[old_id]
            self.store.put("tweet", old_id, {**old, "newest": False, "history": history})
        self._save(doc)
        return doc

    def delete(self, tweet: Doc) -> None:
        for tweet_id in tweet["history"]:
            old = self.store.all("tweet")[tweet_id]
            self.store.put("tweet", tweet_id, {**old, "deleted": True})

    def like(self, tweet: Doc) -> None:
        self.store.put("tweet", tweet["id"], {**tweet, "likes": tweet["likes"] + 1})

    def named(self, tweet: Doc) -> list[str]:
        """Lower-case handles of existing accounts mentioned in the tweet."""
        return [name for name in entities.handles_in(tweet["plain"]) if name in self.user_ids]

    def visible(self, ids: list[int]) -> list[Doc]:
        """Newest versions of tweets that aren't deleted, newest first."""
        tweets = self.store.all("tweet")
        found = (tweets[str(i)] for i in reversed(ids))
        return [t for t in found if t["newest"] and not t["deleted"]]

    def _free_id(self, at: float) -> str:
        """Always above all existing ids: a since_id poll that saw the newest one must not miss later ones."""
        newest = self.everything[-1] if self.everything else 0
        return str(max(snowflake(at) + (len(self.everything) * 7919) % 4096, newest + 1))

    def _save(self, tweet: Doc) -> None:
        self.store.put("tweet", tweet["id"], tweet)
        self._index(tweet)

    def _index(self, tweet: Doc) -> None:
        number = int(tweet["id"])
        insort(self.everything, number)
        insort(self.conversation[tweet["conversation_id"]], number)
        insort(self.by_author[tweet["author_id"]], number)
        for name in self.named(tweet):
            insort(self.naming[name], number)
