"""Turns a stored status into a mention. Pure.

https://docs.joinmastodon.org/entities/Status/. Only public posts are mentions: `private` (followers) and `direct`
statuses are meant for the people named in them and never become one. A boost has no text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from channels.adapters.mastodon.client import site
from channels.adapters.mastodon.wire import identity, is_public
from channels.contract import Author, Config, Item, Json, Mention
from channels.errors import Malformed
from channels.toolkit.text import clean, html_links, html_to_text, names_phrase
from channels.toolkit.values import MALFORMED, object_of, text_of, time_of, web_address_of

_CALL = re.compile(r"<a\b[^>]*\bclass=\"[^\"]*\bmention\b[^\"]*\"[^>]*>", re.IGNORECASE)
_HAS_WORDS = re.compile(r"\w")


def hashtags(config: Config) -> list[str]:
    """Lower case, without #, deduplicated."""
    return list(dict.fromkeys(name.lstrip("#").lower() for name in config.entries("hashtags") if name.strip("#")))


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in a status; None for boosts, non-public statuses, and near-matches of a phrase."""
    payload = item.payload
    status = object_of(payload).get("status")
    if not isinstance(status, dict) or item.external_id.startswith(MALFORMED):
        raise Malformed("A Mastodon status has no id.")
    if payload.get("gone") is True:
        return _vanished(item.external_id, payload)
    if status.get("reblog") or not is_public(status):
        return None
    if not isinstance(status.get("account"), dict) or not isinstance(status.get("content"), str):
        raise Malformed(f"The Mastodon status {item.external_id} has no author or no content.")
    mention = _mention(item.external_id, status, payload, config)
    return mention if payload.get("in_thread") or payload.get("told") or _is_wanted(status, mention, config) else None


def _vanished(number: str, payload: Mapping[str, Any]) -> Mention:
    root = identity(payload.get("root")) or number
    return Mention(number, root, Author(""), None, "", is_deleted=True)


def _is_wanted(status: Mapping[str, Any], mention: Mention, config: Config) -> bool:
    """Search and timelines return more than mentions of us, so we check again."""
    phrases, tags = config.entries("phrases"), hashtags(config)
    if mention.is_own or not (phrases or tags):
        return True
    if {name for tier in mention.addressed for name in tier} & own_names(config):
        return True
    if {text_of(tag.get("name")).lower() for tag in status.get("tags", ())} & set(tags):
        return True
    return bool(phrases) and names_phrase(phrases, mention.text, *mention.links)


def _mention(number: str, status: Mapping[str, Any], payload: Mapping[str, Any], config: Config) -> Mention:
    parent = identity(status.get("in_reply_to_id"))
    author = _author(status["account"])
    return Mention(
        external_id=number,
        thread_id=identity(payload.get("root")) or parent or number,
        author=author,
        posted_at=time_of(status.get("created_at")),
        text=_whole_text(status),
        parent_id=parent,
        url=web_address_of(status.get("url")) or web_address_of(status.get("uri")),
        about_url=web_address_of((status.get("card") or {}).get("url")),
        is_own=is_own(status, config),
        edited_at=time_of(status.get("edited_at")),
        links=_links(status),
        language=text_of(status.get("language")) or None,
        addressed=_addressed(status, config),
        extra=_extra(status),
    )


def _whole_text(status: Mapping[str, Any]) -> str:
    """Everything a reader sees: the content warning, the text, image descriptions and poll options."""
    warning = text_of(status.get("spoiler_text"))
    parts = [f"[Content warning: {warning}]" if warning else "", html_to_text(clean(status["content"]))]
    for media in status.get("media_attachments", ()):
        description = text_of(media.get("description"))
        parts.append(f"[{_KINDS.get(text_of(media.get('type')), 'File')}: {description}]" if description else "")
    options = [text_of(option.get("title")) for option in (status.get("poll") or {}).get("options", ())]
    parts.append("\n".join(f"○ {option}" for option in options if option))
    return "\n\n".join(part for part in parts if part)


_KINDS = {"image": "Image", "gifv": "Image", "video": "Video", "audio": "Audio"}


def _links(status: Mapping[str, Any]) -> tuple[str, ...]:
    """Without the links of handles and hashtags, but with those of quoted posts."""
    html = clean(status["content"])
    calls = {link for tag in _CALL.findall(html) for link in html_links(tag)}
    quoted = web_address_of((status.get("quote") or {}).get("url"))
    links = [link for link in html_links(html) if link not in calls]
    return tuple(dict.fromkeys(links + ([quoted] if quoted else [])))


def _addressed(status: Mapping[str, Any], config: Config) -> tuple[tuple[str, ...], ...]:
    """The accounts named; those of our own instance both with and without the host."""
    found = [form for entry in status.get("mentions", ()) for form in forms(text_of(entry.get("acct")), config)]
    return (tuple(dict.fromkeys(found)),) if found else ()


def forms(acct: str, config: Config) -> tuple[str, ...]:
    """Lower-case names of an account: `acct` omits the host for our own instance."""
    acct = acct.lstrip("@").lower()
    if not acct or "@" in acct:
        return (acct,) if acct else ()
    return (acct, f"{acct}@{site(config).partition('/')[0]}")


def own_names(config: Config) -> frozenset[str]:
    return frozenset(name.lstrip("@") for name in (*config.addresses, *config.own))


def is_own(status: Mapping[str, Any], config: Config) -> bool:
    account = status.get("account")
    if not isinstance(account, dict):
        return False
    return bool({*forms(text_of(account.get("acct")), config), identity(account.get("id"))} & own_names(config))


def _author(account: Mapping[str, Any]) -> Author:
    acct = text_of(account.get("acct")) or text_of(account.get("username"))
    return Author(
        identity(account.get("id")) or acct, acct or None, text_of(account.get("display_name")) or None,
        web_address_of(account.get("url")),
    )  # fmt: skip


def _extra(status: Mapping[str, Any]) -> dict[str, Json]:
    counts = {"likes": "favourites_count", "reposts": "reblogs_count", "replies": "replies_count"}
    extra: dict[str, Json] = {
        shown: status[key] for shown, key in counts.items() if isinstance(status.get(key), int) and status[key]
    }
    if status["visibility"] != "public":
        extra["visibility"] = status["visibility"]
    if status["account"].get("bot") is True:
        extra["bot"] = True
    files = status.get("media_attachments", ())
    links = [web_address_of(file.get("url")) or web_address_of(file.get("remote_url")) for file in files]
    if any(links):
        extra["media"] = [link for link in links if link]
    return extra


def spoken(text: str) -> str:
    """The part of a text that survives posting: the instance hides the hosts of handles, prepends handles and collapses
    whitespace."""
    words = re.sub(r"(?<!\w)@([\w.-]*\w)@[\w.:-]*\w", r"@\1", text).split()
    while words and words[0].startswith("@") and _HAS_WORDS.search(" ".join(words[1:])):
        words.pop(0)
    return " ".join(words)
