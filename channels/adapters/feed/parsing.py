"""Turns a stored feed entry into a mention. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.adapters.feed.wire import MAX_ID, unwrapped
from channels.contract import Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.links.canonical_urls import canonical
from channels.toolkit.text import html_links, html_to_text, names_phrase, text_links
from channels.toolkit.values import edited_at, object_of, objects_of, time_of, value_at


def parse(item: Item, config: Config) -> Mention | None:
    """The entry; None if the connection has phrases and the entry matches none."""
    payload = item.payload
    if not isinstance(payload, dict) or not isinstance(payload.get("entry"), dict):
        raise Malformed("A stored entry of a feed has no content.")
    mention = _mention(item.external_id, payload["entry"], object_of(payload.get("feed")), config)
    wanted = config.entries("phrases")
    return mention if not wanted or names_phrase(wanted, mention.subject, mention.text, *mention.links) else None


def _mention(external_id: str, entry: Mapping[str, Any], feed: Mapping[str, Any], config: Config) -> Mention:
    html, plain = str(entry.get("html") or ""), str(entry.get("text") or "")
    page = unwrapped(str(entry.get("link") or ""))
    is_alert = page != (entry.get("link") or "")
    author = _author(entry, feed, page, is_alert)
    published, updated = time_of(entry.get("published")), time_of(entry.get("updated"))
    enclosures = objects_of(entry.get("enclosures"))
    links = (*(html_links(html) or text_links(plain)), *(str(e.get("url") or "") for e in enclosures))
    title = str(entry.get("title") or "") or None
    return Mention(
        external_id=external_id,
        thread_id=external_id,
        author=author,
        posted_at=published or updated,
        text=plain or html_to_text(html),
        subject=title,
        html=html or None,
        url=page or None,
        about_url=str(entry.get("about") or "") or None,
        is_own=_is_own(author, page, config),
        edited_at=edited_at(published, updated),
        links=tuple(dict.fromkeys(unwrapped(link) for link in links if link)),
        language=str(entry.get("language") or feed.get("language") or "") or None,
        thread_title=title,
        extra=_extra(entry, feed, enclosures),
    )


def _author(entry: Mapping[str, Any], feed: Mapping[str, Any], page: str, is_alert: bool) -> Author:
    """Identified by email or home page; a bare name is only valid on this site; without a name, the author is the
    site."""
    author = entry.get("author") or ({} if is_alert else feed.get("author")) or {}
    name, email, url = (str(author.get(key) or "") for key in ("name", "email", "url"))
    site = host_of(page) or host_of(str(feed.get("link") or feed.get("address") or ""))
    number = email.lower() or (canonical(url) if url else "") or (f"{site}/{name.lower()}" if name else site)
    display_name = name or email or ("" if is_alert else str(feed.get("title") or "")) or site
    return Author(number[:MAX_ID], name=display_name[:200] or None, url=url or None)


def host_of(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _is_own(author: Author, page: str, config: Config) -> bool:
    """Ours by the author's address, or because the page is on one of our sites."""
    names = {author.id.lower(), host_of(page)} - {""}
    return any(name in config.own or name in config.addresses for name in names)


def _extra(entry: Mapping[str, Any], feed: Mapping[str, Any], enclosures: list[dict[str, Any]]) -> dict[str, Json]:
    extra = {"feed": feed.get("title"), "feed_address": feed.get("address"), "tags": entry.get("tags"),
            "comments": entry.get("comments"), "enclosures": enclosures}  # fmt: skip
    return {key: value for key, value in extra.items() if value}


def fingerprint(item: Item, config: Config) -> bytes:
    """Over what is displayed, not dates or markup: many sites change both every time they serve a feed."""
    entry = object_of(value_at(item.payload, "entry"))
    text = str(entry.get("text") or "") or html_to_text(str(entry.get("html") or ""))
    content = (entry.get("title"), text, unwrapped(str(entry.get("link") or "")))
    return digest_of(content)
