"""Reads mentions of every handle, a search, and whole conversations through API v2.

Mentions: https://docs.x.com/x-api/posts/user-mention-timeline-by-user-id (the newest 800, `pagination_token`).
Search: https://docs.x.com/x-api/posts/search-recent-posts (seven days, `next_token`).
Both return newest first; `since_id` and `until_id` are exclusive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from channels.adapters.twitter import client, wire
from channels.adapters.twitter.times import snowflake_at
from channels.clocks import desk_now
from channels.contract import Config, Json, Page
from channels.errors import AuthFailed, ChannelError, Rejected
from channels.http.client import Answer
from channels.http.errors import redacted
from channels.toolkit.cursors import Gap, Progress, progress_from
from channels.toolkit.partial_failures import Parts

PER_PAGE = 100
PAGES_A_POLL = 10
OVERLAP = 120_000 << 22
"""Two minutes, in ids: late additions to the index are caught by the next poll."""
SEARCH_REACH_S = 7 * 86_400 - 120
BACKFILL_S = 14 * 86_400


@dataclass(frozen=True, slots=True)
class Source:
    """One list to read. `name` is its key in the cursor."""

    name: str
    path: str
    token_name: str
    query: str | None = None


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Pages of every source in turn. A missing handle doesn't block the others."""
    state = _state(cursor)
    names = _names(config)
    parts = Parts(names, state["parts"])
    start = snowflake_at(desk_now().timestamp() - BACKFILL_S)
    state["sources"] = {**{name: {"high": start} for name in names}, **state["sources"]}
    left: int | None = None
    for name in parts:
        with parts.reading(name):
            source = _source(config, name, state)
            for answer, reached in _read(config, source, progress_from(state["sources"][name], start)):
                items = wire.split(without_errors(_there(config, answer.body, name, state)), config)
                state["sources"][name] = reached.to_json()
                left, resets_at = answer.quota()
                yield Page(items, {**_copy(state), "parts": parts.to_json()}, left, resets_at)
                if left == 0:
                    break
        if left == 0:
            break
    yield from parts.end({**_copy(state), "parts": parts.to_json()})


def _there(config: Config, body: dict[str, Any], name: str, state: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Raises Rejected if the answer only says that the account doesn't exist (any more); the next poll looks its id up
    again."""
    if "data" not in body and "meta" not in body and client.errors_of(body):
        state["ids"].pop(name.removeprefix("@"), None)
        raise redacted(Rejected(f"{wire.error_line(body)}."), client.secrets_of(config))
    return body


def _names(config: Config) -> list[str]:
    query = str(config.setting("search_query", "")).strip()
    names = [f"@{handle}" for handle in config.addresses] + ([f"search:{query}"] if query else [])
    if not names:
        raise Rejected("This connection has neither a handle nor a search. Add a channel for each handle.")
    return names


def _state(cursor: Json) -> dict[str, dict[str, Any]]:
    known = cursor if isinstance(cursor, dict) else {}
    return {key: dict(known[key]) if isinstance(known.get(key), dict) else {} for key in ("sources", "ids", "parts")}


def _copy(state: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {key: dict(value) for key, value in state.items()}


def _source(config: Config, name: str, state: dict[str, dict[str, Any]]) -> Source:
    if name.startswith("search:"):
        return Source(name, "tweets/search/recent", "next_token", name.removeprefix("search:"))
    handle = name.removeprefix("@")
    number = _given_id(config, handle) or state["ids"].get(handle)
    if number is None:
        number = state["ids"][handle] = user_id(config, handle)
    return Source(name, f"users/{number}/mentions", "pagination_token")


def _given_id(config: Config, handle: str) -> str | None:
    """From the channel's settings, else from the prefix of its access token."""
    given = str(config.channel_settings.get(handle, {}).get("user_id") or "")
    token, dash, _ = config.channel_secrets.get(handle, {}).get("access_token", "").partition("-")
    return next((number for number in (given, token if dash else "") if number.isdigit()), None)


def user_id(config: Config, handle: str) -> str:
    """The id of one of our accounts, looked up if not configured. Raises Rejected."""
    if (given := _given_id(config, handle)) is not None:
        return given
    body = client.get(config, f"users/by/username/{handle}").body
    found = wire.identity(body.get("data") if isinstance(body.get("data"), dict) else None, "id")
    if found is None:
        why = f" ({wire.error_line(body)})" if client.errors_of(body) else ""
        raise Rejected(f"Twitter knows no account @{handle}{why}. Check the channel's name.")
    return found


def _read(config: Config, source: Source, stored: Progress) -> Iterator[tuple[Answer, Progress]]:
    """New tweets, down through the overlap, then the gaps left by earlier polls; pages by token."""
    progress = _within_reach(source, stored)
    gap: Gap | None = progress.gaps()[0]
    asked = Gap(progress.gaps()[0].floor - OVERLAP, None)
    token: str | None = None
    for number in range(1, PAGES_A_POLL + 1):
        answer = ask(config, source, asked, token)
        token = token_after(answer.body)
        ids = _ids(answer.body)
        if gap is not None:
            is_closed = token is None and asked.floor <= gap.floor
            progress = progress.after(gap, (min(ids), max(ids)) if ids else None, is_closed)
        yield answer, progress
        if token is None:
            gap = None
        elif ids:
            gap = progress.gap_below(min(ids))
        older = progress.older_gap()
        if gap is None and older is not None and (token is None or number >= PAGES_A_POLL // 2):
            gap = asked = older  # known tweets must not keep a gap from being filled
            token = None
        elif token is None:
            return


def _search_reach() -> int:
    """The oldest id the search accepts: an older `since_id` or `until_id` gets a 400."""
    return snowflake_at(desk_now().timestamp() - SEARCH_REACH_S)


def _within_reach(source: Source, progress: Progress) -> Progress:
    """Drops gaps too old to search, which would be rejected forever."""
    if source.query is not None:
        oldest = _search_reach()
        for gap in progress.gaps()[1:]:
            if gap.ceiling is not None and gap.ceiling <= oldest + 1:
                progress = progress.nothing_in(gap)
    return progress


def ask(config: Config, source: Source, gap: Gap, token: str | None) -> Answer:
    params: dict[str, str | int] = {**client.FIELDS, "max_results": PER_PAGE}
    floor = gap.floor
    if source.query is not None:
        params["query"] = source.query
        floor = max(floor, _search_reach()) if floor else 0  # no bound: as far back as the search goes
    if floor or source.query is None:
        params["since_id"] = str(max(1, floor))
    if gap.ceiling is not None:
        params["until_id"] = str(gap.ceiling)
    if token is not None:
        params[source.token_name] = token
    return client.get(config, source.path, params)


def token_after(body: Mapping[str, Any]) -> str | None:
    meta = body.get("meta")
    token = meta.get("next_token") if isinstance(meta, dict) else None
    return token if isinstance(token, str) and token else None


def _ids(body: Mapping[str, Any]) -> list[int]:
    data = body.get("data")
    found = [wire.identity(t, "id") for t in data if isinstance(t, dict)] if isinstance(data, list) else []
    return [int(number) for number in found if number]


def without_errors(body: Mapping[str, Any]) -> dict[str, Any]:
    """The part that `split` reads. Errors about missing objects don't make it an error body."""
    return {"meta": {}, **{key: value for key, value in body.items() if key != "errors"}}


def check(config: Config) -> str:
    """Our identity: the app by its bearer token, each handle by its own tokens."""
    said = []
    for handle in config.addresses:
        number = wire.identity(_data(client.get(config, f"users/by/username/{handle}").body), "id")
        if number is None:
            raise Rejected(f"Twitter knows no account @{handle}. Check the channel's name.")
        said.append(f"@{handle} ({_rights(config, handle)})")
    if not said:
        client.get(config, "tweets/search/recent", {"query": str(config.setting("search_query", "hello"))})
    return f"Connected: the app may read; {', '.join(said) or 'no handles yet, search only'}."


def _rights(config: Config, handle: str) -> str:
    if not config.channel_secrets.get(handle, {}).get("access_token"):
        return "read only, no tokens to post with"
    try:
        me = _data(client.get(config, "users/me", user=handle).body) or {}
    except ChannelError as error:
        raise type(error)(f"The tokens of @{handle}: {error}") from error
    name = str(me.get("username", ""))
    if name.lower() != handle:
        raise AuthFailed(f"The tokens entered for @{handle} belong to @{name or '?'}.")
    return "may post"


def _data(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    data = body.get("data")
    return data if isinstance(data, dict) else None
