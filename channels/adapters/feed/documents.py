"""Turns a feed's bytes into plain entries: RSS, RDF, Atom and CDF with feedparser, JSON Feed with our own code. Pure.

feedparser (https://feedparser.readthedocs.io) reads broken feeds as far as it can, drops entity declarations before
anything is expanded, and fetches no external entities. JSON Feed: https://www.jsonfeed.org/version/1.1/.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import feedparser

from channels.adapters.feed import dates
from channels.contract import Json
from channels.errors import Malformed
from channels.http.body import Raw, decode_json
from channels.links.web_addresses import web_address
from channels.toolkit.text import html_to_text, unescaped
from channels.toolkit.values import list_of, object_of, text_of

MAX_ENTRIES = 1000
MAX_HTML = 200_000
_LOOKS_LIKE_HTML = re.compile(rb"^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_EMAIL = re.compile(r"[^\s<>()\"',;@]{1,64}@[^\s<>()\"',;@]{3,200}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,12});")
_CDATA = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_TAG = re.compile(rb"<(/?)[A-Za-z][^<>]*+>")
_STRAY = re.compile(rb"<(?![A-Za-z/!?])|<[A-Za-z/][^<>]*+(?!>)|&(?![A-Za-z#])")
DEEPEST = 5000
MAX_STRAY = 1000
"""The parser takes quadratic time on nested or unclosed elements; a feed that is merely broken has fewer than this."""
_ENDS = (b"</rss>", b"</feed>", b"</rdf:rdf>", b"</channel>")


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed as served. `address`: the requested URL, "" for a recorded file."""

    content: bytes = field(repr=False)
    address: str = ""
    content_type: str = ""


def entries_of(document: FeedDocument) -> Iterator[dict[str, Any]]:
    """`{"feed": {…}, "entry": {…}}` for each entry, as plain JSON. Raises Malformed if it isn't a feed."""
    head = document.content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        raise Malformed("The feed is empty.")
    if head.startswith((b"{", b"[")):
        yield from _of_json(document)
    elif is_web_page(document.content):
        raise Malformed("This is a web page, not a feed.")
    else:
        yield from _of_xml(document)


def is_web_page(content: bytes) -> bool:
    return bool(_LOOKS_LIKE_HTML.match(content[:4000].removeprefix(b"\xef\xbb\xbf")))


# --- XML ----------------------------------------------------------------------------------------------------------


def _refuse_nonsense(content: bytes) -> None:
    """Raises Malformed for input that would keep the parser busy for minutes."""
    marked_up = _CDATA.sub(b"", content)
    depth = 0
    for tag in _TAG.finditer(marked_up):
        if tag[1]:
            depth = max(0, depth - 1)
        elif not tag[0].endswith(b"/>"):
            depth += 1
            if depth > DEEPEST:
                raise Malformed("The feed is nested too deeply.")
    if sum(1 for _ in _STRAY.finditer(marked_up)) > MAX_STRAY:
        raise Malformed("The feed is not XML.")


def _of_xml(document: FeedDocument) -> Iterator[dict[str, Any]]:
    _refuse_nonsense(document.content)
    headers = {"content-type": document.content_type or "application/xml"}
    if document.address:
        headers["content-location"] = document.address
    try:
        # As a stream: a string would be tried as a URL or file name first.
        parsed = feedparser.parse(io.BytesIO(document.content), response_headers=headers, sanitize_html=False)
    except Exception as error:
        raise Malformed(f"The feed cannot be read ({type(error).__name__}).") from error
    if not parsed.get("version") and not parsed.entries:
        raise Malformed("This is neither RSS nor Atom nor a JSON Feed.")
    entries = list(parsed.entries[:MAX_ENTRIES])
    if parsed.get("bozo") and entries and not _is_whole(document.content):
        entries.pop()  # truncated: half an entry would later be followed by what looks like an edit
    about = _feed_of(parsed.feed, document.address)
    for entry in entries:
        yield {"feed": about, "entry": _entry_of(entry)}


def _is_whole(content: bytes) -> bool:
    return any(end in content[-400:].lower() for end in _ENDS)


def _feed_of(feed: Mapping[str, Any], address: str) -> dict[str, Any]:
    own = next((link.get("href") for link in _dicts(feed.get("links")) if link.get("rel") == "self"), "")
    return _drop_empty(
        {
            "address": address,
            "self": web_address(text_of(own)),
            "title": html_to_text(text_of(feed.get("title"))),
            "link": web_address(text_of(feed.get("link"))),
            "language": text_of(feed.get("language"))[:20],
            "author": _person(feed),
        }
    )


def _entry_of(entry: dict[str, Any]) -> dict[str, Any]:
    html, plain = _content(entry)
    return _drop_empty(
        {
            "id": text_of(entry.get("id")),
            "link": _link(entry),
            "title": _title(entry),
            "html": html,
            "text": plain,
            "author": _person(entry),
            "published": dates.moment(entry.get("published_parsed"), text_of(entry.get("published")))
            or dates.moment(entry.get("created_parsed"), text_of(entry.get("created"))),
            # Not through the entry itself, which would warn and fall back to the publication date.
            "updated": dates.moment(dict.get(entry, "updated_parsed"), text_of(dict.get(entry, "updated"))),
            "language": _language(entry),
            "comments": web_address(text_of(entry.get("comments"))),
            "tags": [text_of(tag.get("term")) for tag in _dicts(entry.get("tags"))[:30] if text_of(tag.get("term"))],
            "enclosures": [_enclosure(e) for e in _dicts(entry.get("enclosures"))[:20] if text_of(e.get("href"))],
        }
    )  # fmt: skip


def _content(entry: Mapping[str, Any]) -> tuple[str, str]:
    """(HTML, plain text) of the fullest description; one of them is empty."""
    parts = [*_dicts(entry.get("content")), *_dicts([entry.get("summary_detail")])]
    best = max(parts, key=lambda part: len(text_of(part.get("value"))), default={})
    value = text_of(best.get("value"))[:MAX_HTML]
    return ("", value) if best.get("type") == "text/plain" and "</" not in value else (value, "")


def _title(entry: Mapping[str, Any]) -> str:
    """As plain text: Google Alerts wrap matched words in <b>, other feeds escape twice."""
    detail, title = entry.get("title_detail"), text_of(entry.get("title"))
    is_html = isinstance(detail, Mapping) and str(detail.get("type", "")).endswith("html")
    if not is_html and _ENTITY.search(title):
        title = unescaped(title)
    return " ".join((html_to_text(title) if is_html else title).split())[:500]


def _link(entry: Mapping[str, Any]) -> str:
    address = web_address(text_of(entry.get("link")))
    if address:
        return address
    links = [web_address(text_of(link.get("href"))) for link in _dicts(entry.get("links"))]
    return next((link for link in links if link), "")


def _person(of: Mapping[str, Any]) -> dict[str, str]:
    """Splits `name@host (Name)`, `Name <name@host>` and the like: feedparser only knows top-level domains of up to four
    letters."""
    detail, author = of.get("author_detail"), text_of(of.get("author"))
    known = detail if isinstance(detail, Mapping) else {}
    found = _EMAIL.search(author[:500])
    name = _EMAIL.sub(" ", author[:500]) if found else text_of(known.get("name")) or author
    person = {
        "name": " ".join(html_to_text(name).split()).strip("()<>\"', "),
        "email": found[0] if found else text_of(known.get("email")),
        "url": web_address(text_of(known.get("href"))),
    }
    return _drop_empty(person)


def _language(entry: Mapping[str, Any]) -> str:
    for part in (*_dicts(entry.get("content")), *_dicts([entry.get("summary_detail"), entry.get("title_detail")])):
        if text_of(part.get("language")):
            return text_of(part["language"])[:20]
    return ""


def _enclosure(enclosure: Mapping[str, Any]) -> dict[str, Any]:
    size = text_of(enclosure.get("length"))
    return {"url": web_address(text_of(enclosure.get("href"))), "type": text_of(enclosure.get("type")),
            "size": int(size) if size.isascii() and size.isdigit() else None}  # fmt: skip


# --- JSON Feed ----------------------------------------------------------------------------------------------------


def _of_json(document: FeedDocument) -> Iterator[dict[str, Any]]:
    try:
        body = decode_json(Raw(200, {"Content-Type": document.content_type}, document.content))
    except ValueError as error:
        raise Malformed(f"The feed is broken JSON ({error}).") from error
    items = object_of(body).get("items")
    if not isinstance(items, list) or "jsonfeed" not in str(body.get("version", "")).lower():
        raise Malformed("This is JSON but not a JSON Feed: the version or the items are missing.")
    base = document.address or text_of(body.get("feed_url")) or text_of(body.get("home_page_url"))
    about = _drop_empty(
        {
            "address": document.address,
            "self": web_address(text_of(body.get("feed_url"))),
            "title": text_of(body.get("title")),
            "link": _joined(base, body.get("home_page_url")),
            "language": text_of(body.get("language"))[:20],
            "author": _json_person(body, base),
        }
    )
    for item in items[:MAX_ENTRIES]:
        if isinstance(item, dict):
            yield {"feed": about, "entry": _json_entry(item, base)}


def _json_entry(item: Mapping[str, Any], base: str) -> dict[str, Any]:
    number, html = item.get("id"), text_of(item.get("content_html"))[:MAX_HTML]
    return _drop_empty(
        {
            "id": str(number) if isinstance(number, int | float) else text_of(number),
            "link": _joined(base, item.get("url")) or _joined(base, item.get("external_url")),
            "about": _joined(base, item.get("external_url")) if item.get("url") else "",
            "title": " ".join(unescaped(text_of(item.get("title"))).split())[:500],  # plain text by the specification
            "html": html,
            "text": "" if html else (text_of(item.get("content_text")) or text_of(item.get("summary")))[:MAX_HTML],
            "author": _json_person(item, base),
            "published": dates.moment(None, text_of(item.get("date_published"))),
            "updated": dates.moment(None, text_of(item.get("date_modified"))),
            "language": text_of(item.get("language"))[:20],
            "tags": [text_of(tag) for tag in list_of(item.get("tags"))[:30] if text_of(tag)],
            "enclosures": [
                {"url": _joined(base, a.get("url")), "type": text_of(a.get("mime_type")), "size": _size(a)}
                for a in _dicts(item.get("attachments"))[:20]
                if _joined(base, a.get("url"))
            ],
        }
    )


def _json_person(of: Mapping[str, Any], base: str) -> dict[str, str]:
    """`authors` since version 1.1, `author` before."""
    people = [*_dicts(of.get("authors")), *_dicts([of.get("author")])]
    first = people[0] if people else {}
    return _drop_empty({"name": text_of(first.get("name")), "url": _joined(base, first.get("url"))})


def _size(attachment: Mapping[str, Any]) -> int | None:
    size = attachment.get("size_in_bytes")
    return int(size) if isinstance(size, int | float) and not isinstance(size, bool) else None


def _joined(base: str, value: Json) -> str:
    try:
        return web_address(urljoin(base, text_of(value))) if text_of(value) else ""
    except ValueError:
        return ""


def _drop_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [part for part in list_of(value) if isinstance(part, Mapping)]
