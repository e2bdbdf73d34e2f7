"""Hacker News wire format: Algolia search hits and item trees, and Firebase items. Pure.

Search: https://hn.algolia.com/api. Items: https://github.com/HackerNews/API. Old hits have nulls where new ones omit
the key; comments have no title or url; all texts are HTML.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.contract import Author, Config, Document, Item, Json, Mention
from channels.errors import Malformed
from channels.toolkit.text import clean, html_links, html_to_text, names_phrase, unescaped

ALGOLIA = "https://hn.algolia.com/api/v1"
FIREBASE = "https://hacker-news.firebaseio.com/v0"
WEB = "https://news.ycombinator.com"

_NO_MENTION = hashlib.blake2b(b"no mention", digest_size=16).digest()
_DERIVED = ("_highlightResult", "_snippetResult", "children", "kids")
_DEAD_TEXTS = ("[dead]", "[flagged]", "[deleted]")


def base(config: Config, name: str, default: str) -> str:
    return str(config.setting(name, default)).rstrip("/")


def item_url(config: Config, external_id: str) -> str:
    return f"{base(config, 'web_base', WEB)}/item?id={external_id}"


def split(document: Document) -> list[Item]:
    """Hits, a tree or one item. Lists of ids, users, `maxitem` and missing items (null) hold no mentions."""
    if document is None or (isinstance(document, int) and not isinstance(document, bool)):
        return []
    if isinstance(document, list):
        return _of_list(document)
    if not isinstance(document, dict):
        raise Malformed("Not a Hacker News document.")
    hits = document.get("hits")
    if isinstance(hits, list):
        return [_hit_item(hit, place) for place, hit in enumerate(hits, 1)]
    if "children" in document and identity(document.get("id")):
        return of_tree(document)
    if identity(document.get("objectID")):
        return [_hit_item(document, None)]
    if _is_firebase_item(document):
        return [firebase_item(document)]
    if document.keys() & {"karma", "profiles"} or "hits" in document:
        return []
    raise Malformed(_error_line(document))


def _of_list(document: list[Any]) -> list[Item]:
    items: list[Item] = []
    for entry in document:
        if isinstance(entry, dict):
            items += split(entry)
        elif entry is not None and not isinstance(entry, int | str):
            raise Malformed("Not a Hacker News document: a list of lists.")
    return items


def _error_line(document: Mapping[str, Any]) -> str:
    said = document.get("error") or document.get("message")
    if isinstance(said, str | int):
        return f"Hacker News answered with an error: {said}"
    return "Not a Hacker News document: neither hits nor an item."


def identity(value: Json) -> str | None:
    """An item number as text, from a number or its digits; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return value if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _is_firebase_item(document: Mapping[str, Any]) -> bool:
    if not identity(document.get("id")) or "karma" in document:
        return False
    return bool(document.keys() & {"type", "by", "deleted", "dead", "parent", "title", "text", "parent_id"})


def _hit_item(hit: Json, place: int | None) -> Item:
    if not isinstance(hit, dict):
        raise Malformed("A search hit is not an object.")
    number = identity(hit.get("objectID")) or identity(hit.get("id"))
    if number is None:
        raise Malformed("A search hit has no objectID.")
    payload: dict[str, Any] = {"hit": _without_derived(hit)}
    tags = hit.get("_tags")
    if place is not None and isinstance(tags, list) and "front_page" in tags:
        payload["place"] = place
    return Item(number, payload)


def firebase_item(document: Mapping[str, Any], story: Mapping[str, Any] | None = None) -> Item:
    """One Firebase item; `story` is the comment's story, which the item itself doesn't name."""
    number = identity(document.get("id"))
    if number is None:
        raise Malformed("An item has no id.")
    return Item(number, {"item": _without_derived(document), "story": story_of(story) if story else None})


def story_of(root: Mapping[str, Any]) -> dict[str, Any]:
    """The story data a comment needs to be read on its own."""
    return {"id": root.get("id"), "title": root.get("title")}


def of_tree(root: Mapping[str, Any], bound: int = 2000) -> list[Item]:
    """The items of a nested tree, breadth first, at most `bound` of them."""
    story = story_of(root) if not _is_comment(root) else {"id": root.get("story_id"), "title": root.get("story_title")}
    items: list[Item] = []
    waiting = deque([root])
    while waiting and len(items) < bound:
        node = waiting.popleft()
        number = identity(node.get("id"))
        if number is None:
            raise Malformed("An item of a thread has no id.")
        items.append(Item(number, {"node": _without_derived(node), "story": story}))
        children = node.get("children")
        if isinstance(children, list):
            waiting.extend(child for child in children if isinstance(child, dict))
    return items


def _without_derived(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in _DERIVED}


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in an item; None for a search hit that names no phrase as whole words."""
    payload = item.payload
    if not isinstance(payload, dict):
        raise Malformed("A stored Hacker News item is not an object.")
    story = payload.get("story")
    for kind in ("hit", "node", "item"):
        entry = payload.get(kind)
        if isinstance(entry, dict):
            mention = _mention(item, entry, story if isinstance(story, dict) else {}, config, payload.get("place"))
            if kind == "hit" and mention is not None and not _wanted(mention, config):
                return None
            return mention
    raise Malformed("A stored Hacker News item has no content.")


def _wanted(mention: Mention, config: Config) -> bool:
    """Algolia also matches prefixes, misspellings, and comments by their story's title, so we check again."""
    if config.setting("feed", "mentions") == "front_page":
        return True
    phrases = config.setting("phrases")
    if not isinstance(phrases, list | tuple) or not phrases:
        return True
    return names_phrase([str(p) for p in phrases], mention.subject, mention.text, *mention.links)


def _mention(
    item: Item, entry: Mapping[str, Any], story: Mapping[str, Any], config: Config, place: Json
) -> Mention | None:
    number = item.external_id
    is_comment = _is_comment(entry)
    html = _text(entry.get("comment_text")) or _text(entry.get("story_text")) or _text(entry.get("text"))
    title = unescaped(_text(entry.get("title"))) or None
    author = _text(entry.get("author")) or _text(entry.get("by"))
    parent = _parent(entry) if is_comment else None
    thread = _story_number(entry, story) or parent if is_comment else number
    page = _text(entry.get("url"))
    text = html_to_text(html)
    return Mention(
        external_id=number,
        thread_id=thread or number,
        author=_author(author, config),
        posted_at=_posted_at(entry),
        text=text,
        parent_id=parent,
        subject=None if is_comment else title,
        html=html or None,
        url=item_url(config, number),
        about_url=page,
        is_own=bool(author) and (author.lower() in config.own or author.lower() in config.addresses),
        is_deleted=_is_gone(entry, author, html),
        links=_links(page, html),
        thread_title=_thread_title(entry, story, title, is_comment),
        extra=_extra(entry, place),
    )


def _is_comment(entry: Mapping[str, Any]) -> bool:
    kind = entry.get("type")
    if isinstance(kind, str):
        return kind in ("comment", "pollopt")
    tags = entry.get("_tags")
    if isinstance(tags, list) and tags:
        return "comment" in tags or "pollopt" in tags
    return bool(_parent(entry) or entry.get("comment_text")) and not entry.get("title")


def _parent(entry: Mapping[str, Any]) -> str | None:
    return identity(entry.get("parent_id")) or identity(entry.get("parent")) or identity(entry.get("poll"))


def _story_number(entry: Mapping[str, Any], story: Mapping[str, Any]) -> str | None:
    known = identity(entry.get("story_id")) or identity(story.get("id"))
    if known is None:
        tags = entry.get("_tags")
        for tag in tags if isinstance(tags, list) else ():
            if isinstance(tag, str) and tag.startswith("story_"):
                return identity(tag.removeprefix("story_"))
    return known


def _thread_title(
    entry: Mapping[str, Any], story: Mapping[str, Any], title: str | None, is_comment: bool
) -> str | None:
    if not is_comment:
        return title
    return unescaped(_text(entry.get("story_title")) or _text(story.get("title"))) or None


def _author(name: str, config: Config) -> Author:
    if not name:
        return Author("")
    return Author(name, handle=name, url=f"{base(config, 'web_base', WEB)}/user?id={name}")


def _is_gone(entry: Mapping[str, Any], author: str, html: str) -> bool:
    """Deleted by its author, or killed by moderators: not visible to readers. A tree shows that as empty fields."""
    if entry.get("deleted") is True or entry.get("dead") is True or html in _DEAD_TEXTS:
        return True
    return not author and not html and not entry.get("title")


def _posted_at(entry: Mapping[str, Any]) -> datetime | None:
    for key in ("created_at_i", "time"):
        value = entry.get(key)
        try:
            if isinstance(value, int | float | str) and not isinstance(value, bool) and value != "":
                return datetime.fromtimestamp(int(value), UTC)
        except (ValueError, OverflowError, OSError):
            continue
    value = entry.get("created_at")
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC) if at else None
    except (ValueError, OverflowError):
        return None


def _links(page: str, html: str) -> tuple[str, ...]:
    links = html_links(html) if html else ()
    return tuple(dict.fromkeys((page, *links))) if page else links


def _extra(entry: Mapping[str, Any], place: Json) -> dict[str, Json]:
    points = entry.get("points", entry.get("score"))
    comments = entry.get("num_comments", entry.get("descendants"))
    extra = {"points": points, "comments": comments, "place": place, "dead": entry.get("dead")}
    return {key: value for key, value in extra.items() if value is not None}


def _text(value: Json) -> str:
    return clean(value).strip() if isinstance(value, str) else ""


def fingerprint(item: Item, config: Config) -> bytes:
    """Over the plain text, not the HTML: the three APIs escape the same text differently, which isn't an edit."""
    mention = parse(item, config)
    if mention is None:
        return _NO_MENTION
    content = (mention.text, mention.subject, mention.is_deleted, mention.parent_id, mention.links[:1])
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).digest()
