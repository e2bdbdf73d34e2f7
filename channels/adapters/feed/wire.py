"""Turns a feed entry into a mention. Pure.

Ids are unique only within their feed (RSS guids are often plain numbers: https://www.rssboard.org/rss-specification),
so ours start with a hash of the feed's address. Two connections reading the same feed therefore share its mentions.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.adapters.feed.documents import FeedDocument, entries_of
from channels.contract import Author, Config, Document, Item, Json, Mention
from channels.errors import Malformed
from channels.toolkit.links import canonical, web_address
from channels.toolkit.text import html_links, html_to_text, names_phrase, text_links

MAX_ID = 300
_SAYING = ("id", "link", "title", "html", "text", "enclosures")


def split(document: Document) -> list[Item]:
    """One item per non-empty entry."""
    if not isinstance(document, FeedDocument):
        raise Malformed("Not a feed.")
    told = [kept for kept in entries_of(document) if any(kept["entry"].get(name) for name in _SAYING)]
    pages = {(_own_id(kept["entry"]), _page(kept["entry"])) for kept in told}  # duplicates count once
    shared = {number for number, count in Counter(number for number, _ in pages).items() if count > 1}
    items: dict[str, Item] = {}
    for kept in told:
        number = _own_id(kept["entry"])
        if number in shared:  # some feeds use one guid for all entries: only the link tells them apart
            number = f"{number}#{_hash(_page(kept['entry']))}"
        external_id = f"{feed_mark(kept['feed'])}:{number}"
        items.setdefault(external_id, Item(external_id, kept))
    return list(items.values())


def feed_mark(feed: Mapping[str, Any]) -> str:
    """A 12-character hash of the feed's address (for a recorded file: of its metadata)."""
    address = str(feed.get("address") or feed.get("self") or feed.get("link") or feed.get("title") or "")
    return _hash(canonical(address) or address)


def _own_id(entry: Mapping[str, Any]) -> str:
    """The id, else the link, else a hash of title and date: a feed without ids mustn't be re-imported at every poll."""
    told = str(entry.get("id") or entry.get("link") or "")
    if not told:
        return f"={_content_key(entry)}"
    return told if len(told) <= MAX_ID else f"{told[:200]}={_hash(told)}"


def _page(entry: Mapping[str, Any]) -> str:
    return str(entry.get("link") or _content_key(entry))


def _content_key(entry: Mapping[str, Any]) -> str:
    said = entry.get("title") or html_to_text(str(entry.get("html") or entry.get("text") or ""))[:300]
    return _hash(json.dumps([said, entry.get("published") or entry.get("updated")]))


def _hash(text: Any) -> str:
    return hashlib.blake2b(str(text).encode("utf-8", "replace"), digest_size=6).hexdigest()


def parse(item: Item, config: Config) -> Mention | None:
    """The entry; None if the connection has phrases and the entry matches none."""
    payload = item.payload
    if not isinstance(payload, dict) or not isinstance(payload.get("entry"), dict):
        raise Malformed("A stored entry of a feed has no content.")
    feed = payload.get("feed")
    mention = _mention(item.external_id, payload["entry"], feed if isinstance(feed, dict) else {}, config)
    wanted = words(config, "phrases")
    return mention if not wanted or names_phrase(wanted, mention.subject, mention.text, *mention.links) else None


def words(config: Config, name: str) -> tuple[str, ...]:
    entries = config.setting(name)
    return tuple(str(e).strip() for e in entries if str(e).strip()) if isinstance(entries, list | tuple) else ()


def _mention(external_id: str, entry: Mapping[str, Any], feed: Mapping[str, Any], config: Config) -> Mention:
    html, plain = str(entry.get("html") or ""), str(entry.get("text") or "")
    page = unwrapped(str(entry.get("link") or ""))
    is_alert = page != (entry.get("link") or "")
    author = _author(entry, feed, page, is_alert)
    published, updated = _moment(entry.get("published")), _moment(entry.get("updated"))
    enclosures = [e for e in entry.get("enclosures", ()) if isinstance(e, dict)]
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
        edited_at=updated if published and updated and updated > published else None,
        links=tuple(dict.fromkeys(unwrapped(link) for link in links if link)),
        language=str(entry.get("language") or feed.get("language") or "") or None,
        thread_title=title,
        extra=_extra(entry, feed, enclosures),
    )


def unwrapped(link: str) -> str:
    """The target of a Google Alerts link (`https://www.google.com/url?…&url=PAGE&…`)."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
        if parts.path != "/url" or "google." not in f".{host}" or not host.removeprefix("www.").startswith("google."):
            return link
        asked = parse_qs(parts.query)
    except ValueError:
        return link
    for name in ("url", "q"):
        if page := web_address(asked.get(name, [""])[0]):
            return page
    return link


def _author(entry: Mapping[str, Any], feed: Mapping[str, Any], page: str, is_alert: bool) -> Author:
    """Identified by e-mail or home page; a bare name is only valid on this site; without a name, the author is the
    site."""
    told = entry.get("author") or ({} if is_alert else feed.get("author")) or {}
    name, email, url = (str(told.get(key) or "") for key in ("name", "email", "url"))
    site = host_of(page) or host_of(str(feed.get("link") or feed.get("address") or ""))
    number = email.lower() or (canonical(url) if url else "") or (f"{site}/{name.lower()}" if name else site)
    shown = name or email or ("" if is_alert else str(feed.get("title") or "")) or site
    return Author(number[:MAX_ID], name=shown[:200] or None, url=url or None)


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
    told = {"feed": feed.get("title"), "feed_address": feed.get("address"), "tags": entry.get("tags"),
            "comments": entry.get("comments"), "enclosures": enclosures}  # fmt: skip
    return {key: value for key, value in told.items() if value}


def _moment(value: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def fingerprint(item: Item, config: Config) -> bytes:
    """Over what is displayed, not dates or markup: many sites change both every time they serve a feed."""
    entry = item.payload.get("entry") if isinstance(item.payload, dict) else None
    entry = entry if isinstance(entry, dict) else {}
    said = str(entry.get("text") or "") or html_to_text(str(entry.get("html") or ""))
    content = (entry.get("title"), said, unwrapped(str(entry.get("link") or "")))
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).digest()
