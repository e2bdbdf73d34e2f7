"""Turns a stored Facebook post, comment or message into a mention. Pure.

User ids are scoped to the page, so they are compared as strings with the page's own id. A public comment and a private
message never share a conversation: one is keyed by its comment, the other by the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.adapters.facebook.wire import TALK, WEB
from channels.contract import Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.toolkit.text import text_links
from channels.toolkit.values import drop_none, moment_of, object_of, text_of

WITHOUT_WORDS = "[attachment]"


def page_id(config: Config) -> str:
    return str(config.setting("page_id", "")).strip()


def web_base(config: Config) -> str:
    return str(config.setting("web_base", WEB)).rstrip("/")


def parse(item: Item, config: Config) -> Mention | None:
    """None for the page's own posts (our publications aren't mentions; comments carry their title) and for empty
    events."""
    payload = item.payload
    kind = object_of(payload).get("kind")
    known = payload.get(kind) if isinstance(payload, dict) and isinstance(kind, str) else None
    if not isinstance(known, dict):
        raise Malformed("A stored Facebook item is not an object.")
    if kind == "message":
        return _message(item.external_id, known, config)
    return _comment(item.external_id, known, config) if kind == "comment" else _post(item.external_id, known, config)


def _post(number: str, post: Mapping[str, Any], config: Config) -> Mention | None:
    author = _author(post.get("author"), config)
    words = _words(post)
    if (author.id and author.id == page_id(config)) or (not words and not post.get("gone")):
        return None
    return Mention(
        external_id=number,
        thread_id=number,
        author=author,
        posted_at=_time(post.get("at")),
        text=words,
        url=text_of(post.get("url")) or _post_url(number, config),
        about_url=text_of(post.get("page")) or None,
        is_own=_is_own(author, config),
        is_deleted=_is_gone(post),
        edited_at=_time(post.get("edited")),
        links=_links(post, words),
        thread_title=" ".join(words.split())[:120] or None,
        addressed=_addressed(config),
        extra=_extra(post, "post"),
    )


def _comment(number: str, comment: Mapping[str, Any], config: Config) -> Mention | None:
    """A conversation is a first comment with everything below it. Facebook nests no deeper: a reply to a reply also
    goes under the first comment."""
    post = object_of(comment.get("post"))
    post_id = _whole_post_id(text_of(post.get("id")), config)
    first = text_of(comment.get("parent"))
    author, words = _author(comment.get("author"), config), _words(comment)
    if not words and not comment.get("gone"):
        return None
    return Mention(
        external_id=number,
        thread_id=first or number,
        author=author,
        posted_at=_time(comment.get("at")),
        text=words,
        parent_id=first or post_id or None,
        url=text_of(comment.get("url")) or _comment_url(post_id, first, number, config),
        about_url=text_of(post.get("page_url")) or None,
        is_own=_is_own(author, config),
        is_deleted=_is_gone(comment),
        edited_at=_time(comment.get("edited")),
        links=_links(comment, words),
        reply_to_id=first or None,
        thread_title=text_of(post.get("title")) or None,
        addressed=_addressed(config),
        extra=_extra(comment, "comment"),
    )


def _message(number: str, message: Mapping[str, Any], config: Config) -> Mention | None:
    """A private message. Neither source links our replies to specific messages, so ours answer the conversation."""
    page = page_id(config) or text_of(message.get("page"))
    author, words = _author(message.get("author"), config), _words(message)
    others = [_author(entry, config) for entry in message.get("to") or ()]
    is_ours = message.get("echo") is True or bool(page and author.id == page)
    person = next((o.id for o in others if o.id and o.id != page), "") if is_ours else author.id
    if not words and not message.get("gone"):
        return None
    thread = f"{TALK}{person}" if person else number
    link = text_of(message.get("link"))
    return Mention(
        external_id=number,
        thread_id=thread,
        author=author,
        posted_at=_time(message.get("at")),
        text=words,
        parent_id=thread if is_ours else None,
        url=f"{config.address('web_base', WEB)}{link or f'/{page}/inbox/'}" if link or page else None,
        is_own=is_ours or _is_own(author, config),
        is_deleted=message.get("gone") is True,
        edited_at=_time(message.get("edited")),
        links=text_links(words),
        reply_to_id=None if is_ours else thread,
        addressed=_addressed(config),
        extra=_extra(message, "private message"),
    )


def _author(value: Json, config: Config) -> Author:
    known = object_of(value)
    number, name = text_of(known.get("id")), " ".join(text_of(known.get("name")).split())
    return Author(number, None, name or None, f"{config.address('web_base', WEB)}/{number}" if number else None)


def _is_own(author: Author, config: Config) -> bool:
    return author.is_one_of({*config.own, page_id(config)})


def _is_gone(known: Mapping[str, Any]) -> bool:
    """Deleted, or hidden from everyone but its author and their friends: the page has dealt with it."""
    return known.get("gone") is True or known.get("hidden") is True


def _addressed(config: Config) -> tuple[tuple[str, ...], ...]:
    page = page_id(config).lower()
    return ((page,),) if page else ()


def _whole_post_id(number: str, config: Config) -> str:
    """A comment read on its own gives only the second half of its post's id."""
    page = page_id(config)
    return f"{page}_{number}" if number and "_" not in number and page else number


def _post_url(number: str, config: Config) -> str | None:
    page, _, post = number.partition("_")
    return f"{config.address('web_base', WEB)}/{page}/posts/{post}/" if post else None


def _comment_url(post: str, first: str, number: str, config: Config) -> str | None:
    above = _post_url(post, config)
    last = number.rpartition("_")[2]
    if above is None:
        return None
    if not first:
        return f"{above}?comment_id={last}"
    return f"{above}?comment_id={first.rpartition('_')[2]}&reply_comment_id={last}"


def _words(known: Mapping[str, Any]) -> str:
    """The text; a post with media but no text is one word, the same from both sources."""
    words = text_of(known.get("text")).replace("\r\n", "\n")
    return words or (WITHOUT_WORDS if known.get("files") else "")


def _links(known: Mapping[str, Any], words: str) -> tuple[str, ...]:
    more = [str(link) for link in known.get("links") or ()]
    return tuple(dict.fromkeys((*text_links(words), *more)))


def _extra(known: Mapping[str, Any], kind: str) -> dict[str, Json]:
    extra = {
        "kind": kind,
        "likes": known.get("likes"),
        "replies": known.get("replies", known.get("comments")),
        "files": known.get("files") or None,
        "hidden": known.get("hidden") or None,
        "answers": known.get("parent") if kind == "private message" and known.get("parent") else None,
    }
    return drop_none(extra)


def _time(millis: Json) -> datetime | None:
    return moment_of(millis / 1000) if isinstance(millis, int) else None


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    content = (mention.text, mention.is_deleted, mention.parent_id)
    return digest_of(content)
