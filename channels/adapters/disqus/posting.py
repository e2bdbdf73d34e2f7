"""Replies from an advocate's own account: posts/create, posts/remove, users/details.

https://disqus.com/api/docs/posts/create/, /posts/remove/, /users/details/
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from channels.adapters.disqus import client
from channels.adapters.disqus.fetching import included, next_token
from channels.contract import Author, Config, Outgoing, Receipt
from channels.errors import AuthFailed, NotFound, Rejected, Uncertain
from channels.toolkit.sending import CLOCK_SLACK, confirmed
from channels.toolkit.text import html_to_text
from channels.toolkit.values import number_of, object_of, objects_of, text_of, time_of, value_at

OWN_PAGES = 10


def current_account(config: Config) -> Author:
    """The account the personal token belongs to."""
    body = client.get_as_person(config, "users/details").body
    user = object_of(body.get("response"))
    number = number_of(user.get("id"))
    if number is None:
        raise AuthFailed("Disqus does not say who owns this access token. Create a new one.")
    return Author(number, user.get("username"), user.get("name"), user.get("profileUrl"))


def send(config: Config, outgoing: Outgoing) -> Receipt:
    if not outgoing.thread_id:
        raise Rejected("Disqus replies need a discussion, and this reply has none.")
    form = {"thread": outgoing.thread_id, "message": outgoing.text}
    if outgoing.in_reply_to:
        form["parent"] = outgoing.in_reply_to
    return confirmed(_receipt(client.post(config, "posts/create", form)), "Disqus")


def _receipt(post: Any) -> Receipt | None:
    number, link = number_of(value_at(post, "id")), value_at(post, "thread", "link")
    if number is None:
        return None
    return Receipt(number, f"{link}#comment-{number}" if link else None, time_of(post.get("createdAt")))


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """The person's own post with this text under this parent. Raises Uncertain if pending posts can't be seen, or the
    thread is too long to be read back to `since`: then it isn't proved absent."""
    me = current_account(config).id
    pairs: dict[str, str | int] = {"thread": outgoing.thread_id or "", "order": "asc", "limit": 100}
    pairs["related"] = "thread"
    pairs["since"] = (since - CLOCK_SLACK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    include = included(config)
    sees_pending = len(include) > 1
    for _ in range(OWN_PAGES):
        body = client.get(config, "posts/list", pairs, include).body
        for post in objects_of(body.get("response")):
            if _is_ours(post, me, outgoing):
                return _receipt(post)
        token = next_token(body)
        if token is None:
            if sees_pending:
                return None
            raise Uncertain("The reply is not among the approved comments; it may be waiting for approval.")
        pairs["cursor"] = token
    raise Uncertain("The discussion has grown too much since then to check for the reply.")


def _is_ours(post: Mapping[str, Any], me: str, outgoing: Outgoing) -> bool:
    is_there = number_of(post.get("parent")) == (outgoing.in_reply_to or None)
    texts = (text_of(post.get("raw_message")), html_to_text(text_of(post.get("message"))))
    is_said = any(text.split() == outgoing.text.split() for text in texts)
    return number_of(value_at(post, "author", "id")) == me and is_there and is_said


def delete(config: Config, external_id: str) -> None:
    """Remove the person's own post; already removed counts as success."""
    with suppress(NotFound):
        client.post(config, "posts/remove", {"post": external_id})


def like(config: Config, external_id: str) -> None:
    """Upvote a comment as the person: https://disqus.com/api/docs/posts/vote/"""
    client.post(config, "posts/vote", {"post": external_id, "vote": "1"})
