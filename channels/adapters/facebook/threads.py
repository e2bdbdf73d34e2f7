"""Reads a post with its comments, a comment with its replies, or a message conversation."""

from __future__ import annotations

from collections.abc import Sequence

from channels.adapters.facebook import client, wire
from channels.adapters.facebook.fetching import (
    COMMENT_FIELDS,
    DEEP_PAGES,
    NESTED_COMMENTS,
    POST_FIELDS,
    going_on,
    post_with_comments,
    talk_with,
)
from channels.adapters.facebook.parsing import page_id
from channels.adapters.facebook.wire import TALK
from channels.contract import Config, Item, Json
from channels.errors import NotFound, Transient
from channels.http.client import Answer


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """A message conversation, a visitor's post with its comments, or a comment with its replies."""
    try:
        if thread_id.startswith(TALK):
            return talk_with(config, thread_id, 0)
        if thread_id.startswith(f"{page_id(config)}_"):
            post = _thing(client.get(config, client.node(thread_id), {"fields": f"{POST_FIELDS},{NESTED_COMMENTS}"}))
            return post_with_comments(config, post, 0)
        return _comment_thread(config, thread_id)
    except NotFound:
        return []


def _comment_thread(config: Config, number: str) -> list[Item]:
    """Like the comment, replies identify their post only by its address."""
    comment = _thing(client.get(config, client.node(number), {"fields": COMMENT_FIELDS}))
    items = wire.comment_items(comment)
    about = items[0].payload["comment"]["post"]
    following: dict[str, str | int] | None = {}
    for _ in range(DEEP_PAGES):
        params = {"fields": COMMENT_FIELDS, "order": "reverse_chronological", "limit": 100, **going_on(following)}
        answer = client.get(config, f"{client.node(number)}/comments", params)
        entries, following = client.listed(answer, "comments")
        items += [item for entry in entries for item in wire.comment_items({"parent": {"id": number}, **entry}, about)]
        if following is None:
            break
    return items


def _thing(answer: Answer) -> dict[str, Json]:
    if not isinstance(answer.body, dict) or not answer.body.get("id"):
        raise Transient("Facebook did not return a post or a comment. The desk retries automatically.")
    return answer.body


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """Comments and posts that are gone, checked one by one by id. Facebook doesn't report deleted messages."""
    found = []
    for number in external_ids:
        if thread_id.startswith(TALK) or not number:
            continue
        try:
            client.get(config, client.node(number), {"fields": "id"})
        except NotFound:
            if number.startswith(f"{page_id(config)}_"):
                found.append(wire.gone_item(number, "post"))
            else:
                parent = thread_id if number != thread_id else ""
                about = {"id": number.partition("_")[0], "title": "", "page_url": None}
                found.append(wire.gone_item(number, "comment", parent=parent, post=about))
    return found
