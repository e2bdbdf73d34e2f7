"""Pages that a person adds by URL: a blog post, an answer on a site without an adapter. One page is one item,
identified by its canonical URL; replies are written there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from channels.contract import Adapter, Author, Config, Document, Item, Json, Mention, Page
from channels.errors import Malformed
from channels.links.canonical_urls import canonical
from channels.links.web_addresses import is_web_address, web_address
from channels.toolkit.text import clean, text_links
from channels.toolkit.values import time_of

MAX_TEXT = 20_000
MAX_LINE = 500


class ManualAdapter(Adapter):
    platform = "manual"
    label = "Added by hand"
    answering = (
        "Open the page and answer there, from your own account, if it takes comments.",
        "Say that you work here and what you do.",
    )
    is_polled = False
    expected_silence = timedelta(days=3650)

    def split(self, document: Document, config: Config) -> list[Item]:
        """`{"url", "title", "author", "text", "posted_at", "language", "channel"}`, or a list of them; only `url` is
        required. Duplicate pages count once."""
        pages = document if isinstance(document, list) else [document]
        items: dict[str, Item] = {}
        for page in pages:
            if not isinstance(page, dict) or not isinstance(page.get("url"), str):
                raise Malformed("a page needs its address (url)")
            items.setdefault(name := _named(page["url"]), Item(name, page))
        return list(items.values())

    def parse(self, item: Item, config: Config) -> Mention | None:
        page = item.payload
        if not isinstance(page, dict) or not isinstance(page.get("url"), str):
            raise Malformed("a page needs its address (url)")
        url, name = page["url"].strip(), _named(page["url"])
        text = _text(page, "text")[:MAX_TEXT]
        channel = _line(page, "channel").lower()
        return Mention(
            external_id=name,
            thread_id=name,
            author=_author(page, url),
            posted_at=time_of(page.get("posted_at")),
            text=text,
            subject=_line(page, "title") or None,
            url=url,
            links=text_links(text),
            language=_line(page, "language")[:12] or None,
            addressed=((channel,),) if channel else (),
            extra={"added_by": _line(page, "added_by")} if page.get("added_by") else {},
        )

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        """Nothing to poll."""
        return iter(())

    def check(self, config: Config) -> str:
        return "Nothing to test: people add its mentions on the “Add” page."


def _named(url: str) -> str:
    name = canonical(url) if is_web_address(url.strip()) else ""
    if not name:
        raise Malformed(f"{clean(url)[:100]!r} is not a web address (http or https)")
    return name


def _author(page: dict[str, Json], url: str) -> Author:
    """The same name on two sites means two people; on a page without an author, the site is the author."""
    name = _line(page, "author")
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    profile = web_address(_line(page, "author_url")) or None
    return Author(f"{host}/{name.lower()}"[:MAX_LINE] if name else host, name[:254] or None, name or None, profile)


def _text(page: dict[str, Json], name: str) -> str:
    value = page.get(name)
    return clean(value).replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def _line(page: dict[str, Json], name: str) -> str:
    return " ".join(_text(page, name).split())[:MAX_LINE]
