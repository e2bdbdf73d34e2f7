"""Tweets and accounts as JSON: default fields, requested fields, expansions, partial errors, pages.

https://docs.x.com/x-api/fundamentals/fields and /expansions; only requested fields are present.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.platforms.twitter.posts import Posts
from sandbox.store import Doc

TOKEN_PREFIX = "b26v89c19zqg8o3f"  # noqa: S105
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def instant(at: float) -> str:
    """`2026-11-21T07:34:22.000Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at * 1000) % 1000:03d}Z"


def page_token(tweet_id: str) -> str:
    """An opaque token meaning: continue below this id."""
    number, text = int(tweet_id), ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return TOKEN_PREFIX + text


def from_page_token(token: str) -> int:
    """Raises ValueError for a token we didn't issue."""
    if not token.startswith(TOKEN_PREFIX):
        raise ValueError("not a token")
    return int(token.removeprefix(TOKEN_PREFIX), 36)


def names(value: str | None) -> set[str]:
    return {name for name in (value or "").split(",") if name}


class Writer:
    """Renders tweets into one response, following its `tweet.fields`, `user.fields` and `expansions`."""

    def __init__(self, posts: Posts, query: dict[str, str]) -> None:
        self.posts = posts
        self.fields = names(query.get("tweet.fields"))
        self.user_fields = names(query.get("user.fields"))
        self.expansions = names(query.get("expansions"))
        self.errors: list[dict[str, Any]] = []

    def tweet(self, tweet: Doc) -> dict[str, Any]:
        wire = tweet["wire"]
        made = {"id": tweet["id"], "text": wire["text"], "edit_history_tweet_ids": tweet["history"]}
        replies = len(self.posts.conversation.get(tweet["id"], ()))
        optional: dict[str, Any] = {
            "author_id": tweet["author_id"],
            "conversation_id": tweet["conversation_id"],
            "created_at": instant(tweet["at"]),
            "in_reply_to_user_id": tweet["reply_to_user"],
            "lang": tweet["lang"],
            "possibly_sensitive": False,
            "reply_settings": "everyone",
            "source": tweet["source"],
            "entities": wire["entities"] or None,
            "note_tweet": wire.get("note_tweet"),
            "referenced_tweets": tweet["refs"] or None,
            "public_metrics": {
                "retweet_count": 0,
                "reply_count": max(0, replies - 1),
                "like_count": tweet["likes"],
                "quote_count": 0,
                "bookmark_count": 0,
                "impression_count": 20 + int(tweet["id"][-3:]),
            },
            "edit_controls": {
                "edits_remaining": 6 - len(tweet["history"]),
                "is_edit_eligible": not tweet["refs"],
                "editable_until": instant(tweet["at"] + 3600),
            },
        }
        needed = self.fields | _fields_of(self.expansions)
        made |= {name: value for name, value in optional.items() if name in needed and value is not None}
        return made

    def user(self, user: Doc) -> dict[str, Any]:
        made = {"id": user["id"], "name": user["name"], "username": user["username"]}
        optional = {
            "created_at": user["created_at"],
            "description": user["description"],
            "profile_image_url": "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
            "protected": False,
            "url": "",
            "verified": False,
            "public_metrics": {
                "followers_count": user["followers"],
                "following_count": 120,
                "tweet_count": len(self.posts.by_author[user["id"]]),
                "listed_count": 1,
            },
        }
        return made | {name: value for name, value in optional.items() if name in self.user_fields}

    def includes(self, tweets: list[Doc]) -> dict[str, Any]:
        """The users, tweets and media referenced, deduplicated; missing ones become partial errors."""
        parents = self._parents(tweets) if self.expansions & {"referenced_tweets.id", *_PARENT_AUTHORS} else {}
        user_ids: dict[str, None] = {}
        for tweet in tweets:
            if "author_id" in self.expansions:
                user_ids[tweet["author_id"]] = None
            if "in_reply_to_user_id" in self.expansions and tweet["reply_to_user"]:
                user_ids[tweet["reply_to_user"]] = None
            if "entities.mentions.username" in self.expansions:
                user_ids |= {self.posts.user_ids[name]: None for name in self.posts.named(tweet)}
        if "referenced_tweets.id.author_id" in self.expansions:
            user_ids |= {parent["author_id"]: None for parent in parents.values()}
        found = [self.posts.user(user_id) for user_id in user_ids]
        made: dict[str, Any] = {}
        if users := [self.user(user) for user in found if user]:
            made["users"] = users
        if parents:
            made["tweets"] = [self.tweet(parent) for parent in parents.values()]
        return made

    def _parents(self, tweets: list[Doc]) -> dict[str, Doc]:
        parents: dict[str, Doc] = {}
        for tweet in tweets:
            for ref in tweet["refs"]:
                parent = self.posts.get(ref["id"])
                if parent is not None:
                    parents[ref["id"]] = parent
                else:
                    self.errors.append(not_found(ref["id"], "referenced_tweets.id"))
        return parents

    def document(self, data: Any, tweets: list[Doc]) -> dict[str, Any]:
        """`data`, plus `includes` and `errors` if there are any."""
        made = {"data": data} if data not in (None, []) else {}
        if includes := self.includes(tweets):
            made["includes"] = includes
        if self.errors:
            made["errors"] = list({str(error): error for error in self.errors}.values())
        return made


_PARENT_AUTHORS = {"referenced_tweets.id.author_id"}


def _fields_of(expansions: set[str]) -> set[str]:
    """An expansion implies the field it expands."""
    fields = {name.split(".")[0] for name in expansions}
    return fields | ({"entities"} if "entities.mentions.username" in expansions else set())


def not_found(value: str, parameter: str, kind: str = "tweet") -> dict[str, Any]:
    """A partial error, inside an answer with status 200."""
    return {
        "value": value,
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }
