"""Acts as one of our handles: posts, replies, deletes, likes, and finds its own posts.

https://docs.x.com/x-api/posts/creation-of-a-post, …/post-delete-by-post-id, /x-api/users/causes-the-user-in-the-path-
to-like-the-specified-post, /x-api/posts/user-posts-timeline-by-user-id
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

from channels.adapters.twitter import client, direct_messages, wire
from channels.adapters.twitter.accounts import DIRECT, handles
from channels.adapters.twitter.fetching import user_id
from channels.adapters.twitter.parsing import tweet_url
from channels.adapters.twitter.times import snowflake_time
from channels.contract import Config, Json, Outgoing, Receipt
from channels.errors import AuthFailed, Rejected, Transient, Uncertain
from channels.toolkit.sending import CLOCK_SLACK, confirmed, require_length
from channels.toolkit.text import composed
from channels.toolkit.values import object_of, objects_of, value_at

MAX_COUNTED = 2000
"""Longer texts never fit anyway, and the counting library takes quadratic time."""
MAX_LENGTH = 280
OWN_PAGES = 10
_LINK = "\N{LINK SYMBOL}"


def reply_length(text: str) -> int:
    """As counted by Twitter: CJK and emoji 2, every link 23. https://docs.x.com/fundamentals/counting-characters"""
    if len(text) > MAX_COUNTED:
        return len(text)
    return int(_twitter_text().parse_tweet(text).weightedLength) if text else 0


@cache
def _twitter_text() -> Any:
    """The counting library, imported when first needed: compiling its regular expressions takes a third of a parsing
    process's start, and only sending counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it loads its data with pkg_resources, which is deprecated
        return import_module("twitter_text")


def send(config: Config, outgoing: Outgoing) -> Receipt:
    if direct := _direct_handle(outgoing):
        return direct_messages.send_message(config, direct, outgoing)
    handle = _sender(config, outgoing)
    require_length(reply_length(outgoing.text), MAX_LENGTH, "Twitter")
    payload: dict[str, Any] = {"text": outgoing.text}
    if outgoing.in_reply_to:
        payload["reply"] = {"in_reply_to_tweet_id": outgoing.in_reply_to}
    data = object_of(value_at(client.post(config, "tweets", payload, speaker=handle).body, "data"))
    return confirmed(_receipt(config, handle, data), "Twitter", "post")


def _sender(config: Config, outgoing: Outgoing) -> str:
    handle = (outgoing.sender or "").lstrip("@").lower() or _first_with_tokens(config)
    if not handle:
        raise AuthFailed("No handle on this connection has tokens to post with. Enter them in the channel.")
    return handle


def _first_with_tokens(config: Config, *, likes: bool = False) -> str:
    able = [h for h in handles(config) if config.channel_secrets.get(h, {}).get("access_token")]
    if likes:
        able = [h for h in able if not config.channel_settings.get(h, {}).get("never_likes")]
    return able[0] if able else ""


def _receipt(config: Config, handle: str, tweet: Mapping[str, Any]) -> Receipt | None:
    number = wire.identity(tweet, "id")
    if number is None:
        return None
    first = (wire.history(tweet) or [number])[0]
    return Receipt(first, tweet_url(config, handle, number), snowflake_time(first))


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """The post with this text under this parent on the sender's own timeline. Raises Uncertain if the timeline is too
    long to be read back to `since`: then it isn't proved absent."""
    wanted = spoken(outgoing.text)
    if direct := _direct_handle(outgoing):
        return _sent_directly(config, direct, outgoing, wanted, since)
    handle = _sender(config, outgoing)
    params: dict[str, str | int] = {
        "tweet.fields": "created_at,edit_history_tweet_ids,entities,note_tweet,referenced_tweets",
        "start_time": (since - CLOCK_SLACK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "exclude": "retweets",
        "max_results": 100,
    }
    path = f"users/{user_id(config, handle)}/tweets"
    for _ in range(OWN_PAGES):
        body = client.get(config, path, params).body
        for tweet in objects_of(body.get("data")):
            if _is_ours(tweet, outgoing, wanted):
                return _receipt(config, handle, tweet)
        token = wire.next_token(body)
        if token is None:
            if client.errors_of(body) and "data" not in body:
                raise Transient(f"{wire.error_line(body)}.")
            return None
        params["pagination_token"] = token
    raise Uncertain(f"@{handle} has posted too much since then to check for the reply.")


def _direct_handle(outgoing: Outgoing) -> str:
    """The handle whose direct message this is; "" for a tweet."""
    sender = (outgoing.sender or "").lower()
    return sender.removeprefix(DIRECT) if sender.startswith(DIRECT) else ""


def _sent_directly(
    config: Config, handle: str, outgoing: Outgoing, wanted: list[str], since: datetime
) -> Receipt | None:
    person = direct_messages.recipient(outgoing)
    for number, text in direct_messages.sent_since(config, handle, person, since - CLOCK_SLACK):
        if says_the_same(wanted, _posted(text)):
            return direct_messages.receipt(config, handle, person, number)
    return None


def _is_ours(tweet: Mapping[str, Any], outgoing: Outgoing, wanted: list[str]) -> bool:
    text = value_at(tweet, "note_tweet", "text") or tweet.get("text")
    is_there = wire.parent_of(tweet) == outgoing.in_reply_to
    return is_there and isinstance(text, str) and says_the_same(wanted, _posted(text))


def _posted(text: str) -> list[str]:
    return spoken(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def spoken(text: str) -> list[str]:
    """The part of a text that survives posting: Twitter shortens links and prepends the handles of a reply."""
    text = composed(text)
    links = _twitter_text().extract_urls_with_indices(text) if len(text) <= MAX_COUNTED else []
    for link in reversed(links):
        start, end = link["indices"]
        text = f"{text[:start]}{_LINK}{text[end:]}"
    words = text.split()
    first = next((place for place, word in enumerate(words) if not word.startswith("@")), len(words))
    return words[first:]


def says_the_same(ours: list[str], posted: list[str]) -> bool:
    """Whether two texts differ only in how links are written. What counts as a link changes with the list of top-level
    domains, so a word with a dot may match a link: an existing reply must be found."""
    return len(ours) == len(posted) and all(
        a == b or (_is_link(b) and (_is_link(a) or "." in a)) for a, b in zip(ours, posted, strict=True)
    )


def _is_link(word: str) -> bool:
    return _LINK in word or "://" in word


def delete(config: Config, external_id: str) -> None:
    """Delete one of our own tweets, as the handle that posted it; already deleted counts as success."""
    if external_id.startswith(DIRECT):
        raise Rejected("The desk cannot delete direct messages. Delete it on Twitter; the other side keeps its copy.")
    found = client.get(config, "tweets", {"ids": external_id, "tweet.fields": "author_id"}).body
    tweet = next(iter(objects_of(found.get("data"))), None)
    if tweet is None:
        return
    author = wire.identity(tweet, "author_id")
    handle = next((h for h in handles(config) if _is_id_of(config, h, author)), None)
    if handle is None:
        raise Rejected("That tweet was not posted by a handle of this connection, so it cannot be deleted from here.")
    if not _outcome(client.remove(config, f"tweets/{external_id}", speaker=handle).body, "deleted"):
        raise Rejected("Twitter did not delete the tweet. Check there: it may already be gone.")


def _is_id_of(config: Config, handle: str, number: str | None) -> bool:
    try:
        return number is not None and user_id(config, handle) == number
    except Rejected:
        return False


def like(config: Config, external_id: str) -> None:
    """Like a tweet as the main handle: the first one with tokens that likes."""
    if external_id.startswith(DIRECT):
        raise Rejected("The desk cannot like direct messages.")
    handle = _first_with_tokens(config, likes=True)
    if not handle:
        raise AuthFailed("No handle on this connection has tokens to like with. Enter them in the channel.")
    path = f"users/{user_id(config, handle)}/likes"
    if not _outcome(client.post(config, path, {"tweet_id": external_id}, speaker=handle).body, "liked"):
        raise Rejected("Twitter did not accept the like.")


def _outcome(body: Json, name: str) -> bool:
    """The outcome of a write. Raises Uncertain if the response doesn't confirm it."""
    done = value_at(body, "data", name)
    if not isinstance(done, bool):
        raise Uncertain("Twitter accepted the request but did not confirm the result.")
    return done
