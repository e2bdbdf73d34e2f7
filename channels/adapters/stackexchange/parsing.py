"""Turns a stored question, answer or comment into a mention. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.adapters.stackexchange.wire import COMMENT, site_of
from channels.contract import Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.links.web_addresses import web_address
from channels.toolkit.text import html_links, html_to_text, names_phrase, unescaped
from channels.toolkit.values import drop_none, moment_of, number_of, object_of, picked, text_of, web_address_of

_HOSTS = {
    "stackoverflow": "stackoverflow.com",
    "serverfault": "serverfault.com",
    "superuser": "superuser.com",
    "askubuntu": "askubuntu.com",
    "stackapps": "stackapps.com",
}
_SHARED = ("tags", "score", "view_count", "answer_count", "is_answered", "accepted_answer_id", "is_accepted")
_CLOSED = ("closed_reason", "migrated_to", "locked_date", "community_owned_date")
_STATE = (*_SHARED, *_CLOSED, "edited", "last_activity_date")


def web_base(config: Config, link: str = "") -> str:
    """The site's URL: the part before `/questions/` in one of its links, else derived from its name."""
    found, divider, _ = link.partition("/questions/")
    if divider and web_address(found):
        return found
    site = site_of(config)
    if site in _HOSTS:
        return f"https://{_HOSTS[site]}"
    if site.endswith((".stackoverflow", ".net")):
        return f"https://{site}" + ("" if site.endswith(".net") else ".com")
    return f"https://{site}.stackexchange.com"


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in an item; None for a search hit with none of the connection's tags or phrases."""
    payload = item.payload
    if not isinstance(payload, dict) or not isinstance(payload.get("post"), dict):
        raise Malformed("A stored Stack Exchange post has no content.")
    question = object_of(payload.get("question"))
    mention = _mention(item.external_id, str(payload.get("kind")), payload["post"], question, config)
    return mention if not payload.get("found") or _is_wanted(payload["post"], mention, config) else None


def _is_wanted(post: Mapping[str, Any], mention: Mention, config: Config) -> bool:
    """The search stems words and ignores order and punctuation, so we check again."""
    tags, phrases = config.entries("tags"), config.entries("phrases")
    if not tags and not phrases:
        return True
    has = post.get("tags")
    if tags and isinstance(has, list) and {str(tag).lower() for tag in has} & {tag.lower() for tag in tags}:
        return True
    return bool(phrases) and names_phrase(phrases, mention.subject, mention.text, *mention.links)


def _mention(
    external_id: str, kind: str, post: Mapping[str, Any], question: Mapping[str, Any], config: Config
) -> Mention:
    thread = number_of(question.get("question_id")) or number_of(post.get("post_id")) or external_id
    title = unescaped(text_of(question.get("title"))) or None
    html, author = text_of(post.get("body")), _author(post.get("owner"), config)
    return Mention(
        external_id=external_id,
        thread_id=thread,
        author=author,
        posted_at=moment_of(post.get("creation_date")),
        text=html_to_text(html) if html else unescaped(text_of(post.get("body_markdown"))),
        parent_id=_parent(kind, post, thread),
        subject=title if kind == "question" else None,
        html=html or None,
        url=_url(external_id, kind, post, question, config),
        is_own=author.is_one_of({*config.own, *config.addresses}),  # by number: anybody may use any name
        is_deleted=kind == "gone",
        edited_at=moment_of(post.get("last_edit_date")),
        links=html_links(html),
        thread_title=title,
        extra=drop_none(picked(post, _STATE)),
    )


def _parent(kind: str, post: Mapping[str, Any], thread: str) -> str | None:
    if kind == "comment":
        return number_of(post.get("post_id")) or thread
    return thread if kind == "answer" else None


def _author(owner: Json, config: Config) -> Author:
    """A deleted user (`does_not_exist`) has at most a name: https://api.stackexchange.com/docs/types/shallow-user."""
    known = object_of(owner)
    number = number_of(known.get("user_id"))
    name = unescaped(text_of(known.get("display_name"))) or None
    if number is None:
        return Author("", name=name)
    return Author(number, name=name, url=web_address_of(known.get("link")) or f"{web_base(config)}/users/{number}")


def _url(
    external_id: str, kind: str, post: Mapping[str, Any], question: Mapping[str, Any], config: Config
) -> str | None:
    """The post's own link; built if the API omits it (answers and comments of the default filter)."""
    if link := web_address_of(post.get("link")):
        return link
    page = web_address_of(question.get("link")) or ""
    base, number = web_base(config, page), external_id.removeprefix(COMMENT)
    if kind == "comment":
        at = number_of(post.get("post_id"))
        return f"{page or f'{base}/q/{at}'}#comment{number}_{at}" if at else None
    if kind == "question":
        return f"{base}/questions/{number}"
    return f"{base}/a/{number}" if kind == "answer" else page or None


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """Over what a reader sees."""
    content = (mention.text, mention.html, mention.subject, mention.is_deleted, mention.parent_id)
    return digest_of(content)
