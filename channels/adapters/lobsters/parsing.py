"""Turns a stored Lobsters story or comment into a mention. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from channels.adapters.lobsters.wire import COMMENT_PREFIX, WEB, short_id
from channels.contract import Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.toolkit.text import html_links, html_to_text, names_phrase
from channels.toolkit.values import drop_none, edited_at, object_of, picked, text_of, time_of, web_address_of

NOT_EDITED = timedelta(minutes=1)
"""`has_been_edited?` in comment.rb: earlier changes don't count."""
_STORY_PATH = re.compile(r"/s/([0-9a-z]+)")


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in an item; None for a listed story that names no phrase as whole words. Comments always count:
    stories are read as a whole, and only the matching comments are taken from them."""
    payload = item.payload
    if not isinstance(payload, dict):
        raise Malformed("A stored Lobsters item is not an object.")
    if "gone" in payload:
        story, page = str(payload.get("story") or item.external_id), page_of(config, item.external_id)
        return Mention(item.external_id, story, Author(""), None, "", url=page, is_deleted=True)
    if isinstance(payload.get("comment"), dict):
        return _comment(item.external_id, payload, config)
    if isinstance(payload.get("story"), dict):
        mention = _story(item.external_id, payload["story"], config)
        return mention if payload.get("in_thread") or is_wanted(mention, config) else None
    raise Malformed("A stored Lobsters item has neither story nor comment.")


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """Over the text, not the HTML, and not the parent: an old single comment doesn't name it."""
    page = mention.about_url if mention.subject else None
    content = (mention.text, mention.subject, mention.is_deleted, page)
    return digest_of(content)


def is_wanted(mention: Mention, config: Config) -> bool:
    """By title, text and target URL: a link to `acme.example/blog` names us too."""
    texts = (mention.subject, mention.text, mention.about_url, *mention.links)
    return names_phrase(config.entries("phrases"), *texts)


def page_of(config: Config, external_id: str) -> str:
    kind, number = ("c", external_id[2:]) if external_id.startswith(COMMENT_PREFIX) else ("s", external_id)
    return f"{config.address('web_base', WEB)}/{kind}/{number}"


def _story(number: str, story: Mapping[str, Any], config: Config) -> Mention:
    html, title = text_of(story.get("description")), text_of(story.get("title"))
    author = _author(story.get("submitter_user"), config)
    page = web_address_of(story.get("url"))
    links = html_links(html)
    return Mention(
        external_id=number,
        thread_id=number,
        author=author,
        posted_at=time_of(story.get("created_at")),
        text=html_to_text(html),
        subject=title or None,
        html=html or None,
        url=web_address_of(story.get("comments_url")) or page_of(config, number),
        about_url=page,
        is_own=_is_own(author, config),
        links=tuple(dict.fromkeys((page, *links))) if page else links,
        thread_title=title or None,
        extra=_extra(story, ("score", "flags", "comment_count", "tags", "user_is_author")),
    )


def _comment(external_id: str, payload: Mapping[str, Any], config: Config) -> Mention:
    comment = payload["comment"]
    about: Mapping[str, Any] = object_of(payload.get("about"))
    html = text_of(comment.get("comment"))
    story = short_id(about.get("short_id")) or _story_in(comment.get("url")) or external_id
    parent = short_id(comment.get("parent_comment")) or short_id(payload.get("parent"))
    gone = _gone(comment)
    author = _author(comment.get("commenting_user"), config)
    return Mention(
        external_id=external_id,
        thread_id=story,
        author=author,
        posted_at=time_of(comment.get("created_at")),
        text=html_to_text(html),
        parent_id=f"{COMMENT_PREFIX}{parent}" if parent else (story if story != external_id else None),
        html=html or None,
        url=web_address_of(comment.get("short_id_url")) or page_of(config, external_id),
        about_url=web_address_of(about.get("url")),
        is_own=_is_own(author, config),
        is_deleted=gone is not None,
        edited_at=_edited_at(comment),
        links=html_links(html),
        thread_title=text_of(about.get("title")) or None,
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
    return text_of(user.get("username")) if isinstance(user, dict) else text_of(user)


def _author(user: Json, config: Config) -> Author:
    name = user_name(user)
    return Author(name, handle=name, url=f"{config.address('web_base', WEB)}/~{name}") if name else Author("")


def _is_own(author: Author, config: Config) -> bool:
    return author.is_one_of({*config.own, *config.addresses})


def _edited_at(comment: Mapping[str, Any]) -> datetime | None:
    at = time_of(comment.get("last_edited_at", comment.get("updated_at")))
    return edited_at(time_of(comment.get("created_at")), at, NOT_EDITED) if _gone(comment) is None else None


def _extra(entry: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Json]:
    return drop_none(picked(entry, names))
