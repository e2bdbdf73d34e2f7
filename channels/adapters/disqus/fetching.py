"""Reads each forum's new comments, oldest first; rereads the last seven days, slowly; reads whole threads.

https://disqus.com/api/docs/forums/listPosts/ and /posts/list/: `order=asc` with `since` reads forward; `cursor.next`
continues after a page and is present even when `hasNext` is false: https://disqus.com/api/docs/cursors/

A comment can be edited for seven days (`editableUntil`) and moderated at any time; no listing reports changes. So every
hour a *sweep* starts rereading those days, a few pages per poll.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from channels.adapters.disqus import client, wire
from channels.clocks import desk_now
from channels.contract import Config, Json, Page
from channels.errors import Malformed, NotFound, Rejected
from channels.http.client import Answer
from channels.toolkit.list_sources import ListSource, Read, backfill_start, chosen, read_lists
from channels.toolkit.values import object_of, objects_of, seconds_in, text_of, time_of

PER_PAGE = 100
PAGES_A_POLL = 10
"""Per forum; the next poll reads the rest."""
OVERLAP_S = 600
SWEEP_DAYS = 7
SWEEP_EVERY_S = 3600
SWEEP_PAGES = 3

FORUMS = "@forums"
State = dict[str, Any]


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    return read_lists(sources(config), _with_forums_apart(cursor), under=FORUMS)


def _with_forums_apart(cursor: Json) -> Json:
    """Older cursors hold the forums beside `@parts`, so that a forum may have any name."""
    if not isinstance(cursor, dict) or FORUMS in cursor:
        return cursor
    marks = {forum: mark for forum, mark in cursor.items() if forum != "@parts"}
    return {FORUMS: marks, "parts": cursor.get("@parts")}


def sources(config: Config) -> list[ListSource]:
    now, since = int(desk_now().timestamp()), backfill_start(config)
    start = {"since": since, "sweep": {"began": now}}  # the first poll reads the days of a sweep anyway
    return [ListSource(forum, partial(_read, config, forum, start), start) for forum in forums_of(config)]


def _read(config: Config, forum: str, start: State, mark: Json) -> Iterator[Read]:
    """New comments, then part of the sweep. The mark holds `since` (epoch seconds up to which everything is read),
    `next` (the Disqus cursor where a poll stopped) and `sweep`, the same plus `began`."""
    state: State = {**start, **object_of(mark)}
    for reading in (_read_new, _sweep):
        for answer, reached in reading(config, forum, state):
            state = reached
            yield Read(wire.split(answer.body, config), state, answer.quota())


def forums_of(config: Config) -> list[str]:
    found = dict.fromkeys(forum.lower() for forum in config.entries("forums"))
    return chosen(found, "This connection has no forums to read. Enter the short name of at least one.")


def _read_new(config: Config, forum: str, state: State) -> Iterator[tuple[Answer, State]]:
    since, token = float(state["since"]), state.get("next")
    other_state = {name: value for name, value in state.items() if name != "next"}
    for _ in range(PAGES_A_POLL):
        answer = _page(config, forum, since - OVERLAP_S, token)
        token = next_token(answer.body)
        reached = int(max([since, *_times(answer.body)]))
        yield answer, {**other_state, "since": reached, **({} if token is None else {"next": token})}
        if token is None:
            return


def _sweep(config: Config, forum: str, state: State) -> Iterator[tuple[Answer, State]]:
    now = desk_now().timestamp()
    sweep = dict(state["sweep"])
    if "next" not in sweep:
        if now - sweep["began"] < SWEEP_EVERY_S:
            return
        sweep = {"began": int(now)}
    for _ in range(SWEEP_PAGES):
        answer = _page(config, forum, sweep["began"] - 86_400 * SWEEP_DAYS, sweep.pop("next", None))
        following = next_token(answer.body)
        if following is not None:
            sweep["next"] = following
        yield answer, {**state, "sweep": dict(sweep)}
        if following is None:
            return


def _page(config: Config, forum: str, since: float, token: str | None) -> Answer:
    pairs: dict[str, str | int] = {"forum": forum, "related": "thread", "order": "asc", "limit": PER_PAGE}
    pairs["since"] = datetime.fromtimestamp(max(0.0, since), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if token is not None:
        try:
            return posts_in(client.get(config, "forums/listPosts", {**pairs, "cursor": token}, included(config)))
        except NotFound:
            raise
        except Rejected:
            pass  # the cursor is too old; resume by time
    return posts_in(client.get(config, "forums/listPosts", pairs, included(config)))


def posts_in(answer: Answer) -> Answer:
    if not isinstance(answer.body, dict) or not isinstance(answer.body.get("response"), list):
        raise Malformed("Disqus returned no list of posts.")
    return answer


def included(config: Config) -> tuple[str, ...]:
    """Disqus shows only approved comments to non-moderators."""
    return client.KINDS if config.setting("with_moderated", True) else client.KINDS[:1]


def next_token(body: Mapping[str, Any]) -> str | None:
    cursor = object_of(body.get("cursor"))
    return text_of(cursor.get("next")) or None if cursor.get("hasNext") is True else None


def _times(body: Mapping[str, Any]) -> list[int]:
    return seconds_in(time_of(post.get("createdAt")) for post in objects_of(body["response"]))


def check(config: Config) -> str:
    """One request per forum, with the permissions polling needs."""
    counts = []
    for forum in forums_of(config):
        pairs: dict[str, str | int] = {"forum": forum, "order": "desc", "limit": 1}
        found = posts_in(client.get(config, "forums/listPosts", pairs, included(config))).body["response"]
        counts.append(forum if found else f"{forum} (no comments yet)")
    return f"Connected: the forums {', '.join(counts)} can be read."
