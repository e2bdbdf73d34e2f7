"""Posts and topics in the forum's format: https://docs.discourse.org/"""

from __future__ import annotations

import html
import re
from typing import Any

from sandbox.platforms.discourse.keys import CATEGORIES
from sandbox.store import Doc
from sandbox.wire.texts import iso, linked


def post(doc: Doc, topic: Doc, user: Doc, *, me: str = "", raw: bool = False) -> dict[str, Any]:
    """As in a topic; `me`: the requester."""
    return {
        "id": doc["id"],
        "name": user["name"],
        "username": user["username"],
        "avatar_template": f"/letter_avatar_proxy/v4/letter/{user['username'][0]}/bcef8e/{{size}}.png",
        "created_at": iso(doc["at"]),
        "cooked": cooked(doc["text"]),
        **({"raw": doc["text"]} if raw else {}),
        "post_number": doc["number"],
        "post_type": doc["type"],
        "updated_at": iso(doc["updated"]),
        "reply_count": doc["replies"],
        "reply_to_post_number": doc["reply_to"],
        "quote_count": 0,
        "incoming_link_count": 0,
        "reads": 3 + doc["id"] % 40,
        "score": 1.2,
        "yours": bool(me) and user["username"] == me,
        "topic_id": topic["id"],
        "topic_slug": topic["slug"],
        "version": doc["version"],
        "user_title": None,
        "actions_summary": [_likes(doc, me)] if doc["likes"] else [],
        "moderator": user["staff"],
        "admin": False,
        "staff": user["staff"],
        "user_id": user["id"],
        "hidden": False,
        "trust_level": 4 if user["staff"] else 1,
        "deleted_at": None,
        "user_deleted": False,
        "edit_reason": None,
        "wiki": False,
    }


def _likes(doc: Doc, me: str) -> dict[str, Any]:
    """Including what the requester has done."""
    mine = {"acted": True, "can_undo": True} if me and me in doc["likes"] else {}
    return {"id": 2, "count": len(doc["likes"]), **mine}


def found(topic: Doc, posts: list[Doc]) -> dict[str, Any]:
    """As in `search.json`."""
    return {
        "id": topic["id"],
        "title": topic["title"],
        "fancy_title": html.escape(topic["title"]),
        "slug": topic["slug"],
        "posts_count": len(posts),
        "created_at": iso(topic["at"]),
        "last_posted_at": iso(max(post["at"] for post in posts)),
        "archetype": topic["archetype"],
        "closed": topic["closed"],
        "archived": False,
        "tags": topic["tags"],
        "category_id": topic["category"],
        "has_accepted_answer": False,
    }


def latest(doc: Doc, topic: Doc, user: Doc, *, me: str = "") -> dict[str, Any]:
    """As in `posts.json`: with the raw text and some topic fields."""
    more = {"topic_title": topic["title"], "topic_html_title": html.escape(topic["title"])}
    return {**post(doc, topic, user, me=me, raw=True), **more, "category_id": topic["category"]}


def hooked(doc: Doc, topic: Doc, user: Doc) -> dict[str, Any]:
    """As in a webhook; `deleted_at` is null even right after deletion."""
    more = {
        "topic_archetype": topic["archetype"],
        "topic_posts_count": topic["posts"],
        "topic_filtered_posts_count": topic["posts"],
        "category_slug": CATEGORIES[topic["category"]][0] if topic["category"] else None,
        "reviewable_id": None,
    }
    return {**latest(doc, topic, user), **more}


def head(topic: Doc) -> dict[str, Any]:
    return {
        "id": topic["id"],
        "title": topic["title"],
        "fancy_title": html.escape(topic["title"]),
        "slug": topic["slug"],
        "posts_count": topic["posts"],
        "created_at": iso(topic["at"]),
        "views": 10 + topic["id"] % 300,
        "reply_count": max(0, topic["posts"] - 1),
        "like_count": 0,
        "last_posted_at": None,
        "visible": True,
        "closed": topic["closed"],
        "archived": False,
        "archetype": topic["archetype"],
        "category_id": topic["category"],
        "tags": topic["tags"],
        "featured_link": None,
        "pinned": False,
        "deleted_at": None,
    }


def slug_of(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:80] or "topic"


def cooked(text: str) -> str:
    parts = (linked(part, "noopener nofollow ugc") for part in re.split(r"\n\s*\n", text.strip()))
    return "\n".join(f"<p>{part.replace(chr(10), '<br>' + chr(10))}</p>" for part in parts)
