"""Reads new posts: notifications that address us, a search, hashtags.

All return newest first and page below an id (`max_id`): https://docs.joinmastodon.org/api/guidelines/#pagination,
…/methods/notifications/#get, …/methods/search/#v2, …/methods/timelines/#tag. An instance without full-text search
answers every status search with an empty list; then only notifications and hashtags find anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from channels.adapters.mastodon import client, threads, wire
from channels.adapters.mastodon.parsing import hashtags
from channels.contract import Config, Item, Json, Page
from channels.errors import RETRIED, Transient
from channels.http.api_client import segment
from channels.http.client import Answer
from channels.http.next_page import linked
from channels.toolkit.backfill import Slice, newest_by_place
from channels.toolkit.list_sources import ListSource, backfill_start, read_lists
from channels.toolkit.search_words import quoted
from channels.toolkit.values import object_of, objects_in, seconds_in, time_of, value_at

PER_PAGE = 40
PAGES_A_POLL = 20
OVERLAP_S = 3600
"""Posts from other instances arrive late and are sorted by creation time; and recent posts still get edited."""
Question = tuple[str, Mapping[str, str | int]]
"""Path and parameters."""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """The cursor also holds `roots`: post → first post of its conversation, newest last."""
    roots: dict[str, Any] = dict(object_of(value_at(cursor, "roots")))
    return read_lists(sources(config, roots), cursor, beside=lambda: {"roots": dict(roots)})


def sources(config: Config, roots: dict[str, Any] | None = None) -> list[ListSource]:
    since, roots = backfill_start(config), {} if roots is None else roots
    return [
        newest_by_place(name, partial(_ask, config, question, roots), since, overlap_s=OVERLAP_S, pages=PAGES_A_POLL)
        for name, question in _questions(config).items()
    ]


def _questions(config: Config) -> dict[str, Question]:
    types = "&".join(f"types[]={kind}" for kind in wire.TALK)
    found: dict[str, Question] = {"notifications": (f"api/v1/notifications?{types}", {"limit": PER_PAGE})}
    for phrase in config.entries("phrases"):
        params: dict[str, str | int] = {"q": quoted(phrase), "type": "statuses", "resolve": "false", "limit": PER_PAGE}
        found[f"search:{phrase.lower()}"] = ("api/v2/search", params)
    for tag in hashtags(config):
        found[f"#{tag}"] = (f"api/v1/timelines/tag/{segment(tag)}", {"limit": PER_PAGE})
    return found


def _ask(config: Config, question: Question, roots: dict[str, Any], place: Json, since: int) -> Slice:
    path, params = question
    answer = client.get(config, path, {**params, **({"max_id": place} if isinstance(place, str) else {})})
    entries = _entries(answer.body)
    items = [item for item in wire.split(answer.body, config) if _is_kept(item, since)]
    return Slice(threads.rooted(config, items, roots), _times(entries), _place(answer, entries), answer.quota())


def _is_kept(item: Item, since: int) -> bool:
    """Keeps public posts no older than the list's start. An unreadable one is kept and fails visibly later."""
    status = item.payload["status"]
    if not isinstance(status, dict):
        return True
    at = time_of(status.get("created_at"))
    return wire.is_public(status) and (at is None or at.timestamp() >= since)


def _entries(body: Json) -> list[dict[str, Any]]:
    """Statuses or notifications as returned. Raises Transient for anything else: some instances answer that way while
    restarting."""
    found = body.get("statuses") if isinstance(body, dict) else body
    return objects_in(found, Transient(f"The instance returned no list of posts. {RETRIED}"))


def _times(entries: list[dict[str, Any]]) -> list[int]:
    return seconds_in(time_of(entry.get("created_at")) for entry in entries)


def _place(answer: Answer, entries: list[dict[str, Any]]) -> str | None:
    """The id below which the list continues: from the Link header, or for a search, which has none, the last one
    shown."""
    if not isinstance(answer.body, list):
        return wire.identity(entries[-1].get("id")) if entries else None
    place = (linked(answer.headers) or {}).get("max_id")
    return str(place) if place else None


def check(config: Config) -> str:
    """Which account the token belongs to, and what will be read."""
    acct = object_of(client.get(config, "api/v1/accounts/verify_credentials").body).get("acct")
    if not isinstance(acct, str) or not acct:
        raise Transient("Mastodon does not say which account this is. The desk retries automatically.")
    found = len(sources(config))
    return f"Connected as @{acct} on {client.site(config)}; {found} list{'s' if found != 1 else ''} to read per poll."
