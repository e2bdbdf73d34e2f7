"""Reads new posts: our own subreddits, mentions of our account, a site-wide search.

Listings return newest first, page by `after` (the fullname of the last thing), and show about the newest 1,000:
https://www.reddit.com/dev/api/#listings. Search: https://www.reddit.com/dev/api/#GET_search (posts only; no search
finds comments).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from channels.adapters.reddit import client, wire
from channels.adapters.reddit.parsing import names, parse, subreddits
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import Malformed, Rejected
from channels.http.client import Answer
from channels.toolkit.backfill import Descent, Slice, descend, descent_from
from channels.toolkit.partial_failures import Parts

PER_PAGE = 100
PAGES_A_POLL = 10
"""A listing holds no more than that."""
OVERLAP_S = 3600
"""Also catches what moderators approve later, what the search indexes late, and edits of recent posts."""
BACKFILL_DAYS = 14


@dataclass(frozen=True, slots=True)
class Source:
    """One listing. `name` is its key in the cursor."""

    name: str
    path: str
    query: str | None = None


def sources(config: Config) -> list[Source]:
    """Raises Rejected if there is nothing to read."""
    found = [Source("mentions", "message/mentions")] if config.setting("mentions", True) else []
    for name in subreddits(config):
        found += [
            Source(f"r/{name.lower()}/new", f"r/{name}/new"),
            Source(f"r/{name.lower()}/comments", f"r/{name}/comments"),
        ]
    found += [Source(f"search:{phrase.lower()}", "r/all/search", phrase) for phrase in names(config, "phrases")]
    if not found:
        raise Rejected("This connection has nothing to read. Enter a subreddit or a phrase, or switch on mentions.")
    return found


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Pages of each source in turn. An interrupted poll (quota, bounds of a run) resumes where it ended."""
    kept = cursor if isinstance(cursor, dict) else {}
    stored = kept.get("sources")
    marks: dict[str, Json] = dict(stored) if isinstance(stored, dict) else {}
    by_name = {source.name: source for source in sources(config)}
    parts = Parts(by_name, kept.get("parts"))

    def reached() -> dict[str, Json]:
        return {"sources": dict(marks), "parts": parts.to_json()}

    for name in parts:
        source = by_name[name]
        with parts.reading(name, _shown(source)):
            since = _since(config, marks.get(name))
            for part, mark in _read(config, source, descent_from(marks.get(name), since)):
                marks[name] = {**mark.to_json(), "since": since}
                left, resets_at = client.quota_of(part.answer)
                yield Page(_items(config, part.answer, since), reached(), left, resets_at)
                if left == 0:
                    return
    yield from parts.end(reached())


def _since(config: Config, stored: Json) -> int:
    """Things older than this (epoch seconds) are ignored: how far back the source was read when it was new."""
    since = stored.get("since") if isinstance(stored, dict) else None
    return since if isinstance(since, int) else int(desk_now().timestamp()) - 86_400 * backfill_days(config)


def _shown(source: Source) -> str:
    if source.query is not None:
        return f"Search for “{source.query}”"
    return source.path.rpartition("/")[0] if source.path.startswith("r/") else "Mentions of the account"


def backfill_days(config: Config) -> int:
    try:
        return max(1, min(365, int(config.setting("backfill_days", BACKFILL_DAYS))))
    except (TypeError, ValueError):
        return BACKFILL_DAYS


def _read(config: Config, source: Source, stored: Descent) -> Iterator[tuple[Slice[Answer], Descent]]:
    def ask(place: Json) -> Slice[Answer]:
        params: dict[str, str | int] = {"limit": PER_PAGE}
        if source.query is not None:
            # https://praw.readthedocs.io: r/all isn't a real subreddit, so the search isn't restricted to it.
            phrase = source.query.replace('"', " ").strip()
            params |= {"q": f'"{phrase}"', "sort": "new", "t": "all", "type": "link", "restrict_sr": "false"}
            params["include_over_18"] = "on"
        if isinstance(place, str):
            params["after"] = place
        answer = client.get(config, source.path, params)
        return Slice(answer, _times(answer.body), _after(answer.body))

    return descend(ask, stored, overlap_s=OVERLAP_S, pages=PAGES_A_POLL)


def _after(body: Json) -> str | None:
    data = body.get("data") if isinstance(body, dict) else None
    after = data.get("after") if isinstance(data, dict) else None
    return after if isinstance(after, str) and after else None


def _times(body: Json) -> list[int]:
    """Times of the things, in order. Raises Malformed if this isn't a listing, Rejected if it lists subreddits: Reddit
    redirects there if a subreddit doesn't exist."""
    if not isinstance(body, dict) or body.get("kind") != "Listing":
        raise Malformed(wire.error_line(body) if isinstance(body, dict) else "Reddit answered without a listing.")
    children = wire.children_of(body)
    if children and all(child.get("kind") == "t5" for child in children):
        raise Rejected("There is no such subreddit. Check its name.")
    times = [child["data"].get("created_utc") for child in children if isinstance(child.get("data"), dict)]
    return [int(t) for t in times if isinstance(t, int | float) and 0 < t < 1e11]


def _items(config: Config, answer: Answer, since: int) -> list[Item]:
    """Drops near-matches of a phrase (stored, they would mask the same post arriving with a thread), and things from
    before the connection's start."""
    return [item for item in wire.split(answer.body, config, escaped=False) if _is_due(config, item, since)]


def _is_due(config: Config, item: Item, since: int) -> bool:
    at = item.payload["data"].get("created_utc")
    if isinstance(at, int | float) and at < since:
        return False
    try:
        return parse(item, config) is not None
    except Malformed:
        return True  # stored, and shown as failed


def check(config: Config) -> str:
    """Our identity, and which of the subreddits we can read."""
    me = client.get(config, "api/v1/me").body
    name = me.get("name") if isinstance(me, dict) else None
    if not isinstance(name, str) or not name:
        raise Malformed("Reddit does not say which account this is.")
    closed = []
    for place in subreddits(config):
        try:
            client.get(config, f"r/{place}/about")
        except Rejected as error:
            closed.append(f"r/{place}: {error}")
    if closed:
        raise Rejected(f"The account u/{name} is fine, but: {' '.join(closed)}")
    return f"Connected as u/{name}; {_count(sources(config))}."


def _count(found: list[Source]) -> str:
    return f"{len(found)} listing{'s' if len(found) != 1 else ''} to read per poll"
