"""Volatile data around a post: likes, reads, views, tags. Displayed, but a change is never an edit. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.contract import Json
from channels.toolkit.values import count_of, list_of, objects_of

LIKE = 2
"""The action type of a like, in `actions_summary` and `post_actions`."""


def extra_of(post: Mapping[str, Any], topic: Mapping[str, Any], slug: str) -> dict[str, Json]:
    tags = topic.get("tags")
    extra: dict[str, Json] = {
        "likes": likes_of(post),
        "reads": post.get("reads"),
        "replies": post.get("reply_count"),
        "views": topic.get("views"),
        "place": post.get("post_number"),
    }
    extra = {key: value for key, value in extra.items() if isinstance(value, int) and not isinstance(value, bool)}
    extra |= {"category": slug} if slug else {}
    extra |= {"tags": tag_names(tags)} if isinstance(tags, list) and tags else {}
    marks = {"hidden": post.get("hidden"), "solution": post.get("accepted_answer"), "closed": topic.get("closed")}
    return extra | {key: True for key, value in marks.items() if value is True}


def likes_of(post: Mapping[str, Any]) -> int | None:
    summary = post.get("actions_summary")
    for action in objects_of(summary):
        if action.get("id") == LIKE:
            return count_of(action.get("count"))
    likes = post.get("like_count")
    return likes if isinstance(likes, int) else 0 if isinstance(summary, list) else None


def tag_names(tags: Json) -> list[str]:
    """Plain strings in older versions, objects with a `name` in newer ones."""
    names = [tag.get("name") if isinstance(tag, dict) else tag for tag in list_of(tags)]
    return [name for name in names if isinstance(name, str)]
