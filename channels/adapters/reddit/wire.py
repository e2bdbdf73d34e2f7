"""Reddit wire format: listings, threads, `api/…` answers, things. Pure.

Things and kinds: https://www.reddit.com/dev/api/#fullnames and https://github.com/reddit-archive/reddit/wiki/JSON.
Texts are HTML-escaped unless requested with `raw_json=1`: https://www.reddit.com/dev/api/#response_body_encoding
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import list_of, malformed_id, objects_of, picked, value_at

COMMENT, POST, MORE = "t1", "t3", "more"
_OTHER_KINDS = frozenset(
    ("t2", "t4", "t5", "t6", MORE, "UserList", "TrophyList", "KarmaList", "wikipage", "LabeledMulti")
)
"""Accounts, private messages, subreddits, awards …: none of them are public posts."""
_HTML = ("body_html", "selftext_html")
_ADDRESSES = ("url", "link_url", "thumbnail")
_DERIVED = frozenset(
    (
        "replies", "preview", "media", "media_embed", "secure_media", "secure_media_embed", "media_metadata",
        "all_awardings", "awarders", "gildings", "author_flair_richtext", "link_flair_richtext", "user_reports",
        "mod_reports", "treatment_tags", "likes", "saved", "clicked", "visited", "hidden",
    )
)  # fmt: skip
_FULLNAME = re.compile(r"t[13]_[0-9a-z]+")
_NUMBER = re.compile(r"[0-9a-z]+")


def fullname(value: Json, kind: str) -> str | None:
    """An id as `t1_…` or `t3_…`, with or without its kind prefix; None if it isn't one."""
    if not isinstance(value, str):
        return None
    if _FULLNAME.fullmatch(value):
        return value
    return f"{kind}_{value}" if _NUMBER.fullmatch(value) else None


def split(document: Document, config: Config, *, escaped: bool | None = None, in_thread: bool = False) -> list[Item]:
    """Posts and comments of a document. `escaped`: whether texts are HTML-escaped (None: detect). `in_thread`:
    requested as part of a conversation we follow, so it counts whatever it says."""
    things = list(_things(document, {}, in_thread))
    if escaped is None:
        escaped = any(_is_escaped(thing) for _, thing, _, _ in things)
    found: dict[str, Item] = {}
    for kind, data, story, threaded in things:
        item = _item(kind, data, story, threaded, escaped)
        found.setdefault(item.external_id, item)
    return list(found.values())


Found = tuple[str, Mapping[str, Any], Mapping[str, Any], bool]
"""Kind, data, the post it belongs to as far as known, whether it comes from a thread."""


def _things(document: Json, story: Mapping[str, Any], threaded: bool) -> Iterator[Found]:
    if isinstance(document, list):
        yield from _of_pair(document, threaded)
        return
    if not isinstance(document, dict):
        raise Malformed("Not a Reddit document.")
    kind, data = str(document.get("kind")), document.get("data")
    if kind == "Listing" and isinstance(data, dict):
        children = data.get("children")
        if not isinstance(children, list):
            raise Malformed("A Reddit listing has no children.")
        yield from _of_children(children, story, threaded)
    elif kind in (COMMENT, POST):
        yield from _of_children([document], story, threaded)
    elif isinstance(document.get("json"), dict):
        yield from _of_answer(document["json"], story)
    elif kind in _OTHER_KINDS or document.keys() & {"link_karma", "comment_karma", "access_token", "trophies"}:
        return
    else:
        raise Malformed(error_line(document))


def _of_pair(document: list[Any], threaded: bool) -> Iterator[Found]:
    """`/comments/ID`: the post, then its comments. `/duplicates/ID` looks the same, but the second part holds posts."""
    posts = [child for part in document[:1] for child in children_of(part) if child.get("kind") == POST]
    rest = [child for part in document[1:] for child in children_of(part)]
    is_thread = len(posts) == 1 and not any(child.get("kind") == POST for child in rest)
    root = posts[0].get("data") if is_thread else None
    story = story_of(root) if isinstance(root, dict) else {}
    for part in document:
        yield from _things(part, story, threaded or is_thread)


def _of_children(children: list[Any], story: Mapping[str, Any], threaded: bool) -> Iterator[Found]:
    waiting = list(children)
    while waiting:
        child = waiting.pop(0)
        if not isinstance(child, dict):
            continue
        kind, data = child.get("kind"), child.get("data")
        if kind not in (COMMENT, POST):
            continue
        if not isinstance(data, dict):
            raise Malformed("A Reddit item has no data.")
        yield kind, data, story, threaded
        waiting[:0] = children_of(data.get("replies"))


def _of_answer(body: Mapping[str, Any], story: Mapping[str, Any]) -> Iterator[Found]:
    """Answers of `api/comment` and `api/morechildren` with `api_type=json`; errors come with status 200. Both are only
    requested for conversations we follow."""
    if errors_of({"json": body}):
        raise Malformed(error_line({"json": body}))
    yield from _of_children(list_of(value_at(body, "data", "things")), story, True)


def children_of(listing: Json) -> list[dict[str, Any]]:
    """The children of a listing; none for "" (no replies) and anything else."""
    return objects_of(value_at(listing, "data", "children"))


def story_of(post: Mapping[str, Any]) -> dict[str, Any]:
    """The post data a comment needs to be read on its own."""
    return picked(post, ("name", "title", "url", "is_self", "permalink", "num_comments"))


def _item(kind: str, data: Mapping[str, Any], story: Mapping[str, Any], threaded: bool, escaped: bool) -> Item:
    payload: dict[str, Any] = {"kind": kind, "data": {k: v for k, v in data.items() if k not in _DERIVED}}
    parents = data.get("crosspost_parent_list")
    if isinstance(parents, list):
        kept = [{k: v for k, v in p.items() if k not in _DERIVED} for p in parents[:1] if isinstance(p, dict)]
        payload["data"]["crosspost_parent_list"] = kept
    if kind == COMMENT and story:
        payload["post"] = dict(story)
    payload |= {"escaped": True} if escaped else {}
    payload |= {"in_thread": True} if threaded else {}
    name = fullname(data.get("name"), kind) or fullname(data.get("id"), kind)
    return Item(name or malformed_id(payload), payload)


def _is_escaped(data: Mapping[str, Any]) -> bool:
    """A text's HTML starts with a tag and a URL never contains an entity; if these are escaped, everything is."""
    for key in _HTML:
        html = data.get(key)
        if isinstance(html, str) and html:
            return html.lstrip().startswith("&lt;")
    return any(isinstance(data.get(key), str) and "&amp;" in data[key] for key in _ADDRESSES)


def errors_of(body: Json) -> list[tuple[str, str]]:
    """(code, message) of the errors in an answer with status 200: https://www.reddit.com/dev/api/#POST_api_comment"""
    found = []
    for entry in list_of(value_at(body, "json", "errors")):
        parts = [str(part) for part in entry if part] if isinstance(entry, list) else [str(entry)]
        found.append((parts[0].upper() if parts else "", " ".join((parts[1] if len(parts) > 1 else "").split())))
    return found


def error_line(document: Mapping[str, Any]) -> str:
    """An error body's message, on one line."""
    inner = errors_of(document)
    said = [f"{code}: {sentence}" if sentence else code for code, sentence in inner[:3]]
    for key in ("reason", "message", "explanation", "error_description", "error"):
        value = document.get(key)
        if isinstance(value, str | int) and value:
            said.append(str(value))
    if not said:
        return "Not a Reddit document: neither a listing nor a thing."
    return "Reddit returned an error: " + " ".join(", ".join(dict.fromkeys(said)).split())[:200]
