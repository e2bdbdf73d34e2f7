"""Lobsters wire format: story lists, one story with its comments, one comment. Pure.

The JSON is defined by the site's code: https://github.com/lobsters/lobsters (`app/models/story.rb` and `comment.rb`,
`as_json`). Over the years `submitter_user` and `commenting_user` went from an object to a name, `indent_level` (from 1)
to `depth` and `parent_comment`, `updated_at` to `last_edited_at`. Times carry an offset.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from channels.contract import Author, Config, Document, Item, Json, Mention
from channels.errors import Malformed
from channels.toolkit.links import web_address
from channels.toolkit.text import clean, html_links, html_to_text, names_phrase

WEB = "https://lobste.rs"
COMMENT_PREFIX = "c_"
"""As in the site's own anchors: a story and a comment may share a short id, since the two kinds are numbered
separately."""
NOT_EDITED = timedelta(minutes=1)
"""`has_been_edited?` in comment.rb: earlier changes don't count."""
_NO_MENTION = hashlib.blake2b(b"no mention", digest_size=16).digest()
_SHORT = re.compile(r"[0-9a-z]{1,12}")
_STORY_PATH = re.compile(r"/s/([0-9a-z]+)")


def base(config: Config, name: str) -> str:
    return str(config.setting(name, WEB)).rstrip("/")


def short_id(value: Json) -> str | None:
    return value if isinstance(value, str) and _SHORT.fullmatch(value) else None


def split(document: Document) -> list[Item]:
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
    for key in ("error", "message"):
        said = document.get(key)
        if isinstance(said, str | int) and said:
            return f"Lobsters answered with an error: {' '.join(str(said).split())[:200]}"
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
    for comment in comments if isinstance(comments, list) else ():
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


# --- one item ----------------------------------------------------------------------------------------------------


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in an item; None for a listed story that names no phrase as whole words. Comments always count:
    stories are read as a whole, and only the matching comments are taken from them."""
    payload = item.payload
    if not isinstance(payload, dict):
        raise Malformed("A stored Lobsters item is not an object.")
    if "gone" in payload:
        return Mention(
            external_id=item.external_id,
            thread_id=str(payload.get("story") or item.external_id),
            author=Author(""),
            posted_at=None,
            text="",
            url=page_of(config, item.external_id),
            is_deleted=True,
        )
    if isinstance(payload.get("comment"), dict):
        return _comment(item.external_id, payload, config)
    if isinstance(payload.get("story"), dict):
        mention = _story(item.external_id, payload["story"], config)
        return mention if payload.get("in_thread") or is_wanted(mention, config) else None
    raise Malformed("A stored Lobsters item has neither story nor comment.")


def fingerprint(item: Item, config: Config) -> bytes:
    """Over the text, not the HTML, and not the parent: an old single comment doesn't name it."""
    mention = parse(item, config)
    if mention is None:
        return _NO_MENTION
    page = mention.about_url if mention.subject else None
    content = (mention.text, mention.subject, mention.is_deleted, page)
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).digest()


def is_wanted(mention: Mention, config: Config) -> bool:
    """By title, text and target URL: a link to `acme.example/blog` names us too."""
    phrases = config.setting("phrases")
    if not isinstance(phrases, list | tuple):
        return True
    page = mention.about_url or ""
    return names_phrase([str(p) for p in phrases], mention.subject, mention.text, page, *mention.links)


def page_of(config: Config, external_id: str) -> str:
    kind, number = ("c", external_id[2:]) if external_id.startswith(COMMENT_PREFIX) else ("s", external_id)
    return f"{base(config, 'web_base')}/{kind}/{number}"


def _story(number: str, story: Mapping[str, Any], config: Config) -> Mention:
    html, title = _text(story.get("description")), _text(story.get("title"))
    page = web_address(_text(story.get("url")))
    links = html_links(html)
    return Mention(
        external_id=number,
        thread_id=number,
        author=_author(story.get("submitter_user"), config),
        posted_at=_time(story.get("created_at")),
        text=html_to_text(html),
        subject=title or None,
        html=html or None,
        url=_address(story.get("comments_url")) or page_of(config, number),
        about_url=page or None,
        is_own=_is_own(story.get("submitter_user"), config),
        links=tuple(dict.fromkeys((page, *links))) if page else links,
        thread_title=title or None,
        extra=_extra(story, ("score", "flags", "comment_count", "tags", "user_is_author")),
    )


def _comment(external_id: str, payload: Mapping[str, Any], config: Config) -> Mention:
    comment = payload["comment"]
    known = payload.get("about")
    about: Mapping[str, Any] = known if isinstance(known, dict) else {}
    html = _text(comment.get("comment"))
    story = short_id(about.get("short_id")) or _story_in(comment.get("url")) or external_id
    parent = short_id(comment.get("parent_comment")) or short_id(payload.get("parent"))
    gone = _gone(comment)
    return Mention(
        external_id=external_id,
        thread_id=story,
        author=_author(comment.get("commenting_user"), config),
        posted_at=_time(comment.get("created_at")),
        text=html_to_text(html),
        parent_id=f"{COMMENT_PREFIX}{parent}" if parent else (story if story != external_id else None),
        html=html or None,
        url=_address(comment.get("short_id_url")) or page_of(config, external_id),
        about_url=web_address(_text(about.get("url"))) or None,
        is_own=_is_own(comment.get("commenting_user"), config),
        is_deleted=gone is not None,
        edited_at=_edited_at(comment),
        links=html_links(html),
        thread_title=_text(about.get("title")) or None,
        extra={**_extra(comment, ("score", "flags", "depth")), **({"gone": gone} if gone else {})},
    )


def _gone(comment: Mapping[str, Any]) -> str | None:
    """`removed` by a moderator (who then also deletes it), or `deleted` by its author; the text says so too."""
    if comment.get("is_moderated") is True:
        return "removed"
    return "deleted" if comment.get("is_deleted") is True else None


def _story_in(address: Json) -> str | None:
    try:
        found = _STORY_PATH.search(urlsplit(address).path) if isinstance(address, str) else None
    except ValueError:
        return None
    return found[1] if found else None


def user_name(user: Json) -> str:
    """From the object in old answers or the name in new ones."""
    return _text(user.get("username")) if isinstance(user, dict) else _text(user)


def _author(user: Json, config: Config) -> Author:
    name = user_name(user)
    return Author(name, handle=name, url=f"{base(config, 'web_base')}/~{name}") if name else Author("")


def _is_own(user: Json, config: Config) -> bool:
    name = user_name(user).lower()
    return bool(name) and (name in config.own or name in config.addresses)


def _edited_at(comment: Mapping[str, Any]) -> datetime | None:
    at, created = _time(comment.get("last_edited_at", comment.get("updated_at"))), _time(comment.get("created_at"))
    return at if at and created and at - created > NOT_EDITED and _gone(comment) is None else None


def _time(value: Json) -> datetime | None:
    """`2025-02-13T13:30:54.000-06:00`; UTC if there is no offset."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC) if at else None
    except (ValueError, OverflowError):
        return None


def posted_s(story: Mapping[str, Any]) -> int | None:
    """Submission time in epoch seconds."""
    at = _time(story.get("created_at"))
    return int(at.timestamp()) if at else None


def _address(value: Json) -> str | None:
    return web_address(_text(value)) or None


def _extra(entry: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: entry[name] for name in names if entry.get(name) is not None}


def _text(value: Json) -> str:
    return clean(value).strip() if isinstance(value, str) else ""
