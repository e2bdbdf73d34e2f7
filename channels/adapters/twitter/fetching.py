"""Reads mentions of every handle, a search, and whole conversations through API v2.

Mentions: https://docs.x.com/x-api/posts/user-mention-timeline-by-user-id (the newest 800, `pagination_token`).
Search: https://docs.x.com/x-api/posts/search-recent-posts (seven days, `next_token`).
Both return newest first; `since_id` and `until_id` are exclusive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from channels.adapters.twitter import client, direct_messages, wire
from channels.adapters.twitter.accounts import direct_handles, given_id, handles
from channels.adapters.twitter.times import snowflake_at
from channels.clocks import desk_now
from channels.contract import Config, Json, Page
from channels.errors import AuthFailed, ChannelError, Rejected
from channels.http.client import Answer
from channels.http.errors import redacted
from channels.toolkit.cursors import Gap, Progress, Stretch, progress_from, read_down
from channels.toolkit.list_sources import ListSource, Read, read_lists
from channels.toolkit.values import object_of, objects_of, value_at

PER_PAGE = 100
PAGES_A_POLL = 10
OVERLAP = 120_000 << 22
"""Two minutes, in ids: late additions to the index are caught by the next poll."""
SEARCH_REACH_S = 7 * 86_400 - 120
BACKFILL_S = 14 * 86_400
POSTS = "posts:"
Ids = dict[str, str]
"""Handle → account id, as looked up."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The endpoint for the mentions of a handle, or for a search."""

    path: str
    token_name: str
    query: str | None = None
    exclude: str = ""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    ids: Ids = dict(object_of(value_at(cursor, "ids")))
    lists = [*sources(config, ids), *direct_messages.sources(config)]
    # Limits are per endpoint, and direct messages are read with the tokens of their handle: each list is separate.
    return read_lists(lists, cursor, beside=lambda: {"ids": dict(ids)}, apart=True)


def sources(config: Config, ids: Ids | None = None) -> list[ListSource]:
    """The mentions of each handle, and a search."""
    query = str(config.setting("search_query", "")).strip()
    names = [f"@{handle}" for handle in handles(config)]
    names += [f"{POSTS}@{handle}" for handle in handles(config) if _only_posts(config, handle)]
    names += [f"search:{query}"] if query else []
    if not names:
        raise Rejected("This connection has neither a handle nor a search. Add a channel for each handle.")
    start = snowflake_at(desk_now().timestamp() - BACKFILL_S)
    known: Ids = {} if ids is None else ids
    return [ListSource(name, partial(_read, config, name, known, start), Progress(start).to_json()) for name in names]


def _only_posts(config: Config, handle: str) -> bool:
    """A status handle: its updates mention nobody, so only its own timeline has them."""
    return bool(config.channel_settings.get(handle, {}).get("availability_only"))


def _read(config: Config, name: str, ids: Ids, start: int, mark: Json) -> Iterator[Read]:
    timeline = _timeline(config, name, ids)
    progress = _within_reach(timeline, progress_from(mark, start))
    question = partial(_stretch, config, timeline, name, ids)
    for page, reached in read_down(question, progress, overlap=OVERLAP, pages=PAGES_A_POLL):
        yield Read(page.items, reached.to_json(), page.quota)


def _stretch(config: Config, timeline: Timeline, name: str, ids: Ids, gap: Gap, token: Json) -> Stretch:
    answer = ask(config, timeline, gap, token)
    if _is_gone(answer.body):
        ids.pop(_handle_of(name), None)  # the next poll looks it up again
        raise redacted(Rejected(f"{wire.error_line(answer.body)}."), client.secrets_of(config))
    found, following = _tweet_ids(answer.body), wire.next_token(answer.body)
    items = wire.split(without_errors(answer.body), config)
    reached = (min(found), max(found)) if found else None
    return Stretch(items, reached, following is None, following, answer.quota())


def _is_gone(body: Mapping[str, Any]) -> bool:
    """Whether the answer only says that the account doesn't exist (any more)."""
    return "data" not in body and "meta" not in body and bool(client.errors_of(body))


def _timeline(config: Config, name: str, ids: Ids) -> Timeline:
    if name.startswith("search:"):
        return Timeline("tweets/search/recent", "next_token", name.removeprefix("search:"))
    handle = _handle_of(name)
    number = given_id(config, handle) or ids.get(handle)
    if number is None:
        number = ids[handle] = user_id(config, handle)
    if name.startswith(POSTS):
        return Timeline(f"users/{number}/tweets", "pagination_token", exclude="replies,retweets")
    return Timeline(f"users/{number}/mentions", "pagination_token")


def _handle_of(name: str) -> str:
    return name.removeprefix(POSTS).removeprefix("@")


def user_id(config: Config, handle: str) -> str:
    """The id of one of our accounts, looked up if not configured. Raises Rejected."""
    if (given := given_id(config, handle)) is not None:
        return given
    body = client.get(config, f"users/by/username/{handle}").body
    found = wire.identity(object_of(body.get("data")), "id")
    if found is None:
        why = f" ({wire.error_line(body)})" if client.errors_of(body) else ""
        raise Rejected(f"Twitter knows no account @{handle}{why}. Check the channel's name.")
    return found


def _search_reach() -> int:
    """The oldest id the search accepts: an older `since_id` or `until_id` gets a 400."""
    return snowflake_at(desk_now().timestamp() - SEARCH_REACH_S)


def _within_reach(timeline: Timeline, progress: Progress) -> Progress:
    """Drops gaps too old to search, which would be rejected forever."""
    if timeline.query is not None:
        oldest = _search_reach()
        for gap in progress.gaps()[1:]:
            if gap.ceiling is not None and gap.ceiling <= oldest + 1:
                progress = progress.nothing_in(gap)
    return progress


def ask(config: Config, timeline: Timeline, gap: Gap, token: Json) -> Answer:
    params: dict[str, str | int] = {**client.FIELDS, "max_results": PER_PAGE}
    floor = gap.floor
    if timeline.query is not None:
        params["query"] = timeline.query
        floor = max(floor, _search_reach()) if floor else 0  # no bound: as far back as the search goes
    if floor or timeline.query is None:
        params["since_id"] = str(max(1, floor))
    if timeline.exclude:
        params["exclude"] = timeline.exclude
    if gap.ceiling is not None:
        params["until_id"] = str(gap.ceiling)
    if token is not None:
        params[timeline.token_name] = token
    return client.get(config, timeline.path, params)


def _tweet_ids(body: Mapping[str, Any]) -> list[int]:
    return [int(number) for tweet in objects_of(body.get("data")) if (number := wire.identity(tweet, "id"))]


def without_errors(body: Mapping[str, Any]) -> dict[str, Any]:
    """The part that `split` reads. Errors about missing objects don't make it an error body."""
    return {"meta": {}, **{key: value for key, value in body.items() if key != "errors"}}


def check(config: Config) -> str:
    """Our identity: the app by its bearer token, each handle by its own tokens."""
    said = []
    for handle in handles(config):
        body = client.get(config, f"users/by/username/{handle}").body
        if wire.identity(object_of(body.get("data")), "id") is None:
            raise Rejected(f"Twitter knows no account @{handle}. Check the channel's name.")
        said.append(f"@{handle} ({_rights(config, handle)})")
    for handle in direct_handles(config):
        client.get(config, "dm_events", {**direct_messages.FIELDS, "max_results": 1}, speaker=handle)
        said.append(f"direct messages of @{handle}")
    if not said:
        client.get(config, "tweets/search/recent", {"query": str(config.setting("search_query", "hello"))})
    return f"Connected: the app may read; {', '.join(said) or 'no handles yet, search only'}."


def _rights(config: Config, handle: str) -> str:
    if not config.channel_secrets.get(handle, {}).get("access_token"):
        return "read only, no tokens to post with"
    try:
        me = object_of(client.get(config, "users/me", speaker=handle).body.get("data"))
    except ChannelError as error:
        raise type(error)(f"The tokens of @{handle}: {error}") from error
    name = str(me.get("username", ""))
    if name.lower() != handle:
        raise AuthFailed(f"The tokens entered for @{handle} belong to @{name or '?'}.")
    return "may post"
