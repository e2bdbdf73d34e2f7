"""Reads conversations, and tweets by id."""

from __future__ import annotations

from collections.abc import Sequence

from channels.adapters.twitter import client, wire
from channels.adapters.twitter.accounts import DIRECT
from channels.adapters.twitter.fetching import Timeline, ask, without_errors
from channels.contract import Config, Item
from channels.errors import Rejected
from channels.toolkit.cursors import Gap

THREAD_PAGES = 10
LOOKUP = 100


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """The conversation's last seven days, its root, and the parents named by replies. Missing tweets become deletions.
    An edited root starts a new conversation, so those of all its versions are searched."""
    if thread_id.startswith(DIRECT):
        return []  # read with the handle's direct messages
    if not (thread_id.isascii() and thread_id.isdigit()):
        raise Rejected(f"{thread_id!r} is not a Twitter conversation.")
    items = {item.external_id: item for item in tweets_by_id(config, [thread_id])}
    roots = {thread_id}.union(*(wire.history(item.payload.get("tweet") or {}) for item in items.values()))
    query = " OR ".join(f"conversation_id:{number}" for number in sorted(roots))
    timeline = Timeline("tweets/search/recent", "next_token", query)
    token: str | None = None
    for _ in range(THREAD_PAGES):
        body = ask(config, timeline, Gap(0, None), token).body
        items |= {item.external_id: item for item in wire.split(without_errors(body), config)}
        token = wire.next_token(body)
        if token is None:
            break
    _add_missing(config, items)
    return sorted(items.values(), key=lambda item: (len(item.external_id), item.external_id))


def _add_missing(config: Config, items: dict[str, Item]) -> None:
    """Looks up older parents, twice: those found first may name parents themselves."""
    asked: set[str] = set()
    for _ in range(2):
        tweets = [item.payload.get("tweet") or {} for item in items.values()]
        known = set(items).union(*map(wire.history, tweets))
        wanted = {number for number in map(wire.parent_of, tweets) if number} - known - asked
        if not wanted:
            return
        asked |= wanted
        items |= {item.external_id: item for item in tweets_by_id(config, sorted(wanted))}


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    return tweets_by_id(config, [number for number in external_ids if number.isdigit()])


def tweets_by_id(config: Config, ids: list[str]) -> list[Item]:
    """Tweets by id, in their newest version; missing ones become deletions."""
    items: list[Item] = []
    for at in range(0, len(ids), LOOKUP):
        body = client.get(config, "tweets", {**client.FIELDS, "ids": ",".join(ids[at : at + LOOKUP])}).body
        found = wire.split(without_errors(body), config)
        outdated = [newest for item in found if (newest := _newer_version(item)) and newest not in ids]
        if outdated:
            newer = {item.external_id: item for item in tweets_by_id(config, outdated) if "tweet" in item.payload}
            found = [newer.get(item.external_id, item) for item in found]
        items += found + [wire.deletion(number) for number in client.missing_ids(body) if number.isdigit()]
    return items


def _newer_version(item: Item) -> str | None:
    tweet = item.payload.get("tweet") or {}
    versions = wire.history(tweet)
    return versions[-1] if versions and versions[-1] != wire.identity(tweet, "id") else None
