"""Replies from an advocate's own account: posts, likes, deletions, and finding our own posts.

https://docs.discourse.org/#tag/Posts/operation/createTopicPostPM; likes: POST /post_actions.json with type 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from channels.adapters.discourse import client, threads, wire
from channels.adapters.discourse.context import LIKE
from channels.contract import Author, Config, Json, Outgoing, Receipt
from channels.errors import AuthFailed, Rejected, Uncertain
from channels.toolkit.sending import CLOCK_SLACK, confirmed
from channels.toolkit.text import html_to_text
from channels.toolkit.values import number_of, object_of, objects_of, value_at

OWN_CHUNKS = 10


def current_account(config: Config) -> Author:
    """The account the personal key belongs to."""
    user = object_of(client.get_as_person(config, "session/current.json").body).get("current_user")
    if not isinstance(user, dict) or not isinstance(user.get("username"), str):
        raise AuthFailed("The forum does not say who owns this key. If an admin created the key, enter the user name.")
    name = user["username"]
    return Author(str(user.get("id") or ""), name, user.get("name") or None, f"{client.base(config)}/u/{name}")


def send(config: Config, outgoing: Outgoing) -> Receipt:
    client.person(config)
    if not outgoing.thread_id or not outgoing.thread_id.isdigit():
        raise Rejected("Forum replies need a topic, and this reply has none.")
    payload: dict[str, Any] = {"topic_id": int(outgoing.thread_id), "raw": outgoing.text}
    if outgoing.in_reply_to:
        number = _place(config, outgoing.in_reply_to, outgoing.thread_id)
        if number > 1:  # a reply to the first post is a reply to the topic
            payload["reply_to_post_number"] = number
    body = client.post(config, "posts.json", payload).body
    if isinstance(body, dict) and body.get("action") == "enqueued":
        raise Rejected(
            "The forum holds the reply until a moderator approves it. Do not send it again: it comes in once it is "
            "approved."
        )
    return confirmed(_receipt(config, body), "The forum")


def _place(config: Config, number: str, thread_id: str) -> int:
    """The parent post's number in its topic. Raises Rejected if the post is gone or has moved."""
    body = client.get_as_person(config, f"posts/{number}.json").body
    post_number = object_of(body).get("post_number")
    if not isinstance(post_number, int) or number_of(body.get("topic_id")) != thread_id:
        raise Rejected("The post you are answering is no longer in this topic. Check it on the forum.")
    return post_number


def _receipt(config: Config, post: Json) -> Receipt | None:
    post = object_of(object_of(post).get("post", post))
    number = number_of(post.get("id"))
    if number is None:
        return None
    slug, post_number = post.get("topic_slug") or "-", post.get("post_number")
    url = f"{client.base(config)}/t/{slug}/{post.get('topic_id')}/{post_number}"
    return Receipt(number, url, wire.created_at(post))


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """The person's own post with this text: reads the topic as that person, newest first; `yours` marks their posts.
    Raises Uncertain if the topic has grown too much to prove it absent."""
    client.person(config)
    topic = outgoing.thread_id or ""
    stream = threads.stream_of(_checked(client.get_as_person(config, f"t/{topic}.json").body))
    earliest, answered = since - CLOCK_SLACK, _answered(config, outgoing)
    for _ in range(OWN_CHUNKS):
        numbers, stream = stream[-threads.CHUNK :], stream[: -threads.CHUNK]
        if not numbers:
            return None
        posts = _as_person(config, topic, numbers)
        for post in posts:
            is_there = answered is None or (post.get("reply_to_post_number") or 1) == answered
            if post.get("yours") is True and is_there and _is_after(post, earliest) and _says(post, outgoing.text):
                return _receipt(config, {"topic_id": topic, **post})
        if posts and not any(_is_after(post, earliest) for post in posts):
            return None
    raise Uncertain("The topic has grown too much since then to check for the reply.")


def _answered(config: Config, outgoing: Outgoing) -> int | None:
    """The parent post's number, 1 for the topic itself; None if that post is gone."""
    if not outgoing.in_reply_to:
        return 1
    try:
        return _place(config, outgoing.in_reply_to, outgoing.thread_id or "")
    except Rejected:
        return None


def _checked(body: Json) -> Json:
    threads.posts_of(body)
    return body


def _as_person(config: Config, topic: str, numbers: Sequence[str]) -> list[Mapping[str, Any]]:
    pairs = [*(("post_ids[]", number) for number in numbers), ("include_raw", "true")]
    return threads.posts_of(client.get_as_person(config, f"t/{topic}/posts.json", pairs).body)


def _is_after(post: Mapping[str, Any], earliest: datetime) -> bool:
    at = wire.created_at(post)
    return at is None or at >= earliest


def _says(post: Mapping[str, Any], text: str) -> bool:
    raw, cooked = post.get("raw"), post.get("cooked")
    if isinstance(raw, str):
        return raw.split() == text.split()
    return isinstance(cooked, str) and re.findall(r"\w+", html_to_text(cooked)) == re.findall(r"\w+", text)


def delete(config: Config, external_id: str) -> None:
    """Delete the person's own post; already deleted counts as success."""
    with suppress(client.Hidden):
        client.remove(config, f"posts/{external_id}.json")


def like(config: Config, external_id: str) -> None:
    """Like a post as the person; already liked counts as success. The forum refuses a second like as it refuses one of
    the person's own posts, so we look."""
    if not external_id.isdigit():
        raise Rejected(f"{external_id!r} is not a forum post.")
    payload = {"id": int(external_id), "post_action_type_id": LIKE}
    try:
        body = client.post(config, "post_actions.json", payload).body
    except Rejected:
        if not _is_liked(config, external_id):
            raise
        return
    if not isinstance(body, dict):
        raise Uncertain("The forum accepted the like but did not confirm it.")


def _is_liked(config: Config, number: str) -> bool:
    """Whether the person has liked the post."""
    actions = objects_of(value_at(client.get_as_person(config, f"posts/{number}.json").body, "actions_summary"))
    return any(action.get("acted") is True for action in actions if action.get("id") == LIKE)
