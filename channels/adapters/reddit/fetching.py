"""Reads what is new: our own subreddits, mentions of our account, a search over everything.

Listings answer newest first and are paged by `after`, the fullname of the last thing; each shows about its newest
1,000: https://www.reddit.com/dev/api/#listings. Search: https://www.reddit.com/dev/api/#GET_search (posts only; no
search finds comments).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from channels.adapters.reddit import client, wire
from channels.adapters.reddit.parsing import names, parse, subreddits
from channels.contract import Config, Item, Json, Page
from channels.descent import Descent, Slice, descend, descent_from
from channels.errors import ChannelError, Malformed, RateLimited, Rejected, Transient
from channels.http import Answer

PER_PAGE = 100
PAGES_A_POLL = 10
"""A listing holds no more than that."""
FAILURES_A_POLL = 3
"""So many sources may be out of order before the poll is given up: each may have cost the time of a timeout."""
OVERLAP_S = 3600
"""What moderators let through later and what the search finds late is read all the same; and so are young edits."""
BACKFILL_DAYS = 14


@dataclass(frozen=True, slots=True)
class Source:
    """One listing; `name` is its key in the cursor."""

    name: str
    path: str
    query: str | None = None


def sources(config: Config) -> list[Source]:
    """Raises Rejected where there is nothing to read."""
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
    """Pages of every source in turn. One that is closed to us or out of order does not keep the others from being
    read. A poll that is cut short (by the quota, by the bounds of a run) begins the next time where it ended."""
    state = _state(cursor)
    last: Page | None = None
    refused: list[str] = []
    failed: list[ChannelError] = []
    in_turn = _from(sources(config), state["turn"])
    for source in in_turn:
        state["turn"] = source.name if source is not in_turn[-1] else ""
        try:
            for page in _pages(config, source, state):
                last = page
                yield page
                if page.quota_left == 0:
                    return
        except Rejected as error:
            refused.append(f"{_shown(source)}: {error}")
        except RateLimited:
            raise
        except (Transient, Malformed) as error:
            failed.append(error)
            if len(failed) == FAILURES_A_POLL:
                break
    if failed:
        raise failed[0]
    if refused and last is None:
        raise Rejected(_once(refused))
    if refused and last is not None:
        yield replace(last, items=(), trouble=_once(refused))


def _state(cursor: Json) -> dict[str, Any]:
    """`sources`: name → how far it was read. `turn`: the one with which to begin, "" where all have had theirs."""
    known = cursor if isinstance(cursor, dict) else {}
    read = known.get("sources")
    return {"sources": dict(read) if isinstance(read, dict) else {}, "turn": str(known.get("turn") or "")}


def _from(found: list[Source], turn: str) -> list[Source]:
    """In a round that begins with the one whose turn it is."""
    start = next((at for at, source in enumerate(found) if source.name == turn), 0)
    return found[start:] + found[:start]


def _pages(config: Config, source: Source, state: dict[str, Any]) -> Iterator[Page]:
    stored = state["sources"].get(source.name)
    since = _since(config, stored)
    for part, reached in _read(config, source, descent_from(stored, since)):
        state["sources"][source.name] = {**reached.to_json(), "since": since}
        left, resets_at = client.quota_of(part.answer)
        yield Page(_items(config, part.answer, since), {**state, "sources": dict(state["sources"])}, left, resets_at)


def _once(lines: list[str]) -> str:
    return " ".join(dict.fromkeys(lines))


def _since(config: Config, stored: Json) -> int:
    """What is older (epoch seconds) does not interest: so far back this source looked when it was new."""
    since = stored.get("since") if isinstance(stored, dict) else None
    return since if isinstance(since, int) else int(time.time()) - 86_400 * backfill_days(config)


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
            # https://praw.readthedocs.io: r/all is no subreddit, so the search is not restricted to it.
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
    """Of the things as they stand. Raises Malformed where this is no listing, Rejected where it lists subreddits:
    that is where a name leads that there is none of."""
    if not isinstance(body, dict) or body.get("kind") != "Listing":
        raise Malformed(wire.error_line(body) if isinstance(body, dict) else "Reddit answered without a listing.")
    children = wire.children_of(body)
    if children and all(child.get("kind") == "t5" for child in children):
        raise Rejected("There is no such subreddit. Correct its name.")
    times = [child["data"].get("created_utc") for child in children if isinstance(child.get("data"), dict)]
    return [int(t) for t in times if isinstance(t, int | float) and 0 < t < 1e11]


def _items(config: Config, answer: Answer, since: int) -> list[Item]:
    """Without what only resembles a phrase (stored, it would hide the same post when a thread brings it), and without
    what was said before the connection began to look."""
    return [item for item in wire.split(answer.body, escaped=False) if _is_due(config, item, since)]


def _is_due(config: Config, item: Item, since: int) -> bool:
    at = item.payload["data"].get("created_utc")
    if isinstance(at, int | float) and at < since:
        return False
    try:
        return parse(item, config) is not None
    except Malformed:
        return True  # stored as it is, and shown as failed


def check(config: Config) -> str:
    """Who we are, and which of the subreddits we may read."""
    me = client.get(config, "api/v1/me").body
    name = me.get("name") if isinstance(me, dict) else None
    if not isinstance(name, str) or not name:
        raise Malformed("Reddit does not say whose account this is.")
    closed = []
    for place in subreddits(config):
        try:
            client.get(config, f"r/{place}/about")
        except Rejected as error:
            closed.append(f"r/{place}: {error}")
    if closed:
        raise Rejected(f"The account u/{name} is fine, but: {' '.join(closed)}")
    return f"Works: reads as u/{name}; {_count(sources(config))}."


def _count(found: list[Source]) -> str:
    return f"{len(found)} listing{'s' if len(found) != 1 else ''} to read at every poll"
