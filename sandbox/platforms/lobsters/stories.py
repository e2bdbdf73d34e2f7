"""Stories and comments as Lobsters stores them, and their JSON.

`as_json` in `app/models/story.rb` and `comment.rb` of https://github.com/lobsters/lobsters, in the form of 2025: names
instead of user objects, `parent_comment` and `depth`. Our keys are short ids, prefixed with `c_` for comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox.base.ordered import OrderedPosts
from sandbox.store import Doc, Store
from sandbox.wire.texts import linked, paragraphs

FIRST = 36**5 * 3
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
CHICAGO = timezone(timedelta(hours=-6))
"""The site's time zone: times carry its offset, not UTC."""


def short(number: int) -> str:
    """Six letters and digits, non-sequential like the site's; unique for each number."""
    mixed = FIRST + number * 7_368_787 % (36**6 - FIRST)
    text = ""
    while mixed:
        mixed, digit = divmod(mixed, 36)
        text = _DIGITS[digit] + text
    return text


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, CHICAGO).isoformat(timespec="milliseconds")


def as_html(text: str) -> str:
    return "".join(f"<p>{linked(part, 'ugc')}</p>\n" for part in paragraphs(text))


class Stories(OrderedPosts):
    """`web`: the URL of the site, set once the port is known."""

    kind = "lb_entry"
    key = "key"

    def __init__(self, store: Store, web: Callable[[], str]) -> None:
        super().__init__(store)
        self.web = web

    def lists(self, doc: Doc) -> list[str]:
        return [f"under {doc['story']}" if doc["parent"] else "stories"]

    def under(self, story: str) -> list[Doc]:
        """Comments, oldest first."""
        return self.all(f"under {story}")

    def submit(self, author: str, title: str, text: str, *, url: str, **more: Any) -> Doc:
        number = self.store.next_number("lb_story")
        key = short(number)
        return self.save({"key": key, "number": number, "author": author, "title": title, "text": text, "url": url,
                          "story": key, "parent": "", "edited": 0, "gone": "", **more})  # fmt: skip

    def comment(self, parent: Doc, author: str, text: str, **more: Any) -> Doc:
        number = self.store.next_number("lb_comment")
        return self.save({"key": f"c_{short(number)}", "number": number, "author": author, "text": text,
                          "story": parent["story"], "parent": parent["key"], "edited": 0, **more})  # fmt: skip

    def address(self, entry: Doc) -> str:
        """The public page of a story, or a comment's anchor on it."""
        story = self.get(entry["story"]) or entry
        slug = "_".join(re.findall(r"[a-z0-9]+", story["title"].lower())[:6]) or "_"
        anchor = f"#{entry['key']}" if entry["parent"] else ""
        return f"{self.web()}/s/{story['key']}/{slug}{anchor}"

    # --- JSON -------------------------------------------------------------------------------------------------

    def as_story(self, story: Doc, *, with_comments: bool = False) -> dict[str, Any]:
        text = story["text"]
        made = {
            "short_id": story["key"],
            "short_id_url": f"{self.web()}/s/{story['key']}",
            "created_at": stamp(story["at"]),
            "title": story["title"],
            "url": story["url"],
            "score": 1 + story["number"] % 30,
            "flags": 0,
            "comment_count": len([c for c in self.under(story["key"]) if not c["gone"]]),
            "description": as_html(text) if text else "",
            "description_plain": text,
            "comments_url": self.address(story),
            "submitter_user": story["author"],
            "user_is_author": False,
            "tags": ["devops"],
        }
        return made | ({"comments": self._tree(story["key"], 0)} if with_comments else {})

    def _tree(self, parent: str, depth: int) -> list[dict[str, Any]]:
        """Depth first. Deleted comments are left out unless they have replies."""
        entry = self.get(parent)
        made = []
        for child in self.under(entry["story"] if entry else parent):
            if child["parent"] == parent:
                below = self._tree(child["key"], depth + 1)
                made += [self.as_comment(child, depth), *below] if below or not child["gone"] else []
        return made

    def as_comment(self, comment: Doc, depth: int = 0) -> dict[str, Any]:
        parent, number, gone = comment["parent"], comment["key"][2:], comment["gone"]
        notice = {
            "deleted": "Comment removed by author",
            "removed": "Comment removed by moderator crustacean: Off-topic",
        }.get(gone, "")
        return {
            "short_id": number,
            "short_id_url": f"{self.web()}/c/{number}",
            "created_at": stamp(comment["at"]),
            "last_edited_at": stamp(comment["edited"] or comment["at"]),
            "is_deleted": bool(gone),
            "is_moderated": gone == "removed",
            "score": 1 + comment["number"] % 9,
            "flags": 0,
            "parent_comment": parent[2:] if parent.startswith("c_") else None,
            "comment": f"<em>{notice}</em>" if gone else as_html(comment["text"]),
            "comment_plain": notice or comment["text"],
            "url": self.address(comment),
            "depth": depth,
            "commenting_user": comment["author"],
        }
