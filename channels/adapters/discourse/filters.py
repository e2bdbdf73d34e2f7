"""Which posts a connection wants, by their topic's category and tags. Pure."""

from __future__ import annotations

from channels.adapters.discourse.context import tag_names
from channels.contract import Config, Json


def wanted_categories(config: Config) -> frozenset[str]:
    return frozenset(name.lower() for name in config.entries("categories"))


def wanted_tags(config: Config) -> frozenset[str]:
    return frozenset(name.lower() for name in config.entries("tags"))


def is_wanted(payload: Json, config: Config) -> bool:
    """A filter that can't be evaluated counts as not matching: the next poll looks the topic up and delivers the
    post."""
    post, topic = payload["post"], payload.get("topic") or {}
    categories, tags = wanted_categories(config), wanted_tags(config)
    if categories:
        slugs = {topic.get("category_slug"), post.get("category_slug"), topic.get("parent_slug")}
        if not categories & {str(slug).lower() for slug in slugs if slug}:
            return False
    return not tags or bool(tags & {name.lower() for name in tag_names(topic.get("tags"))})
