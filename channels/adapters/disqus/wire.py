"""Disqus wire format: posts, single or in a list, with their thread. Pure.

https://disqus.com/api/docs/posts/list/: `id` and `thread` are strings, `parent` is an integer or null; times have no
zone and are UTC; `thread` is the whole object if `related=thread` was requested; anonymous authors have no id. A post
has no URL except the thread's link with `#comment-ID`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.adapters.disqus.client import error_line
from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import number_of, picked

_AUTHOR = ("id", "username", "name", "profileUrl", "url", "isAnonymous")
_THREAD = ("id", "forum", "title", "clean_title", "link", "isClosed")
_NOT_KEPT = ("ipAddress", "author", "thread")
"""Moderators get IP and email addresses, which the desk has no use for."""


def split(document: Document, config: Config) -> list[Item]:
    """Posts of a list, or one post; threads, users and forums hold no mentions."""
    if isinstance(document, dict) and "code" in document:
        if document["code"] != 0:
            raise Malformed(f"Disqus returned an error: {error_line(document)}")
        return split(document.get("response"), config)
    if isinstance(document, list):
        return [item for entry in document for item in split(_object(entry), config)]
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
    number = number_of(post.get("id"))
    if number is None:
        raise Malformed("A Disqus post has no id.")
    kept = {key: value for key, value in post.items() if key not in _NOT_KEPT}
    for part, keys in (("author", _AUTHOR), ("thread", _THREAD)):
        data = post.get(part)
        kept[part] = picked(data, keys) if isinstance(data, dict) else data
    return Item(number, {"post": kept})


def gone(number: str, thread_id: str) -> Item:
    """A placeholder for a post that Disqus doesn't know any more."""
    return Item(number, {"post": {"id": number, "thread": thread_id, "isDeleted": True}})
