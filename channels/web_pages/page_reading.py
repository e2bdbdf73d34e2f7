"""Extracts a web page's title, author, text and time. Fetched through the guarded HTTP client, never executed.

Sources: Open Graph (https://ogp.me/), Twitter cards, schema.org's JSON-LD (https://schema.org/Article) and plain HTML,
whichever is present. All input is truncated before parsing, so a hostile page costs little time.

By hand: trafilatura 2.3 and extruct 0.18 were tried on the pages of our tests and on 120 pages of documentation.
trafilatura finds text outside of paragraphs, which this doesn't, but tells no title or author if a page has little text
(14 of 18 cases), knows the day and not the time, is 30 times slower, and takes 6 s for 200 KB of `<p>`. extruct raises
for broken JSON-LD, has no text, and brings twenty packages for what are thirty lines here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from django.core.cache import cache

from channels.contract import Json, Network
from channels.errors import RETRIED, ChannelError, Rejected
from channels.http import client
from channels.http.body import Raw
from channels.links.canonical_urls import canonical
from channels.links.web_addresses import is_web_address
from channels.registry.configs import network
from channels.secrets.vault import without_secrets
from channels.toolkit.text import clean, html_to_text, unescaped
from channels.web_pages.page_markup import Markup

MAX_BYTES = 3 * 1024 * 1024
MAX_LINE = 300
MAX_TEXT = 6_000
CACHE_TTL_S = 600
_MAX_DATA = 300_000
_CHARSET = re.compile(rb"""charset\s{0,5}=\s{0,5}["']?([\w-]{2,40})""", re.IGNORECASE)
_HANDLE = re.compile(r"@\w{1,50}\Z")
_SHORT = 80
"""Fewer letters than this in all paragraphs are a teaser; then the page's description is used."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page's data; "" for unknown fields. `posted_at` is ISO 8601, aware UTC."""

    url: str
    title: str = ""
    author: str = ""
    text: str = ""
    posted_at: str = ""
    language: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def read(way_out: Network, url: str) -> ReadPage:
    """Fetch and parse a page. Raises Rejected (not a web page, no such page), BlockedAddress, AuthFailed, Transient."""
    if not is_web_address(url):
        raise Rejected("This is not a web address. It should start with https://.")
    bounded = replace(way_out, max_bytes=min(way_out.max_bytes, MAX_BYTES))
    raw = client.get_bytes(bounded, url, headers={"Accept": "text/html, application/xhtml+xml, text/plain;q=0.5"})
    kind = raw.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind and not (kind.startswith("text/") or kind.endswith(("/xml", "+xml"))):
        raise Rejected(f"That address is not a web page but {kind[:60]}.")
    text = _decoded(raw)
    if kind == "text/plain":
        return ReadPage(url, text=_several(text))
    return parse(text, url)


def _decoded(raw: Raw) -> str:
    content_type = raw.headers.get("Content-Type", "").lower()
    server_charset = content_type.partition("charset=")[2].partition(";")[0].strip("\"' ")
    inside = _CHARSET.search(raw.content[:4096])
    for name in (server_charset, inside[1].decode("ascii") if inside else "", "utf-8"):
        try:
            return raw.content.decode(name, "replace") if name else raw.content.decode("utf-8")
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return raw.content.decode("utf-8", "replace")


def parse(source: str, url: str) -> ReadPage:
    """Parse a page's source. Pure; never fails."""
    page = Markup(source)
    metas, thing = _metas(page), _article(_linked_data(page))
    return ReadPage(
        url=_own_address(page, url),
        title=_first(
            metas.get("og:title"),
            metas.get("twitter:title"),
            thing.get("headline"),
            page.words("title"),
            page.words("h1"),
        ),
        author=_author(metas, thing),
        text=_text(page, metas, thing),
        posted_at=_time(page, metas, thing),
        language=_language(page, metas, thing),
    )


def read_into_cache(url: str, key: str) -> bool:
    """Cache {"page": {…}} or {"problem": message} under `key`; returns whether the page could be read."""
    try:
        result: dict[str, Json] = {"page": read(network(), url).as_json()}
    except ChannelError as error:
        # No automatic retry here, so the message must not promise one.
        result = {"problem": without_secrets(str(error)).removesuffix(f" {RETRIED}")}
    cache.set(key, result, CACHE_TTL_S)
    return "page" in result


# --- pieces -------------------------------------------------------------------------------------------------------


def _metas(page: Markup) -> dict[str, str]:
    """Name or property → content; the first of each wins."""
    found: dict[str, str] = {}
    for tag in page.tags("meta"):
        name = (tag.get("property") or tag.get("name") or tag.get("itemprop") or "").lower()
        if name and tag.get("content"):
            found.setdefault(name, tag["content"])
    return found


def _linked_data(page: Markup) -> Iterator[Mapping[str, Json]]:
    """All objects in the page's JSON-LD, flattened."""
    for attributes, inside in page.elements("script", 60):
        if "ld+json" in attributes.get("type", "").lower():
            try:
                document = json.loads(inside[:_MAX_DATA].strip())
            except (ValueError, RecursionError):
                continue
            yield from _objects(document)


def _objects(document: Json) -> Iterator[Mapping[str, Json]]:
    waiting, seen = [document], 0
    while waiting and seen < 200:
        each, seen = waiting.pop(0), seen + 1
        if isinstance(each, dict):
            yield each
            waiting += [each[name] for name in ("@graph", "mainEntity", "mainEntityOfPage") if name in each]
        elif isinstance(each, list):
            waiting += each[:50]


_KINDS = ("Article", "Posting", "Post", "Question", "Review", "Comment", "VideoObject", "WebPage", "CreativeWork")


def _article(objects: Iterable[Mapping[str, Json]]) -> Mapping[str, Json]:
    """The object that best describes the page's text: an article before a generic page."""
    ranked: list[tuple[int, int, Mapping[str, Json]]] = []
    for each in objects:
        kind = each.get("@type")
        words = " ".join(map(str, kind)) if isinstance(kind, list) else str(kind or "")
        rank = next((place for place, known in enumerate(_KINDS) if known in words), None)
        if rank is not None:
            ranked.append((rank, len(ranked), each))
    return min(ranked, key=lambda pair: pair[:2])[2] if ranked else {}


# --- fields -----------------------------------------------------------------------------------------


def _own_address(page: Markup, url: str) -> str:
    """The canonical link if it is on the same site, else `url`: a page can't claim to be another site's."""
    for tag in page.tags("link"):
        if "canonical" in tag.get("rel", "").lower().split() and tag.get("href"):
            try:
                target = urljoin(url, tag["href"].strip())
            except ValueError:
                return url
            here, there = (canonical(each).partition("/")[0] for each in (url, target))
            return target if there and here == there and len(target) <= 2_000 else url
    return url


def _author(metas: Mapping[str, str], thing: Mapping[str, Json]) -> str:
    json_ld_author = _name_of(thing.get("author"))
    named = [metas.get(name, "") for name in ("author", "article:author", "parsely-author", "dc.creator")]
    handle = metas.get("twitter:creator", "")
    names = (name for name in named if name and not is_web_address(name))
    return _first(json_ld_author, *names, handle if _HANDLE.match(handle) else "")


def _name_of(value: Json) -> str:
    if isinstance(value, list):
        return ", ".join(name for each in value[:3] if (name := _name_of(each)))
    if isinstance(value, dict):
        return str(value.get("name") or "") if isinstance(value.get("name"), str) else ""
    return value if isinstance(value, str) and not is_web_address(value) else ""


def _text(page: Markup, metas: Mapping[str, str], thing: Mapping[str, Json]) -> str:
    whole = next((thing[n] for n in ("articleBody", "text", "reviewBody") if isinstance(thing.get(n), str)), "")
    if len(whole.strip()) >= _SHORT:
        return _several(html_to_text(whole[: MAX_TEXT * 4]) if "<" in whole else whole)
    found = ""
    for name in ("article", "main", "body"):
        pieces = (Markup(inside).paragraphs(MAX_TEXT) for _, inside in page.elements(name))
        found = max(pieces, key=len, default="") or found
        if len(found) >= _SHORT:
            return _several(found)
    described = (metas.get("og:description"), metas.get("twitter:description"), metas.get("description"))
    return _several(next((each for each in described if each and each.strip()), "") or found)


def _time(page: Markup, metas: Mapping[str, str], thing: Mapping[str, Json]) -> str:
    times = (tag.get("datetime", "") for tag in page.tags("time", 20))
    named = ("article:published_time", "og:published_time", "datepublished", "date", "dc.date", "parsely-pub-date")
    for value in (*(metas.get(name) for name in named), thing.get("datePublished"), thing.get("uploadDate"), *times):
        if isinstance(value, str) and (at := _moment(value)):
            return at
    return ""


def _moment(value: str) -> str:
    try:
        at = datetime.fromisoformat(value.strip()[:40])
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return at.isoformat() if 1990 <= at.year < 2200 else ""


def _language(page: Markup, metas: Mapping[str, str], thing: Mapping[str, Json]) -> str:
    json_ld_lang = thing.get("inLanguage")
    tag: dict[str, Any] = next(page.tags("html", 1), {})
    for value in (tag.get("lang"), json_ld_lang if isinstance(json_ld_lang, str) else "", metas.get("og:locale")):
        code = str(value or "").replace("_", "-").partition("-")[0].strip().lower()
        if 2 <= len(code) <= 3 and code.isascii() and code.isalpha():
            return code
    return ""


def _first(*values: Json) -> str:
    for value in values:
        if isinstance(value, str) and (line := " ".join(clean(unescaped(value)).split())):
            return line[:MAX_LINE]
    return ""


def _several(text: str) -> str:
    lines = (" ".join(line.split()) for line in clean(text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:MAX_TEXT]
