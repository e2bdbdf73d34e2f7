"""Reads a whole topic, and single posts of it.

https://docs.discourse.org/#tag/Topics: `/t/ID.json` holds the first posts and all ids (`stream`);
`/t/ID/posts.json?post_ids[]=…` returns the others in batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters.discourse import client, wire
from channels.adapters.discourse.knowledge import Knowledge, Spent
from channels.contract import Config, Item, Json
from channels.errors import Malformed, Rejected
from channels.toolkit.values import list_of, number_of, object_of, objects_in, value_at

CHUNK = 20
MAX_POSTS = 1000
LOOKUPS = 30


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """All readable posts; none if the topic is gone or is a private message."""
    if number_of(thread_id) is None:
        raise Rejected(f"{thread_id!r} is not a forum topic.")
    try:
        body = client.get(config, f"t/{thread_id}.json").body
    except client.Hidden:
        return []
    topic = _topic(config, body)
    if not wire.is_public({"post": {}, "topic": topic}):
        return []
    posts = {number: post for post in posts_of(body) if (number := number_of(post.get("id")))}
    missing = [number for number in stream_of(body) if number not in posts]
    for at in range(0, len(missing), CHUNK):
        posts |= {str(p.get("id")): p for p in chunk(config, thread_id, missing[at : at + CHUNK])}
    return _items(thread_id, list(posts.values()), topic)


def _items(thread_id: str, posts: list[Mapping[str, Any]], topic: Mapping[str, Any]) -> list[Item]:
    """In topic order, each with its parent's id."""
    by_number = {
        post["post_number"]: number_of(post.get("id")) for post in posts if isinstance(post.get("post_number"), int)
    }
    items = []
    for post in sorted(posts, key=lambda p: p["post_number"] if isinstance(p.get("post_number"), int) else 0):
        parent = by_number.get(wire.answered(post))
        if post.get("post_type", wire.REGULAR) == wire.REGULAR:
            items.append(wire.item_of({"topic_id": thread_id, **post}, topic, parent_id=parent))
    return items


def _topic(config: Config, body: Json) -> dict[str, Any]:
    """The topic with its category slug, if that can be found."""
    topic = wire.topic_of(object_of(body))
    if topic.get("archetype") == wire.PRIVATE:
        return topic
    return topic | Knowledge(config, None).category_of(topic.get("category_id"))


def posts_of(body: Json) -> list[Mapping[str, Any]]:
    unclear = Malformed("The forum did not return the posts of the topic.")
    return [*objects_in(value_at(body, "post_stream", "posts"), unclear)]


def stream_of(body: Json) -> list[str]:
    """The topic's post ids in order; for a very long topic, the first and the newest."""
    numbers = [number for number in map(number_of, list_of(body["post_stream"].get("stream"))) if number]
    return numbers if len(numbers) <= MAX_POSTS else numbers[:CHUNK] + numbers[CHUNK - MAX_POSTS :]


def chunk(config: Config, thread_id: str, numbers: Sequence[str]) -> list[Mapping[str, Any]]:
    return posts_of(client.get(config, f"t/{thread_id}/posts.json", [("post_ids[]", n) for n in numbers]).body)


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """Posts missing from the topic. One we can't see is gone, as is every post of a topic we can't see."""
    numbers = [number for number in external_ids if number_of(number)][:LOOKUPS]
    try:
        topic = _topic(config, client.peek(config, f"t/{thread_id}.json").body)
    except client.Hidden:
        topic = {}
    if not wire.is_public({"post": {}, "topic": topic}):
        return [wire.gone(number, thread_id) for number in numbers]
    return [item for number in numbers if (item := _single(config, thread_id, number, topic))]


def _single(config: Config, thread_id: str, number: str, topic: Mapping[str, Any]) -> Item | None:
    """None if it moved to another topic, which isn't known to be public."""
    try:
        post = client.peek(config, f"posts/{number}.json").body
    except client.Hidden:
        return wire.gone(number, thread_id, topic)
    if not isinstance(post, dict) or number_of(post.get("topic_id")) != thread_id:
        return None
    try:
        parent = Knowledge(config, None, 1).parent(post)
    except Spent:
        parent = None
    return wire.item_of(post, topic, parent_id=parent)
