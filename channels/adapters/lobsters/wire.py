"""Lobsters wire format: story lists, one story with its comments, one comment. Pure.

The JSON is defined by the site's code: https://github.com/lobsters/lobsters (`app/models/story.rb` and `comment.rb`,
`as_json`). Over the years `submitter_user` and `commenting_user` went from an object to a name, `indent_level` (from 1)
to `depth` and `parent_comment`, `updated_at` to `last_edited_at`. Times carry an offset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import list_of, one_line, time_of

WEB = "https://lobste.rs"
COMMENT_PREFIX = "c_"
"""As in the site's own anchors: a story and a comment may share a short id, since the two kinds are numbered
separately."""
_SHORT = re.compile(r"[0-9a-z]{1,12}")


def short_id(value: Json) -> str | None:
    return value if isinstance(value, str) and _SHORT.fullmatch(value) else None


def split(document: Document, config: Config) -> list[Item]:
    """Stories of a list, a story and its comments, or a single comment. Accounts and tags hold no mentions."""
    if isinstance(document, list):
        return _unique([item for entry in document for item in _of_entry(entry)])
    if not isinstance(document, dict):
        raise Malformed("Not a Lobsters document.")
    if is_story(document):
        return _unique([story_item(document), *_comments(document)])
    if is_comment(document):
        return [comment_item(document, None, None)]
    if short_id(document.get("gone")) or ("username" in document and "karma" in document):
        return []
    raise Malformed(error_line(document))


def _unique(items: list[Item]) -> list[Item]:
    return list({item.external_id: item for item in reversed(items)}.values())[::-1]


def _of_entry(entry: Json) -> list[Item]:
    if not isinstance(entry, dict):
        raise Malformed("Not a Lobsters document: a list of something other than objects.")
    if is_story(entry):
        return [story_item(entry)]
    if is_comment(entry):
        return [comment_item(entry, None, None)]
    if "tag" in entry or "username" in entry:
        return []
    raise Malformed("Not a Lobsters document: neither stories nor comments.")


def is_story(entry: Mapping[str, Any]) -> bool:
    return "short_id" in entry and "title" in entry and "comment" not in entry


def is_comment(entry: Mapping[str, Any]) -> bool:
    return "short_id" in entry and "comment" in entry


def error_line(document: Mapping[str, Any]) -> str:
    if said := one_line(document.get("error") or document.get("message")):
        return f"Lobsters returned an error: {said}"
    return "Not a Lobsters document: neither stories nor comments."


def story_item(story: Mapping[str, Any]) -> Item:
    number = short_id(story.get("short_id"))
    if number is None:
        raise Malformed("A story has no short_id.")
    return Item(number, {"story": {key: value for key, value in story.items() if key != "comments"}})


def comment_item(comment: Mapping[str, Any], story: Mapping[str, Any] | None, parent: str | None) -> Item:
    """`story`: the one commented on, if known; `parent`: short id of the parent comment."""
    number = short_id(comment.get("short_id"))
    if number is None:
        raise Malformed("A comment has no short_id.")
    payload: dict[str, Any] = {"comment": {k: v for k, v in comment.items() if k != "comments"}, "parent": parent}
    if story is not None:
        payload["about"] = {key: story.get(key) for key in ("short_id", "title", "url")}
    return Item(f"{COMMENT_PREFIX}{number}", payload)


def gone_item(external_id: str, story: str) -> Item:
    """A story or comment that is no longer shown."""
    return Item(external_id, {"gone": external_id, "story": story})


def _comments(story: Mapping[str, Any]) -> list[Item]:
    """The flat list, depth first. Old ones give the parent only by indentation."""
    comments, items = story.get("comments"), []
    above: list[str] = []
    for comment in list_of(comments):
        if not isinstance(comment, dict):
            raise Malformed("A comment is not an object.")
        parent = short_id(comment.get("parent_comment"))
        level = comment.get("indent_level")
        if isinstance(level, int) and "parent_comment" not in comment:
            above = above[: max(0, level - 1)]
            parent = above[-1] if above else None
            above.append(str(comment.get("short_id")))
        items.append(comment_item(comment, story, parent))
    return items


def posted_s(story: Mapping[str, Any]) -> int | None:
    """Submission time in epoch seconds."""
    at = time_of(story.get("created_at"))
    return int(at.timestamp()) if at else None
