"""Turns a stored YouTube comment into a mention. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from channels.adapters.youtube.wire import WEB, top_of
from channels.contract import Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.toolkit.text import html_links, html_to_text, names_phrase, text_links, unescaped
from channels.toolkit.values import drop_none, edited_at, object_of, text_of, time_of, web_address_of


def parse(item: Item, config: Config) -> Mention | None:
    """The comment in an item; None if it had to name a phrase and doesn't."""
    payload = item.payload
    if not isinstance(payload, dict) or not isinstance(payload.get("comment"), dict):
        raise Malformed("A stored YouTube comment has no content.")
    mention = _mention(item.external_id, payload["comment"], object_of(payload.get("about")), config,
                       is_gone=payload.get("gone") is True)  # fmt: skip
    wanted = config.entries("phrases") if payload.get("found") else ()
    return mention if not wanted or names_phrase(wanted, mention.text, *mention.links) else None


def _mention(
    external_id: str, comment: Mapping[str, Any], about: Mapping[str, Any], config: Config, *, is_gone: bool
) -> Mention:
    top = text_of(comment.get("parentId")) or top_of(external_id)
    is_reply = top != external_id
    html, plain = text_of(comment.get("textDisplay")), text_of(comment.get("textOriginal"))
    video = text_of(comment.get("videoId")) or text_of(about.get("videoId"))
    posted_at, updated_at = time_of(comment.get("publishedAt")), time_of(comment.get("updatedAt"))
    author = _author(comment, config)
    page = _page(video, text_of(comment.get("channelId")) or text_of(about.get("channelId")), config)
    return Mention(
        external_id=external_id,
        thread_id=top,
        author=author,
        posted_at=posted_at,
        text=plain or html_to_text(html),
        parent_id=top if is_reply else None,
        html=html or None,
        url=f"{page}&lc={quote(external_id, safe='')}" if video and page else page,
        about_url=page,
        is_own=_is_own(author, config),
        is_deleted=is_gone or comment.get("moderationStatus") == "rejected",
        edited_at=edited_at(posted_at, updated_at),
        links=html_links(html) or text_links(plain),
        reply_to_id=top if is_reply else None,
        thread_title=unescaped(text_of(about.get("title"))) or None,
        extra=_extra(comment, video),
    )


def _author(comment: Mapping[str, Any], config: Config) -> Author:
    """Since 2023 the display name is the handle, including the @:
    https://developers.google.com/youtube/v3/revision_history. A deleted account has no channel."""
    channel_id = comment.get("authorChannelId")
    channel = text_of(object_of(channel_id).get("value") or channel_id)
    name = unescaped(text_of(comment.get("authorDisplayName"))) or None
    handle = name[1:] if name and name.startswith("@") and len(name) > 1 else None
    if not channel:
        return Author("", handle=handle, name=name)
    url = web_address_of(comment.get("authorChannelUrl")) or f"{config.address('web_base', WEB)}/channel/{channel}"
    return Author(channel, handle=handle, name=name, url=url)


def _is_own(author: Author, config: Config) -> bool:
    """By channel, or by a handle with its @, which is unique; never by a plain name."""
    return author.is_one_of({*config.own, *config.addresses})


def web_base(config: Config) -> str:
    return str(config.setting("web_base", WEB)).rstrip("/")


def _page(video: str, channel: str, config: Config) -> str | None:
    if video:
        return f"{config.address('web_base', WEB)}/watch?v={quote(video, safe='')}"
    return f"{config.address('web_base', WEB)}/channel/{quote(channel, safe='')}/discussion" if channel else None


def _extra(comment: Mapping[str, Any], video: str) -> dict[str, Json]:
    moderation = comment.get("moderationStatus")
    return drop_none({"likes": comment.get("likeCount"), "video": video or None, "moderation": moderation})


def fingerprint(item: Item, config: Config) -> bytes:
    """Over the HTML, which is the same in every response: `textOriginal` is only sometimes included."""
    payload = object_of(item.payload)
    comment = object_of(payload.get("comment"))
    shown = text_of(comment.get("textDisplay")) or text_of(comment.get("textOriginal"))
    content = (shown, payload.get("gone") is True or comment.get("moderationStatus") == "rejected")
    return digest_of(content)
