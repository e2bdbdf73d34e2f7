"""Reads the feeds in turn, using conditional requests.

Conditional requests: RFC 9110, 13.1 (`If-None-Match`, `If-Modified-Since`, 304). Each feed's validators are kept in the
cursor, in the same transaction as its entries. Each feed is on its own server, so a failing feed doesn't block the
others, and a feed that asks for a pause is skipped until it ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from channels.adapters.feed import wire
from channels.adapters.feed.discovery import feeds_of
from channels.adapters.feed.documents import FeedDocument, is_web_page
from channels.adapters.feed.parsing import parse
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import Malformed, RateLimited, Rejected, Transient
from channels.http.body import Raw
from channels.http.client import get_bytes
from channels.http.errors import MAX_WAIT_S
from channels.toolkit.list_sources import ListSource, Read, backfill_start, chosen, read_lists
from channels.toolkit.partial_failures import Parts
from channels.toolkit.screening import wanted

MAX_BYTES = 5 * 1024 * 1024
PER_PAGE = 100
PAUSE_S = 900
"""For a feed that rate-limits us without saying how long to wait."""
AHEAD = timedelta(days=1)
"""A date further ahead than this is an error in the feed; the time of reading is better."""
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """`query` in the cursor identifies the phrases: if they change, entries skipped earlier may match."""
    known, query = dict(cursor) if isinstance(cursor, dict) else {}, _query_mark(config)
    if known.get("query") != query:
        kept = known.get("feeds") or {}
        known["feeds"] = {feed: _without(mark, "etag", "modified") for feed, mark in kept.items()}
    return read_lists(sources(config), known, under="feeds", beside=lambda: {"query": query}, apart=True)


def _without(mark: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in mark.items() if name not in names}


def sources(config: Config) -> list[ListSource]:
    feeds, start = feeds_wanted(config), {"seen": int(desk_now().timestamp())}
    label = "" if len(feeds) == 1 else None
    return [ListSource(address, partial(_read, config, address), start, label) for address in feeds]


def _read(config: Config, address: str, mark: Json) -> Iterator[Read]:
    """In the mark, `seen` is when the feed was last read, so entries published during an outage aren't too old once
    the feed is back."""
    now = desk_now()
    known = {"seen": int(now.timestamp()), **(mark or {})}
    _obey(address, known)
    try:
        yield from _changes(config, address, known, now)
    except RateLimited as error:
        yield Read([], {**known, "rest_until": _rest_until(error)})
        raise


def _obey(address: str, known: Mapping[str, Any]) -> None:
    """Raises RateLimited while a pause requested by the feed lasts."""
    rest_until = known.get("rest_until", 0)
    if rest_until > desk_now().timestamp():
        until = datetime.fromtimestamp(rest_until, UTC)
        raise RateLimited(f"{address} asks for a pause until {until:%Y-%m-%d %H:%M} UTC.", until=until)


def _rest_until(error: RateLimited) -> float:
    pause_end_s = error.until.timestamp() if error.until else desk_now().timestamp() + (error.retry_after_s or PAUSE_S)
    return min(pause_end_s, desk_now().timestamp() + MAX_WAIT_S)


def feeds_wanted(config: Config) -> list[str]:
    feeds = dict.fromkeys(config.entries("feeds"))
    return chosen(feeds, "This connection has no feeds to read. Enter at least one address.")


def _query_mark(config: Config) -> str:
    wanted = "\n".join(sorted(phrase.lower() for phrase in config.entries("phrases")))
    return hashlib.blake2b(wanted.encode(), digest_size=6).hexdigest()


def _changes(config: Config, address: str, known: Mapping[str, Any], now: datetime) -> Iterator[Read]:
    """Entries page by page; the validators are stored only with the last page, so a crash before that requests the
    whole feed again."""
    raw = ask(config, address, known)
    if raw.status == 304:
        yield Read([], {**known, "seen": int(now.timestamp())})
        return
    seen = datetime.fromtimestamp(min(known["seen"], now.timestamp()), UTC)
    since = seen - (now - datetime.fromtimestamp(backfill_start(config), UTC))
    items = wanted((e for e in _entries(config, address, raw, now) if _is_young(e, since)), parse, config)
    for at in range(PER_PAGE, len(items), PER_PAGE):
        yield Read(items[at - PER_PAGE : at], dict(known))
    version = {"etag": raw.headers.get("ETag"), "modified": raw.headers.get("Last-Modified")}
    last = items[(len(items) - 1) // PER_PAGE * PER_PAGE :] if items else []
    validators = {name: value[:500] for name, value in version.items() if value}
    yield Read(last, {"seen": int(now.timestamp()), **validators})


def ask(config: Config, address: str, known: Mapping[str, Any]) -> Raw:
    headers = {"Accept": ACCEPT}
    for name, header in (("etag", "If-None-Match"), ("modified", "If-Modified-Since")):
        if isinstance(known.get(name), str):
            headers[header] = known[name]
    network = replace(config.network, max_bytes=min(MAX_BYTES, config.network.max_bytes))
    return get_bytes(network, address, headers=headers)


def _entries(config: Config, address: str, raw: Raw, now: datetime) -> list[Item]:
    """Raises Rejected for a page that links to its feed, Transient for anything else that isn't a feed (yet)."""
    try:
        items = wire.split(FeedDocument(raw.content, address, raw.headers.get("Content-Type", "")), config)
    except Malformed as error:
        if is_web_page(raw.content) and (found := feeds_of(raw.content, address)):
            named = f"{address} is a web page, not a feed. Enter its feed's address instead: {found[0]}."
            raise Rejected(named) from error
        raise Transient(f"{address}: {error} The desk retries automatically.") from error
    return [_without_future(item, now) for item in items]


def _without_future(item: Item, now: datetime) -> Item:
    entry = dict(item.payload["entry"])
    for name in ("published", "updated"):
        if entry.get(name) and datetime.fromisoformat(entry[name]) > now + AHEAD:
            del entry[name]
    return replace(item, payload={**item.payload, "entry": entry})


def _is_young(item: Item, since: datetime) -> bool:
    """Feeds show years of old entries when first read. Undated entries are accepted."""
    entry = item.payload["entry"]
    dates = [datetime.fromisoformat(entry[name]) for name in ("published", "updated") if entry.get(name)]
    return not dates or max(dates) >= since


def check(config: Config) -> str:
    """Reads every feed once."""
    feeds, entries = feeds_wanted(config), 0
    parts = Parts(feeds, apart=True)
    for address in parts:
        with parts.reading(address, ""):
            entries += len(_entries(config, address, ask(config, address, {}), desk_now()))
    parts.require_all()
    return f"Connected: {len(feeds)} feeds with {entries} entries."
