"""Reads new posts: our own subreddits, mentions of our account, a site-wide search.

Listings return newest first, page by `after` (the fullname of the last thing), and show about the newest 1,000:
https://www.reddit.com/dev/api/#listings. Search: https://www.reddit.com/dev/api/#GET_search (posts only; no search
finds comments).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from channels.adapters.reddit import client, wire
from channels.adapters.reddit.parsing import subreddits
from channels.contract import Config, Item, Json, Page
from channels.errors import Malformed, Rejected
from channels.toolkit.backfill import Slice, newest_by_place
from channels.toolkit.list_sources import ListSource, backfill_start, read_lists
from channels.toolkit.search_words import quoted
from channels.toolkit.values import object_of, text_of, value_at

PER_PAGE = 100
PAGES_A_POLL = 10
"""The maximum length of a listing."""
OVERLAP_S = 3600
"""Also catches what moderators approve later, what the search indexes late, and edits of recent posts."""


@dataclass(frozen=True, slots=True)
class Listing:
    """`name` is its key in the cursor, `label` its name for admins."""

    name: str
    label: str
    path: str
    query: str | None = None


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    return read_lists(sources(config), cursor)


def sources(config: Config) -> list[ListSource]:
    """Raises Rejected if there is nothing to read."""
    since, found = backfill_start(config), _listings(config)
    if not found:
        raise Rejected("This connection has nothing to read. Enter a subreddit or a phrase, or switch on mentions.")
    return [
        newest_by_place(
            listing.name,
            partial(_ask, config, listing),
            since,
            overlap_s=OVERLAP_S,
            pages=PAGES_A_POLL,
            label=listing.label,
        )
        for listing in found
    ]


def _listings(config: Config) -> list[Listing]:
    found = []
    if config.setting("mentions", True):
        found.append(Listing("mentions", "Mentions of the account", "message/mentions"))
    for name in subreddits(config):
        found += [Listing(f"r/{name.lower()}/{kind}", f"r/{name}", f"r/{name}/{kind}") for kind in ("new", "comments")]
    for phrase in config.entries("phrases"):
        found.append(Listing(f"search:{phrase.lower()}", f"Search for “{phrase}”", "r/all/search", phrase))
    return found


def _ask(config: Config, listing: Listing, place: Json, since: int) -> Slice:
    params: dict[str, str | int] = {"limit": PER_PAGE}
    if listing.query is not None:
        # https://praw.readthedocs.io: r/all isn't a real subreddit, so the search isn't restricted to it.
        params |= {"q": quoted(listing.query), "sort": "new", "t": "all", "type": "link", "restrict_sr": "false"}
        params["include_over_18"] = "on"
    if isinstance(place, str):
        params["after"] = place
    answer = client.get(config, listing.path, params)
    times = _times(answer.body)
    things = [item for item in wire.split(answer.body, config, escaped=False) if not _is_old(item, since)]
    return Slice(things, times, text_of(value_at(answer.body, "data", "after")) or None, answer.quota())


def _is_old(item: Item, since: int) -> bool:
    at = item.payload["data"].get("created_utc")
    return isinstance(at, int | float) and at < since


def _times(body: Json) -> list[int]:
    """Times of the things, in order. Raises Malformed if this isn't a listing, Rejected if it lists subreddits: Reddit
    redirects there if a subreddit doesn't exist."""
    if not isinstance(body, dict) or body.get("kind") != "Listing":
        raise Malformed(wire.error_line(body) if isinstance(body, dict) else "Reddit returned no listing.")
    children = wire.children_of(body)
    if children and all(child.get("kind") == "t5" for child in children):
        raise Rejected("There is no such subreddit. Check its name.")
    times = [child["data"].get("created_utc") for child in children if isinstance(child.get("data"), dict)]
    return [int(t) for t in times if isinstance(t, int | float) and 0 < t < 1e11]


def check(config: Config) -> str:
    """Our identity, and which of the subreddits we can read."""
    name = object_of(client.get(config, "api/v1/me").body).get("name")
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
    found = len(sources(config))
    return f"Connected as u/{name}; {found} listing{'s' if found != 1 else ''} to read per poll."
