"""Turns a stored hit or item into a mention. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.adapters.hackernews.wire import WEB, is_about_another, item_url, parent_of
from channels.contract import Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.toolkit.text import html_links, html_to_text, names_phrase, unescaped
from channels.toolkit.values import drop_none, list_of, moment_of, number_of, object_of, text_of, time_of

_DEAD_TEXTS = ("[dead]", "[flagged]", "[deleted]")


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in an item; None for a search hit that names no phrase as whole words."""
    payload = item.payload
    if not isinstance(payload, dict):
        raise Malformed("A stored Hacker News item is not an object.")
    story = payload.get("story")
    for kind in ("hit", "node", "item"):
        entry = payload.get(kind)
        if isinstance(entry, dict):
            mention = _mention(item, entry, object_of(story), config, payload.get("place"))
            if kind == "hit" and mention is not None and not _wanted(mention, config):
                return None
            return mention
    raise Malformed("A stored Hacker News item has no content.")


def _wanted(mention: Mention, config: Config) -> bool:
    """Algolia also matches prefixes, misspellings, and comments by their story's title, so we check again."""
    if config.setting("feed", "mentions") == "front_page":
        return True
    return names_phrase(config.entries("phrases"), mention.subject, mention.text, *mention.links)


def _mention(
    item: Item, entry: Mapping[str, Any], story: Mapping[str, Any], config: Config, place: Json
) -> Mention | None:
    number = item.external_id
    is_comment = is_about_another(entry)
    html = text_of(entry.get("comment_text")) or text_of(entry.get("story_text")) or text_of(entry.get("text"))
    title = unescaped(text_of(entry.get("title"))) or None
    name = text_of(entry.get("author")) or text_of(entry.get("by"))
    author = _author(name, config)
    parent = parent_of(entry) if is_comment else None
    thread = _story_number(entry, story) or parent if is_comment else number
    page = text_of(entry.get("url"))
    text = html_to_text(html)
    return Mention(
        external_id=number,
        thread_id=thread or number,
        author=author,
        posted_at=_posted_at(entry),
        text=text,
        parent_id=parent,
        subject=None if is_comment else title,
        html=html or None,
        url=item_url(config, number),
        about_url=page,
        is_own=author.is_one_of(config.own) or author.is_one_of(config.addresses),
        is_deleted=_is_gone(entry, name, html),
        links=_links(page, html),
        thread_title=_thread_title(entry, story, title, is_comment),
        extra=_extra(entry, place),
    )


def _story_number(entry: Mapping[str, Any], story: Mapping[str, Any]) -> str | None:
    known = number_of(entry.get("story_id")) or number_of(story.get("id"))
    if known is None:
        for tag in list_of(entry.get("_tags")):
            if isinstance(tag, str) and tag.startswith("story_"):
                return number_of(tag.removeprefix("story_"))
    return known


def _thread_title(
    entry: Mapping[str, Any], story: Mapping[str, Any], title: str | None, is_comment: bool
) -> str | None:
    if not is_comment:
        return title
    return unescaped(text_of(entry.get("story_title")) or text_of(story.get("title"))) or None


def _author(name: str, config: Config) -> Author:
    if not name:
        return Author("")
    return Author(name, handle=name, url=f"{config.address('web_base', WEB)}/user?id={name}")


def _is_gone(entry: Mapping[str, Any], author: str, html: str) -> bool:
    """Deleted by its author, or killed by moderators: not visible to readers. A tree shows that as empty fields."""
    if entry.get("deleted") is True or entry.get("dead") is True or html in _DEAD_TEXTS:
        return True
    return not author and not html and not entry.get("title")


def _posted_at(entry: Mapping[str, Any]) -> datetime | None:
    return moment_of(entry.get("created_at_i")) or moment_of(entry.get("time")) or time_of(entry.get("created_at"))


def _links(page: str, html: str) -> tuple[str, ...]:
    links = html_links(html) if html else ()
    return tuple(dict.fromkeys((page, *links))) if page else links


def _extra(entry: Mapping[str, Any], place: Json) -> dict[str, Json]:
    points = entry.get("points", entry.get("score"))
    comments = entry.get("num_comments", entry.get("descendants"))
    return drop_none({"points": points, "comments": comments, "place": place, "dead": entry.get("dead")})


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """Over the plain text, not the HTML: the three APIs escape the same text differently, which isn't an edit."""
    content = (mention.text, mention.subject, mention.is_deleted, mention.parent_id, mention.links[:1])
    return digest_of(content)
