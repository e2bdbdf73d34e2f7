"""Turns a stored Discourse post into a mention. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.adapters.discourse.client import base
from channels.adapters.discourse.context import extra_of
from channels.adapters.discourse.wire import REGULAR, is_private, is_public, parts
from channels.contract import Author, Config, Item, Mention, digest_of
from channels.errors import Malformed
from channels.toolkit.text import html_links, html_to_text, text_links
from channels.toolkit.values import count_of, number_of, text_of, time_of, web_address_of


def parse(item: Item, config: Config) -> Mention | None:
    """None for private messages, whispers and moderation notes."""
    post, topic = parts(item.payload)
    if not post:
        raise Malformed("A stored forum item is not a post.")
    is_gone = item.payload.get("gone") is True
    if is_private(item.payload) or ("topic" in item.payload and not is_gone and not is_public(item.payload)):
        return None
    if post.get("post_type", REGULAR) != REGULAR:
        return None
    thread_id = number_of(post.get("topic_id")) or number_of(topic.get("id"))
    if thread_id is None:
        raise Malformed("A forum post has no topic.")
    html = text_of(post.get("cooked"))
    text = html_to_text(html) if html else text_of(post.get("raw")) or html_to_text(text_of(post.get("blurb")))
    title = text_of(post.get("topic_title")) or text_of(topic.get("title")) or None
    slug = text_of(topic.get("category_slug")) or text_of(post.get("category_slug"))
    return Mention(
        external_id=item.external_id,
        thread_id=thread_id,
        author=_author(post, config),
        posted_at=time_of(post.get("created_at")),
        text=text,
        parent_id=number_of(item.payload.get("parent_id")),
        subject=title if post.get("post_number") == 1 else None,
        html=html or None,
        url=_url(post, topic, thread_id, config),
        about_url=web_address_of(topic.get("featured_link")),
        is_auto=isinstance(post.get("user_id"), int) and post["user_id"] < 0,
        is_own=_is_own(post, config),
        is_deleted=_is_deleted(item.payload),
        edited_at=time_of(post.get("updated_at")) if count_of(post.get("version")) > 1 else None,
        links=html_links(html) if html else text_links(text),
        addressed=((slug.lower(),),) if slug else (),
        thread_title=title,
        extra=extra_of(post, topic, slug),
    )


def _author(post: Mapping[str, Any], config: Config) -> Author:
    """Names are often empty; a deleted account has no data left."""
    handle, user = text_of(post.get("username")), post.get("user_id")
    number = str(user) if isinstance(user, int) and not isinstance(user, bool) else ""
    url = f"{base(config)}/u/{handle}" if handle and base(config) else None
    return Author(number, handle or None, text_of(post.get("name")) or None, url)


def _is_own(post: Mapping[str, Any], config: Config) -> bool:
    """Forum staff, or one of our accounts. Channel addresses are categories here, not accounts."""
    is_staff = any(post.get(right) is True for right in ("staff", "admin", "moderator"))
    own = config.own - set(config.addresses)
    return bool(is_staff and config.setting("staff_is_own", True)) or _author(post, config).is_one_of(own)


def _is_deleted(payload: Mapping[str, Any]) -> bool:
    """The webhook event decides: `post_destroyed` still has a null `deleted_at`."""
    post, event = payload["post"], payload.get("event")
    if payload.get("gone") is True or event == "post_destroyed":
        return True
    if post.get("user_deleted") is True or post.get("hidden") is True:
        return True
    return event != "post_recovered" and bool(post.get("deleted_at"))


def _url(post: Mapping[str, Any], topic: Mapping[str, Any], thread_id: str, config: Config) -> str | None:
    if not base(config):
        return None
    slug = text_of(post.get("topic_slug")) or text_of(topic.get("slug")) or "-"
    number = count_of(post.get("post_number"))
    return f"{base(config)}/t/{slug}/{thread_id}" + (f"/{number}" if number > 1 else "")


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """Over the displayed text: the HTML also changes when link previews are inserted, which isn't an edit."""
    version = item.payload["post"].get("version")
    content = (mention.text, mention.subject, mention.is_deleted, mention.parent_id, count_of(version))
    return digest_of(content)
