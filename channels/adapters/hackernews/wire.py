"""Hacker News wire format: Algolia search hits and item trees, and Firebase items. Pure.

Search: https://hn.algolia.com/api. Items: https://github.com/HackerNews/API. Old hits have nulls where new ones omit
the key; comments have no title or url; all texts are HTML.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import number_of, objects_of

ALGOLIA = "https://hn.algolia.com/api/v1"
FIREBASE = "https://hacker-news.firebaseio.com/v0"
WEB = "https://news.ycombinator.com"

_DERIVED = ("_highlightResult", "_snippetResult", "children", "kids")


def item_url(config: Config, external_id: str) -> str:
    return f"{config.address('web_base', WEB)}/item?id={external_id}"


def split(document: Document, config: Config) -> list[Item]:
    """Hits, a tree or one item. Lists of ids, users, `maxitem` and missing items (null) hold no mentions."""
    if document is None or (isinstance(document, int) and not isinstance(document, bool)):
        return []
    if isinstance(document, list):
        return _of_list(document, config)
    if not isinstance(document, dict):
        raise Malformed("Not a Hacker News document.")
    hits = document.get("hits")
    if isinstance(hits, list):
        return [_hit_item(hit, place) for place, hit in enumerate(hits, 1)]
    if "children" in document and number_of(document.get("id")):
        return of_tree(document)
    if number_of(document.get("objectID")):
        return [_hit_item(document, None)]
    if _is_firebase_item(document):
        return [firebase_item(document)]
    if document.keys() & {"karma", "profiles"} or "hits" in document:
        return []
    raise Malformed(_error_line(document))


def _of_list(document: list[Any], config: Config) -> list[Item]:
    items: list[Item] = []
    for entry in document:
        if isinstance(entry, dict):
            items += split(entry, config)
        elif entry is not None and not isinstance(entry, int | str):
            raise Malformed("Not a Hacker News document: a list of lists.")
    return items


def _error_line(document: Mapping[str, Any]) -> str:
    said = document.get("error") or document.get("message")
    if isinstance(said, str | int):
        return f"Hacker News returned an error: {said}"
    return "Not a Hacker News document: neither hits nor an item."


def _is_firebase_item(document: Mapping[str, Any]) -> bool:
    if not number_of(document.get("id")) or "karma" in document:
        return False
    return bool(document.keys() & {"type", "by", "deleted", "dead", "parent", "title", "text", "parent_id"})


def _hit_item(hit: Json, place: int | None) -> Item:
    if not isinstance(hit, dict):
        raise Malformed("A search hit is not an object.")
    number = number_of(hit.get("objectID")) or number_of(hit.get("id"))
    if number is None:
        raise Malformed("A search hit has no objectID.")
    payload: dict[str, Any] = {"hit": _without_derived(hit)}
    tags = hit.get("_tags")
    if place is not None and isinstance(tags, list) and "front_page" in tags:
        payload["place"] = place
    return Item(number, payload)


def firebase_item(document: Mapping[str, Any], story: Mapping[str, Any] | None = None) -> Item:
    """One Firebase item; `story` is the comment's story, which the item itself doesn't name."""
    number = number_of(document.get("id"))
    if number is None:
        raise Malformed("An item has no id.")
    return Item(number, {"item": _without_derived(document), "story": story_of(story) if story else None})


def story_of(root: Mapping[str, Any]) -> dict[str, Any]:
    """The story data a comment needs to be read on its own."""
    return {"id": root.get("id"), "title": root.get("title")}


def of_tree(root: Mapping[str, Any], bound: int = 2000) -> list[Item]:
    """The items of a nested tree, breadth first, at most `bound` of them."""
    about = {"id": root.get("story_id"), "title": root.get("story_title")}
    story = about if is_about_another(root) else story_of(root)
    items: list[Item] = []
    waiting = deque([root])
    while waiting and len(items) < bound:
        node = waiting.popleft()
        number = number_of(node.get("id"))
        if number is None:
            raise Malformed("An item of a thread has no id.")
        items.append(Item(number, {"node": _without_derived(node), "story": story}))
        waiting.extend(objects_of(node.get("children")))
    return items


def _without_derived(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in _DERIVED}


def is_about_another(entry: Mapping[str, Any]) -> bool:
    kind = entry.get("type")
    if isinstance(kind, str):
        return kind in ("comment", "pollopt")
    tags = entry.get("_tags")
    if isinstance(tags, list) and tags:
        return "comment" in tags or "pollopt" in tags
    return bool(parent_of(entry) or entry.get("comment_text")) and not entry.get("title")


def parent_of(entry: Mapping[str, Any]) -> str | None:
    return number_of(entry.get("parent_id")) or number_of(entry.get("parent")) or number_of(entry.get("poll"))
