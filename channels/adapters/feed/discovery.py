"""Finds the feed a web page links to: `<link rel="alternate" type="application/rss+xml" href="…">`. Pure.

https://www.rssboard.org/rss-autodiscovery
"""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

from channels.links.web_addresses import web_address

_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json")
_READ = 200_000


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "base" and not self.base:
            self.base = attributes.get("href", "")
        is_feed = attributes.get("type", "").partition(";")[0].strip().lower() in _TYPES
        if tag == "link" and "alternate" in attributes.get("rel", "").lower().split() and is_feed:
            self.found.append(attributes.get("href", ""))


def feeds_of(page: bytes, address: str) -> list[str]:
    """Absolute URLs of the feeds a page links to, in order, deduplicated."""
    reader = _Links()
    reader.feed(page[:_READ].decode("utf-8", "replace"))
    found = []
    for href in reader.found:
        try:
            found.append(web_address(urljoin(urljoin(address, reader.base), href.strip())))
        except ValueError:
            continue
    return list(dict.fromkeys(feed for feed in found if feed))
