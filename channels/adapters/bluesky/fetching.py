"""Reads new posts: notifications that address us, and a search. Both return newest first.

https://docs.bsky.app/docs/api/app-bsky-notification-list-notifications, …/app-bsky-feed-search-posts (sorted by
`sortAt`, the earlier of `createdAt` and `indexedAt`; a deep cursor may be refused).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from channels.adapters.bluesky import client, wire
from channels.adapters.bluesky.parsing import parse, phrases_of, time_of, written_at
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import Malformed, Rejected, Transient
from channels.http.client import Answer
from channels.toolkit.backfill import Descent, Slice, descend, descent_from
from channels.toolkit.partial_failures import Parts

PER_PAGE = 100
PAGES_A_POLL = 20
OVERLAP_S = 3600
"""Posts that are indexed late, or written before they were sent, sort below the newest one."""
BACKFILL_DAYS = 14


@dataclass(frozen=True, slots=True)
class Source:
    """One list. `name` is its key in the cursor, `entries` the key of the list in the answer."""

    name: str
    method: str
    entries: str
    phrase: str | None = None


def sources(config: Config) -> list[Source]:
    found = [Source("notifications", "app.bsky.notification.listNotifications", "notifications")]
    for phrase in phrases_of(config):
        found.append(Source(f"search:{phrase.lower()}", "app.bsky.feed.searchPosts", "posts", phrase))
    return found


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Pages of each list in turn. A failing list doesn't block the others. An interrupted poll resumes with the list it
    didn't finish."""
    state, wanted = _state(cursor), {source.name: source for source in sources(config)}
    for name in wanted:
        state["sources"].setdefault(name, {"since": _since(config, None)})
    parts = Parts(wanted, state["parts"])
    left: int | None = None
    for name in parts:
        state["parts"] = parts.to_json()
        with parts.reading(name):
            for page in _pages(config, wanted[name], state):
                yield page
                left = page.quota_left
                if left == 0:
                    break
        if left == 0:
            break
    yield from parts.end({**state, "parts": parts.to_json()})


def _state(cursor: Json) -> dict[str, Any]:
    """`sources`: name → how far it was read. `parts`: state of `channels.toolkit.partial_failures`."""
    known = cursor if isinstance(cursor, dict) else {}
    read = known.get("sources")
    return {"sources": dict(read) if isinstance(read, dict) else {}, "parts": known.get("parts")}


def _pages(config: Config, source: Source, state: dict[str, Any]) -> Iterator[Page]:
    stored = state["sources"].get(source.name)
    since = _since(config, stored)
    for part, reached in _read(config, source, descent_from(stored, since), since):
        items = _items(config, part.answer.body, since)
        state["sources"][source.name] = {**reached.to_json(), "since": since}
        left, resets_at = client.quota_of(part.answer, desk_now())
        yield Page(items, {**state, "sources": dict(state["sources"])}, left, resets_at)


def _since(config: Config, stored: Json) -> int:
    """Posts older than this (epoch seconds) are ignored: how far back the list was read when it was new."""
    since = stored.get("since") if isinstance(stored, dict) else None
    return since if isinstance(since, int) else int(desk_now().timestamp()) - 86_400 * backfill_days(config)


def backfill_days(config: Config) -> int:
    try:
        return max(1, min(365, int(config.setting("backfill_days", BACKFILL_DAYS))))
    except (TypeError, ValueError):
        return BACKFILL_DAYS


def _read(config: Config, source: Source, stored: Descent, since: int) -> Iterator[tuple[Slice[Answer], Descent]]:
    pairs = _question(source, since)

    def ask(place: Json) -> Slice[Answer]:
        below: list[tuple[str, str | int]] = [("cursor", place)] if isinstance(place, str) else []
        try:
            answer = client.get(config, source.method, [*pairs, *below])
        except Rejected:
            if not below:
                raise
            # A refused cursor (too deep, too old) is a dead end: treat the list as finished.
            return Slice(Answer(200, {}, {source.entries: []}), [], None)
        entries = _entries(answer.body, source)
        following = answer.body.get("cursor")
        return Slice(answer, _times(entries, source), following if isinstance(following, str) and following else None)

    return descend(ask, stored, overlap_s=OVERLAP_S, pages=PAGES_A_POLL)


def _question(source: Source, since: int) -> list[tuple[str, str | int]]:
    if source.phrase is None:
        return [("limit", PER_PAGE), *(("reasons", reason) for reason in wire.TALK)]
    quoted = '"' + source.phrase.replace('"', " ").strip() + '"'
    start = datetime.fromtimestamp(since, UTC).isoformat().replace("+00:00", "Z")
    return [("q", quoted), ("sort", "latest"), ("since", start), ("limit", PER_PAGE)]


def _entries(body: dict[str, Any], source: Source) -> list[dict[str, Any]]:
    found = body.get(source.entries)
    if not isinstance(found, list):
        raise Transient("Bluesky answered without a list of posts. The desk retries automatically.")
    return [entry for entry in found if isinstance(entry, dict)]


def _times(entries: list[dict[str, Any]], source: Source) -> list[int]:
    """The times each list is sorted by."""
    found = [written_at(e) if source.phrase is not None else time_of(e.get("indexedAt")) for e in entries]
    return [int(at.timestamp()) for at in found if at is not None]


def _items(config: Config, body: Json, since: int) -> list[Item]:
    """Drops near-matches of a phrase (stored, they would mask the same post arriving with a thread), and posts from
    before the connection's start."""
    return [item for item in wire.split(body, config) if _is_due(config, item, since)]


def _is_due(config: Config, item: Item, since: int) -> bool:
    try:
        mention = parse(item, config)
    except Malformed:
        return True  # stored, and shown as failed
    return mention is not None and (mention.posted_at is None or mention.posted_at.timestamp() >= since)


def check(config: Config) -> str:
    """Whose session it is, and what will be read. https://docs.bsky.app/docs/api/com-atproto-server-get-session"""
    me = client.get(config, "com.atproto.server.getSession").body
    if not isinstance(me.get("handle"), str) or not me["handle"]:
        raise Transient("Bluesky does not say which account this is. The desk retries automatically.")
    found = len(sources(config))
    return f"Connected as @{me['handle']}; {found} list{'s' if found != 1 else ''} to read per poll."
