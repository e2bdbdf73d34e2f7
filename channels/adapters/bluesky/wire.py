"""Splits AT Protocol response bodies into items, one per post.

Shapes: https://docs.bsky.app/docs/api/app-bsky-notification-list-notifications, …/app-bsky-feed-search-posts,
…/app-bsky-feed-get-post-thread, …/com-atproto-repo-list-records. A notification holds only the record, a search the
record and its rendered view; we read only the record, so both yield the same post. An item's payload is {"post": …}
with `told` (it came with a notification), `in_thread`, `root` and `gone`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from channels.adapters.bluesky.client import error_line
from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import list_of, malformed_id, object_of, objects_of, picked, unique, value_at

TALK = ("mention", "reply", "quote")
"""Notification reasons that carry a post."""
POST = "app.bsky.feed.post"
_URI = re.compile(r"at://([^/\s]+)/([\w.-]+)/([\w.~:-]+)")
_AUTHOR = ("did", "handle", "displayName")
_RECORD = ("$type", "text", "createdAt", "reply", "facets", "langs", "embed")
_COUNTS = ("likeCount", "repostCount", "replyCount", "quoteCount")
_SILENT = ("did", "follows", "followers", "likes", "repostedBy", "profiles", "actors", "count")
"""Bluesky bodies with one of these keys hold no posts."""


def split(document: Document, config: Config) -> list[Item]:
    """The posts in a body. Raises Malformed for an error, or for a body that isn't AT Protocol."""
    if not isinstance(document, dict):
        raise Malformed("Not a Bluesky response: not an object.")
    if isinstance(document.get("error"), str):
        raise Malformed(f"Bluesky says: {error_line(document)}.")
    found = _posts(document)
    if found is not None:
        return unique(found)
    if any(key in document for key in _SILENT):
        return []
    raise Malformed("Not a Bluesky response: no posts.")


def _posts(document: Mapping[str, Any]) -> list[Item] | None:
    if isinstance(document.get("notifications"), list):
        noted = objects_of(document["notifications"])
        return [of_post(n, told=n["reason"]) for n in noted if n.get("reason") in TALK]
    if isinstance(document.get("posts"), list):
        return [of_post(post) for post in document["posts"]]
    if isinstance(document.get("thread"), dict):
        return [of_post(post, in_thread=True) for post in walked(document["thread"])]
    if isinstance(document.get("feed"), list):
        # An entry with a `reason` is a repost.
        entries = objects_of(document["feed"])
        return [of_post(entry["post"]) for entry in entries if "post" in entry and not entry.get("reason")]
    if isinstance(document.get("records"), list):
        return [of_record(record) for record in document["records"] if _is_post(record)]
    if "value" in document and "uri" in document:
        return [of_record(document)] if _is_post(document) else []
    if "record" in document and "uri" in document:
        return [of_post(document)]
    return None


def _is_post(record: Json) -> bool:
    return bool(value_at(record, "value", "$type") == POST)


def walked(thread: Json) -> Iterable[dict[str, Any]]:
    """The posts of a thread view, ancestors first. `notFound` and `blocked` nodes hold none."""
    above: list[dict[str, Any]] = []
    node = object_of(thread).get("parent")
    while isinstance(node, dict):
        if isinstance(node.get("post"), dict):
            above.insert(0, node["post"])
        node = node.get("parent")
    yield from above
    waiting = [thread]
    while waiting:
        node = waiting.pop(0)
        if not isinstance(node, dict):
            continue
        if isinstance(node.get("post"), dict):
            yield node["post"]
        waiting += list_of(node.get("replies"))


def of_post(post: Json, **marks: Json) -> Item:
    """Unreadable posts are kept too, and shown as failed."""
    if not isinstance(post, dict) or parts_of(post.get("uri")) is None:
        return Item(malformed_id(post), {"post": post, **marks})
    return Item(post["uri"], {"post": _trimmed(post), **marks})


def of_record(record: Mapping[str, Any]) -> Item:
    """The bare record; its URI is the only thing that identifies the author."""
    parts = parts_of(record.get("uri"))
    author = {"did": parts[0]} if parts else {}
    return of_post({"uri": record.get("uri"), "cid": record.get("cid"), "author": author, "record": record["value"]})


def vanished(uri: str, root: str) -> Item:
    """A post that is no longer shown: deleted, taken down, or hidden from us."""
    return Item(uri, {"post": {"uri": uri}, "root": root, "gone": True})


def _trimmed(post: Mapping[str, Any]) -> dict[str, Any]:
    kept = picked(post, ("uri", "cid", "indexedAt", *_COUNTS))
    for part, keys in (("author", _AUTHOR), ("record", _RECORD)):
        if isinstance(post.get(part), dict):
            kept[part] = picked(post[part], keys)
    return kept


def parts_of(uri: Json) -> tuple[str, str, str] | None:
    """(repository, collection, key) of an `at://…` URI: https://atproto.com/specs/at-uri-scheme"""
    found = _URI.fullmatch(uri) if isinstance(uri, str) and len(uri) <= 500 else None
    return (found[1], found[2], found[3]) if found else None
