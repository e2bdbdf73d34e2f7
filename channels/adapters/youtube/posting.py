"""Replies from the brand's own channel. Replies always go under the first comment of a thread.

https://developers.google.com/youtube/v3/docs/comments/insert and …/comments/delete (scope youtube.force-ssl, 50 units
each). YouTube has no idempotency key, so a reply is looked for by its text before a retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.adapters.youtube import parsing, wire
from channels.adapters.youtube.client import Closed, brand, items_of
from channels.contract import Config, Outgoing, Receipt
from channels.errors import Rejected, Transient, Uncertain
from channels.toolkit.sending import CLOCK_SLACK
from channels.toolkit.values import object_of, text_of, time_of, value_at

PAGES = 10


def send(config: Config, outgoing: Outgoing) -> Receipt:
    top = _top(outgoing)
    payload = {"snippet": {"parentId": top, "textOriginal": outgoing.text}}
    answer = brand.post(config, "comments", payload, params={"part": "snippet"})
    body = object_of(answer.body)
    if not text_of(body.get("id")):
        raise Uncertain("YouTube accepted the reply but returned no comment ID.")
    return _receipt(config, body, top)


def _top(outgoing: Outgoing) -> str:
    top = wire.top_of(outgoing.in_reply_to or outgoing.thread_id or "")
    if not top:
        raise Rejected("A reply on YouTube needs a comment to answer.")
    return top


def _receipt(config: Config, comment: Mapping[str, Any], top: str) -> Receipt:
    mention = parsing.parse(wire.comment_item({"snippet": {}, **comment}, {}), config)
    assert mention is not None
    return Receipt(mention.external_id, mention.url, mention.posted_at)


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """Our channel's reply under the same comment, by text and time; None if all replies were read."""
    ours, top = _our_channel(config), _top(outgoing)
    params: dict[str, str | int] = {"part": "snippet", "parentId": top, "maxResults": 100, "textFormat": "plainText"}
    for _ in range(PAGES):
        body = items_of(brand.get(config, "comments", params))
        for comment in body["items"]:
            if _is_ours(comment, ours, outgoing.text, since):
                return _receipt(config, comment, top)
        token = text_of(body.get("nextPageToken"))
        if not token or not body["items"]:
            return None
        params["pageToken"] = token
    raise Transient("There are too many replies to check for ours. Check on YouTube.")


def _is_ours(comment: Mapping[str, Any], ours: str, text: str, since: datetime) -> bool:
    snippet = object_of(comment.get("snippet"))
    author, at = text_of(value_at(snippet, "authorChannelId", "value")), time_of(snippet.get("publishedAt"))
    said = text_of(snippet.get("textOriginal")) or text_of(snippet.get("textDisplay"))
    is_new = at is not None and at >= since - CLOCK_SLACK
    return bool(text_of(comment.get("id"))) and author == ours and is_new and said.split() == text.split()


def _our_channel(config: Config) -> str:
    """https://developers.google.com/youtube/v3/docs/channels/list with `mine`."""
    for channel in items_of(brand.get(config, "channels", {"part": "id", "mine": "true"}))["items"]:
        if text_of(channel.get("id")):
            return text_of(channel["id"])
    raise Rejected("The login for replies has no YouTube channel.")


def delete(config: Config, external_id: str) -> None:
    """Already deleted counts as success."""
    try:
        brand.delete(config, "comments", {"id": external_id})
    except Closed as error:
        if error.reason != "commentNotFound":
            raise
