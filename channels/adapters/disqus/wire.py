"""Disqus wire format: posts, single or in a list, with their thread. Pure.

https://disqus.com/api/docs/posts/list/: `id` and `thread` are strings, `parent` is an integer or null; times have no
zone and are UTC; `thread` is the whole object if `related=thread` was requested; anonymous authors have no id. A post
has no URL except the thread's link with `#comment-ID`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.adapters.disqus.client import error_line
from channels.contract import Author, Config, Document, Item, Json, Mention, digest
from channels.errors import Malformed
from channels.toolkit.text import clean, html_links, html_to_text, text_links, unescaped

_AUTHOR = ("id", "username", "name", "profileUrl", "url", "isAnonymous")
_THREAD = ("id", "forum", "title", "clean_title", "link", "isClosed")
_NOT_KEPT = ("ipAddress", "author", "thread")
"""Moderators get IP and e-mail addresses, which the desk has no use for."""


def split(document: Document) -> list[Item]:
    """Posts of a list, or one post; threads, users and forums hold no mentions."""
    if isinstance(document, dict) and "code" in document:
        if document["code"] != 0:
            raise Malformed(f"Disqus answered with an error: {error_line(document)}")
        return split(document.get("response"))
    if isinstance(document, list):
        return [item for entry in document for item in split(_object(entry))]
    if isinstance(document, dict):
        if is_post(document):
            return [item_of(document)]
        if document.keys() & {"username", "clean_title", "slug", "founder", "isPrimary"}:
            return []
    raise Malformed("Not a Disqus document: neither a list nor a post.")


def _object(entry: Json) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise Malformed("An entry of a Disqus list is not an object.")
    return entry


def is_post(entry: Mapping[str, Any]) -> bool:
    return "thread" in entry and bool(entry.keys() & {"message", "raw_message", "isDeleted"})


def item_of(post: Mapping[str, Any]) -> Item:
    number = identity(post.get("id"))
    if number is None:
        raise Malformed("A Disqus post has no id.")
    author, thread = post.get("author"), post.get("thread")
    kept = {key: value for key, value in post.items() if key not in _NOT_KEPT}
    kept["author"] = {k: author[k] for k in _AUTHOR if k in author} if isinstance(author, dict) else author
    kept["thread"] = {k: thread[k] for k in _THREAD if k in thread} if isinstance(thread, dict) else thread
    return Item(number, {"post": kept})


def gone(number: str, thread_id: str) -> Item:
    """A placeholder for a post that Disqus doesn't know any more."""
    return Item(number, {"post": {"id": number, "thread": thread_id, "isDeleted": True}})


def identity(value: Json) -> str | None:
    """An id as text, from a number or its digits."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return value if isinstance(value, str) and value.isascii() and value.isdigit() else None


def posted_at(post: Mapping[str, Any]) -> datetime | None:
    value = post.get("createdAt")
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC) if at else None
    except (ValueError, OverflowError):
        return None


def parse(item: Item, config: Config) -> Mention | None:
    post = item.payload.get("post") if isinstance(item.payload, dict) else None
    if not isinstance(post, dict):
        raise Malformed("A stored Disqus item is not a post.")
    thread = _thread(post)
    number, thread_id = item.external_id, identity(thread.get("id"))
    if thread_id is None:
        raise Malformed("A Disqus post has no thread.")
    html, raw = _text(post.get("message")), _text(post.get("raw_message"))
    page = _web(thread.get("link"))
    forum = _text(post.get("forum")) or _text(thread.get("forum"))
    author = _author(post.get("author"))
    return Mention(
        external_id=number,
        thread_id=thread_id,
        author=author,
        posted_at=posted_at(post),
        text=html_to_text(html) if html else raw,
        parent_id=identity(post.get("parent")),
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


def _text(value: Json) -> str:
    return clean(value).strip() if isinstance(value, str) else ""


def _web(value: Json) -> str | None:
    link = _text(value)
    return link if link.lower().startswith(("http://", "https://")) else None


def _title(thread: Mapping[str, Any]) -> str | None:
    return _text(thread.get("clean_title")) or unescaped(_text(thread.get("title"))) or None


def _author(value: Json) -> Author:
    """A guest has a name but nothing to identify them by."""
    if not isinstance(value, dict):
        return Author(identity(value) or "")
    number = None if value.get("isAnonymous") is True else identity(value.get("id"))
    return Author(
        number or "",
        handle=(_text(value.get("username")) or None) if number else None,
        name=_text(value.get("name")) or None,
        url=_web(value.get("profileUrl")) or _web(value.get("url")),
    )


def _is_own(author: Author, config: Config) -> bool:
    """By id or user name. Channel addresses are forums here: a user with the same name isn't us."""
    own = config.own - set(config.addresses)
    return any(name.lower() in own for name in (author.id, author.handle or "") if name)


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
    return {key: value for key, value in extra.items() if value is not None}


def fingerprint(item: Item, config: Config) -> bytes:
    """Over the content and the moderation state: approval and spam must register, likes must not."""
    mention = parse(item, config)
    if mention is None:
        return b"\0" * 16
    status = str(mention.extra["status"]).encode()
    return hashlib.blake2b(digest(mention) + status, digest_size=16).digest()
