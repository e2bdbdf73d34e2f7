"""Discourse wire format: posts from lists, topics, searches and webhooks, each with what is known of its topic. Pure.

https://docs.discourse.org/#tag/Posts and /#tag/Topics. A post names its parent only by number within the topic; the
reader looks the id up and adds it (`parent_id`). Not every answer has `raw`, so the text comes from `cooked`.
`updated_at` moves with every edit, `version` counts them.

Private messages are topics with `archetype` `private_message` and no category. An item the desk fetched itself always
has a `topic`; unless that proves the topic public, there is no mention.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.adapters.discourse.client import error_line
from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import number_of, object_of, objects_of, picked, time_of, value_at

PUBLIC = ("regular", "banner")
PRIVATE = "private_message"
REGULAR = 1
"""`post_type`; 2 and 3 are moderation notes on the topic, 4 is a staff whisper."""
_POST_FIELDS = (
    "id", "name", "username", "user_id", "created_at", "updated_at", "cooked", "raw", "blurb", "post_number",
    "post_type", "reply_to_post_number", "reply_count", "reads", "topic_id", "topic_slug", "topic_title",
    "topic_archetype", "category_id", "category_slug", "version", "actions_summary", "like_count", "moderator", "admin",
    "staff", "hidden", "deleted_at", "user_deleted", "accepted_answer", "archetype",
)  # fmt: skip
_TOPIC = (
    "id", "title", "slug", "archetype", "category_id", "category_slug", "tags", "views", "featured_link", "closed",
)  # fmt: skip
_NO_POSTS = (
    "topic_list", "topic", "user_actions", "categories", "category_list", "ping", "notification", "user", "like",
)  # fmt: skip


def split(document: Document, config: Config) -> list[Item]:
    """Lists of posts, a topic, a search, one post, or a post webhook."""
    if isinstance(document, list):
        return [item for entry in objects_of(document) for item in _of_entry(entry)]
    if not isinstance(document, dict):
        raise Malformed("Not a Discourse document.")
    if isinstance(document.get("errors"), list) or "error_type" in document:
        raise Malformed(f"The forum returned an error: {error_line(document) or document.get('error_type')}")
    if isinstance(document.get("latest_posts"), list):
        return _items(document["latest_posts"])
    if isinstance(document.get("post_stream"), dict):
        return _items(document["post_stream"].get("posts"), topic_of(document))
    if isinstance(document.get("posts"), list):
        return _of_search(document)
    if isinstance(document.get("post"), dict):
        return _items([document["post"]])
    return _of_entry(document) if not any(key in document for key in _NO_POSTS) else []


def _of_entry(entry: Mapping[str, Any]) -> list[Item]:
    if "post_number" in entry and "id" in entry and "topic_id" in entry:
        return _items([entry])
    if entry.keys() & {"notification_type", "latest_posts", "post_stream"} or {"slug", "id"} <= entry.keys():
        return []
    raise Malformed("Not a Discourse document: neither posts nor a topic.")


def _of_search(document: Mapping[str, Any]) -> list[Item]:
    topics = {str(topic.get("id")): topic_of(topic) for topic in objects_of(document.get("topics"))}
    return [item for post in document["posts"] for item in _items([post], topics.get(str(value_at(post, "topic_id"))))]


def _items(posts: Json, topic: Mapping[str, Any] | None = None) -> list[Item]:
    """Anything marked private isn't even kept. Parents are linked if both posts are in the document."""
    if not isinstance(posts, list) or not all(isinstance(post, dict) for post in posts):
        raise Malformed("A list of posts contains something else.")
    numbers = {(str(p.get("topic_id")), str(p.get("post_number"))): number_of(p.get("id")) for p in posts}
    items: dict[str, Item] = {}
    for post in posts:
        item = item_of(post, topic, parent_id=numbers.get((str(post.get("topic_id")), str(answered(post)))))
        if not is_private(item.payload):
            items[item.external_id] = item
    return list(items.values())


def answered(post: Mapping[str, Any]) -> int | None:
    """The number in its topic of this post's parent: the first post, unless another is named."""
    own = post.get("post_number")
    number = post.get("reply_to_post_number") or 1
    return number if isinstance(number, int) and isinstance(own, int) and number != own else None


def item_of(post: Mapping[str, Any], topic: Mapping[str, Any] | None = None, **more: Json) -> Item:
    """`more`: `parent_id`, `event`, `gone`."""
    number = number_of(post.get("id"))
    if number is None:
        raise Malformed("A forum post has no id.")
    payload: dict[str, Any] = {"post": picked(post, _POST_FIELDS), **more}
    if topic is not None:
        payload["topic"] = dict(topic)
    return Item(number, payload)


def topic_of(topic: Mapping[str, Any]) -> dict[str, Any]:
    """The topic data a post needs to be read on its own."""
    return picked(topic, _TOPIC)


def gone(number: str, thread_id: str, topic: Mapping[str, Any] | None = None) -> Item:
    return Item(number, {"post": {"id": int(number), "topic_id": thread_id}, "topic": dict(topic or {}), "gone": True})


def is_private(payload: Json) -> bool:
    post, topic = parts(payload)
    return PRIVATE in (post.get("topic_archetype"), post.get("archetype"), topic.get("archetype"))


def is_public(payload: Json) -> bool:
    """Whether the topic is proved public: by its archetype, else by having a category."""
    if is_private(payload):
        return False
    post, topic = parts(payload)
    archetype = topic.get("archetype") or post.get("topic_archetype")
    if archetype is not None:
        return archetype in PUBLIC
    return number_of(post.get("category_id")) is not None or number_of(topic.get("category_id")) is not None


def parts(payload: Json) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return object_of(value_at(payload, "post")), object_of(value_at(payload, "topic"))


def created_at(post: Mapping[str, Any]) -> datetime | None:
    return time_of(post.get("created_at"))


def updated_at(post: Mapping[str, Any]) -> datetime | None:
    return time_of(post.get("updated_at")) or created_at(post)
