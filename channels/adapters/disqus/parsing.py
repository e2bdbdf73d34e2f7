"""Turns a stored Disqus comment into a mention. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from channels.contract import Author, Config, Item, Json, Mention, digest
from channels.errors import Malformed
from channels.toolkit.text import html_links, html_to_text, text_links, unescaped
from channels.toolkit.values import drop_none, number_of, text_of, time_of, value_at, web_address_of


def parse(item: Item, config: Config) -> Mention | None:
    post = value_at(item.payload, "post")
    if not isinstance(post, dict):
        raise Malformed("A stored Disqus item is not a post.")
    thread = _thread(post)
    number, thread_id = item.external_id, number_of(thread.get("id"))
    if thread_id is None:
        raise Malformed("A Disqus post has no thread.")
    html, raw = text_of(post.get("message")), text_of(post.get("raw_message"))
    page = web_address_of(thread.get("link"))
    forum = text_of(post.get("forum")) or text_of(thread.get("forum"))
    author = _author(post.get("author"))
    return Mention(
        external_id=number,
        thread_id=thread_id,
        author=author,
        posted_at=time_of(post.get("createdAt")),
        text=html_to_text(html) if html else raw,
        parent_id=number_of(post.get("parent")),
        html=html or None,
        url=f"{page.partition('#')[0]}#comment-{number}" if page else None,
        about_url=page,
        is_own=_is_own(author, config),
        is_deleted=_status(post) == "deleted",
        links=html_links(html) if html else text_links(raw),
        addressed=((forum.lower(),),) if forum else (),
        thread_title=_title(thread),
        extra=_extra(post, forum),
    )


def _thread(post: Mapping[str, Any]) -> Mapping[str, Any]:
    thread = post.get("thread")
    return thread if isinstance(thread, dict) else {"id": thread}


def _title(thread: Mapping[str, Any]) -> str | None:
    return text_of(thread.get("clean_title")) or unescaped(text_of(thread.get("title"))) or None


def _author(value: Json) -> Author:
    """A guest has a name but nothing to identify them by."""
    if not isinstance(value, dict):
        return Author(number_of(value) or "")
    number = None if value.get("isAnonymous") is True else number_of(value.get("id"))
    return Author(
        number or "",
        handle=(text_of(value.get("username")) or None) if number else None,
        name=text_of(value.get("name")) or None,
        url=web_address_of(value.get("profileUrl")) or web_address_of(value.get("url")),
    )


def _is_own(author: Author, config: Config) -> bool:
    """By id or user name. Channel addresses are forums here: a user with the same name isn't us."""
    return author.is_one_of(config.own - set(config.addresses))


def _status(post: Mapping[str, Any]) -> str:
    if post.get("isDeleted") is True or post.get("isDeletedByAuthor") is True:
        return "deleted"
    if post.get("isSpam") is True:
        return "spam"
    return "pending" if post.get("isApproved") is False else "approved"


def _extra(post: Mapping[str, Any], forum: str) -> dict[str, Json]:
    """Moderation state and votes."""
    extra: dict[str, Json] = {"status": _status(post), "forum": forum or None}
    for ours, theirs in (("likes", "likes"), ("dislikes", "dislikes"), ("points", "points"), ("reports", "numReports")):
        value = post.get(theirs)
        extra[ours] = value if isinstance(value, int) and not isinstance(value, bool) else None
    for ours, theirs in (("edited", "isEdited"), ("flagged", "isFlagged"), ("highlighted", "isHighlighted")):
        extra[ours] = True if post.get(theirs) is True else None
    return drop_none(extra)


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """Over the content and the moderation state: approval and spam must register, likes must not."""
    status = str(mention.extra["status"]).encode()
    return hashlib.blake2b(digest(mention) + status, digest_size=16).digest()
