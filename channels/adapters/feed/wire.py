"""Turns a feed entry into a mention. Pure.

Ids are unique only within their feed (RSS guids are often plain numbers: https://www.rssboard.org/rss-specification),
so ours start with a hash of the feed's address. Two connections reading the same feed therefore share its mentions.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.adapters.feed.documents import FeedDocument, entries_of
from channels.contract import Config, Document, Item
from channels.errors import Malformed
from channels.links.canonical_urls import canonical
from channels.links.web_addresses import web_address
from channels.toolkit.text import html_to_text

MAX_ID = 300
_SAYING = ("id", "link", "title", "html", "text", "enclosures")


def documents(data: bytes, config: Config) -> Iterator[Document]:
    yield FeedDocument(data)


def split(document: Document, config: Config) -> list[Item]:
    """One item per non-empty entry."""
    if not isinstance(document, FeedDocument):
        raise Malformed("Not a feed.")
    entries = [kept for kept in entries_of(document) if any(kept["entry"].get(name) for name in _SAYING)]
    pages = {(_own_id(kept["entry"]), _page(kept["entry"])) for kept in entries}  # duplicates count once
    shared = {number for number, count in Counter(number for number, _ in pages).items() if count > 1}
    items: dict[str, Item] = {}
    for kept in entries:
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
    identity = str(entry.get("id") or entry.get("link") or "")
    if not identity:
        return f"={_content_key(entry)}"
    return identity if len(identity) <= MAX_ID else f"{identity[:200]}={_hash(identity)}"


def _page(entry: Mapping[str, Any]) -> str:
    return str(entry.get("link") or _content_key(entry))


def _content_key(entry: Mapping[str, Any]) -> str:
    said = entry.get("title") or html_to_text(str(entry.get("html") or entry.get("text") or ""))[:300]
    return _hash(json.dumps([said, entry.get("published") or entry.get("updated")]))


def _hash(text: Any) -> str:
    return hashlib.blake2b(str(text).encode("utf-8", "replace"), digest_size=6).hexdigest()


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
