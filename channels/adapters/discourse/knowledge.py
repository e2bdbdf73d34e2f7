"""Lookups cached between polls: category slugs, topics, and which post has which number in a topic.

Kept in the cursor, so overlapping polls look nothing up twice. Discarded after some hours, since topics get moved and
retagged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.adapters.discourse import client, wire
from channels.adapters.discourse.filters import wanted_categories, wanted_tags
from channels.clocks import desk_now
from channels.contract import Config, Item, Json
from channels.toolkit.values import number_of, object_of, objects_of, picked, value_at

GOOD_FOR_S = 6 * 3600
MAX_KEPT = 300
LOOKUPS_A_POLL = 60
"""Beyond this the poll stops and the next one continues: with a key, 60 requests a minute are allowed."""
_TOPIC = ("id", "title", "slug", "archetype", "category_id", "tags", "featured_link")


class Spent(Exception):
    """This poll has used up its lookups."""


class Knowledge:
    """The lookup cache during one poll, with that poll's `config`."""

    def __init__(self, config: Config, stored: Json, budget: int | None = None) -> None:
        kept = object_of(stored)
        if not isinstance(kept.get("at"), int | float) or desk_now().timestamp() - kept["at"] > GOOD_FOR_S:
            kept = {"at": int(desk_now().timestamp())}
        self.config, self.at = config, kept["at"]
        self.budget = LOOKUPS_A_POLL if budget is None else budget
        self.categories: dict[str, dict[str, Any]] = dict(object_of(kept.get("categories")))
        self.topics: dict[str, dict[str, Any]] = dict(object_of(kept.get("topics")))
        self.posts: dict[str, str | None] = dict(object_of(kept.get("posts")))
        """`TOPIC/NUMBER` → id of that post; None if we can't see it."""

    def to_json(self) -> Json:
        return {
            "at": self.at,
            "categories": dict(self.categories),
            "topics": _newest(self.topics),
            "posts": _newest(self.posts),
        }

    def note(self, posts: list[Mapping[str, Any]]) -> None:
        """Record the numbers of posts we have received anyway."""
        for post in posts:
            number = number_of(post.get("id"))
            if number is not None:
                self.posts[_place(post, post.get("post_number"))] = number

    def item(self, post: Mapping[str, Any]) -> Item | None:
        """The post with what `parse` needs; None unless proved public. Raises Spent."""
        topic = self._topic(post)
        item = wire.item_of(post, topic, parent_id=self.parent(post))
        return item if wire.is_public(item.payload) else None

    def _topic(self, post: Mapping[str, Any]) -> dict[str, Any]:
        """The post's topic, looked up only if the post lacks what we need: its category, or tags that we filter by."""
        topic: dict[str, Any] = {}
        if wanted_tags(self.config) or not wire.is_public({"post": post}):
            topic = dict(self._asked(str(post.get("topic_id"))))
        return topic | self.category_of(topic.get("category_id") or post.get("category_id"))

    def category_of(self, value: Json) -> dict[str, Any]:
        """`category_slug` and `parent_slug`; empty without a category, or if it's hidden from us."""
        number = number_of(value)
        return self._category(number) if number is not None else {}

    def _asked(self, topic_id: str) -> dict[str, Any]:
        if topic_id not in self.topics:
            self._pay()
            try:
                found = picked(object_of(client.peek(self.config, f"t/{topic_id}.json").body), _TOPIC)
            except client.Hidden:
                found = {"archetype": wire.PRIVATE}  # not public, so not for the desk
            self.topics[topic_id] = found
        return self.topics[topic_id]

    def _category(self, number: str) -> dict[str, Any]:
        if number not in self.categories:
            self._pay()
            self.categories |= read_categories(self.config)
            self.categories.setdefault(number, {})
        return self.categories[number]

    def parent(self, post: Mapping[str, Any]) -> str | None:
        """Id of the parent post: the one with the given number, else the topic's first."""
        number = wire.answered(post)
        if number is None:
            return None
        place = _place(post, number)
        if place not in self.posts:
            self._pay()
            try:
                body = client.peek(self.config, f"posts/by_number/{place}.json").body
                self.posts[place] = number_of(value_at(body, "id"))
            except client.Hidden:
                self.posts[place] = None
        return self.posts[place]

    def _pay(self) -> None:
        if self.budget <= 0:
            raise Spent
        self.budget -= 1


def read_categories(config: Config) -> dict[str, dict[str, Any]]:
    """Id → `category_slug` and `parent_slug`: https://docs.discourse.org/#tag/Site"""
    entries = objects_of(value_at(client.get(config, "site.json").body, "categories"))
    found = {str(category.get("id")): category for category in entries}
    slugs = {number: str(c.get("slug") or "") for number, c in found.items()}
    return {
        number: {"category_slug": slugs[number], "parent_slug": slugs.get(str(c.get("parent_category_id")), "")}
        for number, c in found.items()
    }


def unknown_categories(config: Config) -> list[str]:
    """Slugs in the filter that the forum doesn't have or doesn't show us."""
    wanted = wanted_categories(config)
    if not wanted:
        return []
    return sorted(wanted - {c["category_slug"].lower() for c in read_categories(config).values()})


def _place(post: Mapping[str, Any], number: Json) -> str:
    return f"{post.get('topic_id')}/{number}"


def _newest(known: dict[str, Any]) -> dict[str, Any]:
    return dict(list(known.items())[-MAX_KEPT:])
