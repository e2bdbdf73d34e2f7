"""Reads new posts: notifications that address us, a search, hashtags.

All return newest first and page below an id (`max_id`): https://docs.joinmastodon.org/api/guidelines/#pagination,
…/methods/notifications/#get, …/methods/search/#v2, …/methods/timelines/#tag. An instance without full-text search
answers every status search with an empty list; then only notifications and hashtags find anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.adapters.mastodon import client, threads, wire
from channels.adapters.mastodon.parsing import hashtags, names, parse, time_of
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import Malformed, Transient
from channels.http.client import Answer
from channels.toolkit.backfill import Descent, Slice, descend, descent_from
from channels.toolkit.partial_failures import Parts

PER_PAGE = 40
PAGES_A_POLL = 20
OVERLAP_S = 3600
"""Posts from other instances arrive late and are sorted by creation time; and recent posts still get edited."""
BACKFILL_DAYS = 14
_NEXT = re.compile(r"<([^>]+)>;\s*rel=\"?next\"?")


@dataclass(frozen=True, slots=True)
class Source:
    """One list. `name` is its key in the cursor."""

    name: str
    path: str
    params: Mapping[str, str | int]


def sources(config: Config) -> list[Source]:
    types = "&".join(f"types[]={kind}" for kind in wire.TALK)
    found = [Source("notifications", f"api/v1/notifications?{types}", {"limit": PER_PAGE})]
    for phrase in names(config, "phrases"):
        quoted = '"' + phrase.replace('"', " ").strip() + '"'
        params: dict[str, str | int] = {"q": quoted, "type": "statuses", "resolve": "false", "limit": PER_PAGE}
        found.append(Source(f"search:{phrase.lower()}", "api/v2/search", params))
    for tag in hashtags(config):
        path = f"api/v1/timelines/tag/{client.segment(tag)}"
        found.append(Source(f"#{tag}", path, {"limit": PER_PAGE}))
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
    """`sources`: name → how far it was read. `roots`: post → first post of its conversation, newest last. `parts`:
    state of `channels.toolkit.partial_failures`."""
    known = cursor if isinstance(cursor, dict) else {}
    read, roots = known.get("sources"), known.get("roots")
    return {
        "sources": dict(read) if isinstance(read, dict) else {},
        "roots": dict(roots) if isinstance(roots, dict) else {},
        "parts": known.get("parts"),
    }


def _pages(config: Config, source: Source, state: dict[str, Any]) -> Iterator[Page]:
    stored = state["sources"].get(source.name)
    since = _since(config, stored)
    for part, reached in _read(config, source, descent_from(stored, since)):
        items = _items(config, part.answer.body, since)
        items = threads.rooted(config, items, state["roots"])
        state["sources"][source.name] = {**reached.to_json(), "since": since}
        left, resets_at = client.quota_of(part.answer, desk_now())
        cursor = {**state, "sources": dict(state["sources"]), "roots": dict(state["roots"])}
        yield Page(items, cursor, left, resets_at)


def _since(config: Config, stored: Json) -> int:
    """Posts older than this (epoch seconds) are ignored: how far back the list was read when it was new."""
    since = stored.get("since") if isinstance(stored, dict) else None
    return since if isinstance(since, int) else int(desk_now().timestamp()) - 86_400 * backfill_days(config)


def backfill_days(config: Config) -> int:
    try:
        return max(1, min(365, int(config.setting("backfill_days", BACKFILL_DAYS))))
    except (TypeError, ValueError):
        return BACKFILL_DAYS


def _read(config: Config, source: Source, stored: Descent) -> Iterator[tuple[Slice[Answer], Descent]]:
    def ask(place: Json) -> Slice[Answer]:
        path, params = source.path, dict(source.params)
        if isinstance(place, str):
            params["max_id"] = place
        answer = client.get(config, path, params)
        entries = _entries(answer.body)
        return Slice(answer, _times(entries), _place(answer, entries))

    return descend(ask, stored, overlap_s=OVERLAP_S, pages=PAGES_A_POLL)


def _entries(body: Json) -> list[dict[str, Any]]:
    """Statuses or notifications as returned. Raises Transient for anything else: some instances answer that way while
    restarting."""
    found = body.get("statuses") if isinstance(body, dict) else body
    if not isinstance(found, list):
        raise Transient("The instance answered without a list of posts. The desk retries automatically.")
    return [entry for entry in found if isinstance(entry, dict)]


def _times(entries: list[dict[str, Any]]) -> list[int]:
    return [int(at.timestamp()) for at in (time_of(entry.get("created_at")) for entry in entries) if at is not None]


def _place(answer: Answer, entries: list[dict[str, Any]]) -> str | None:
    """The id below which the list continues: from the Link header, or for a search, which has none, the last one
    shown."""
    if not isinstance(answer.body, list):
        return wire.identity(entries[-1].get("id")) if entries else None
    following = _NEXT.search(answer.headers.get("Link") or "")
    if following is None:
        return None
    try:
        return next(iter(parse_qs(urlsplit(following[1]).query).get("max_id", ())), None)
    except ValueError:
        return None


def _items(config: Config, body: Json, since: int) -> list[Item]:
    """Drops near-matches of a phrase (stored, they would mask the same post arriving with a thread), private posts, and
    posts from before the connection's start."""
    return [item for item in wire.split(body, config) if _is_due(config, item, since)]


def _is_due(config: Config, item: Item, since: int) -> bool:
    try:
        mention = parse(item, config)
    except Malformed:
        return True  # stored, and shown as failed
    return mention is not None and (mention.posted_at is None or mention.posted_at.timestamp() >= since)


def check(config: Config) -> str:
    """Whose token it is, and what will be read."""
    me = client.get(config, "api/v1/accounts/verify_credentials").body
    acct = me.get("acct") if isinstance(me, dict) else None
    if not isinstance(acct, str) or not acct:
        raise Transient("Mastodon does not say which account this is. The desk retries automatically.")
    found = len(sources(config))
    return f"Connected as @{acct} on {client.site(config)}; {found} list{'s' if found != 1 else ''} to read per poll."
