"""Reads the newest stories, and the comments of those with new ones.

`/newest.json`, `/newest/page/N.json` (25 stories each, by id), `/s/ID.json`, `/c/ID.json`:
https://github.com/lobsters/lobsters/blob/main/config/routes.rb. New comments are only available as HTML and RSS, search
only as HTML, so comments are found through their stories: each list includes comment counts.

The site is run by volunteers: at most one request a second, and few per poll.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from channels.adapters.lobsters import client, parsing, wire
from channels.contract import Config, Item, Json, Page
from channels.errors import ChannelError, Malformed, NotFound, RateLimited, Rejected, Transient
from channels.toolkit.backfill import Slice, descend, descent_from
from channels.toolkit.list_sources import backfill_start, chosen
from channels.toolkit.screening import Found, Unreadable, found_in, wanted
from channels.toolkit.text import names_phrase
from channels.toolkit.values import object_of, objects_of

PAGES_A_POLL = 20
"""Of 25 stories each: about two weeks."""
OVERLAP_S = 48 * 3600
"""Stories are edited and get their first comments within this time, so their list is reread this far back."""
PAUSE_S = 1.0
STORIES_A_POLL = 10
"""Stories read with their comments per poll; the others wait for the next one."""
WATCHED = 400
"""Stories with a remembered comment count; older ones rarely get new comments."""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Stories that name a phrase, then matching comments under any recent story."""
    stored = object_of(cursor)
    counts = {str(k): int(v) for k, v in (stored.get("comments") or {}).items() if isinstance(v, int)}
    waiting: dict[str, int] = {str(k): int(v) for k, v in (stored.get("waiting") or {}).items()}
    since = _since(config, stored)
    phrases = phrases_of(config)
    pace = _Pace()

    def ask(place: Json) -> Slice:
        number = place if isinstance(place, int) else 1
        stories = _stories(config, number, pace)
        times = [at for story in stories if (at := wire.posted_s(story)) is not None]
        return Slice(stories, times, number + 1 if stories else None)

    state: dict[str, Any] = dict(stored)
    for part, reached in descend(ask, descent_from(stored, since), overlap_s=OVERLAP_S, pages=PAGES_A_POLL):
        young = [story for story in part.items if (wire.posted_s(story) or since) >= since]
        for story in young:
            waiting = _with(story, counts, waiting)
        state = {**reached.to_json(), "since": since, "comments": _newest(counts), "waiting": dict(waiting)}
        yield Page(_named(config, wire.split(young, config)), state)
    if not config.setting("comments", True):
        return
    failed: ChannelError | None = None
    for number in list(waiting)[:STORIES_A_POLL]:
        count, items = waiting.pop(number), []
        try:
            items = _comments_naming(config, number, phrases, pace)
            counts[number] = count
        except RateLimited:
            raise
        except Transient as error:  # to the back of the queue: one unreadable story mustn't delay the others
            waiting[number], failed = count, failed or error
        except (Malformed, Rejected) as error:  # until its next new comment
            counts[number], failed = count, failed or error
        state = {**state, "comments": _newest(counts), "waiting": dict(waiting)}
        yield Page(items, state)
    if failed is not None:
        yield Page((), state, trouble=str(failed), again_soon=isinstance(failed, Transient))


def _since(config: Config, stored: Mapping[str, Any]) -> int:
    known = stored.get("since")
    return known if isinstance(known, int) else backfill_start(config)


def phrases_of(config: Config) -> list[str]:
    return chosen(config.entries("phrases"), "This connection has no phrases to look for. Enter at least one.")


def _with(story: Mapping[str, Any], counts: Mapping[str, int], waiting: dict[str, int]) -> dict[str, int]:
    """A story with a changed comment count goes to the front of the queue, so current discussions come before the
    backlog of the first poll."""
    number, count = wire.short_id(story.get("short_id")), story.get("comment_count")
    if number is None or not isinstance(count, int) or count == counts.get(number, 0):
        return waiting
    return {number: count, **{other: known for other, known in waiting.items() if other != number}}


def _newest(counts: dict[str, int]) -> dict[str, int]:
    return dict(list(counts.items())[-WATCHED:])


def _named(config: Config, items: list[Item]) -> list[Item]:
    """Drops items that name no phrase: stored, they would mask the same story once somebody follows it."""
    return wanted(items, parsing.parse, config)


class _Pace:
    """Limits a poll to one request a second."""

    def __init__(self) -> None:
        self._is_first = True

    def wait(self) -> None:
        if not self._is_first:
            time.sleep(PAUSE_S)
        self._is_first = False


def _stories(config: Config, number: int, pace: _Pace) -> list[dict[str, Any]]:
    pace.wait()
    path = "newest.json" if number == 1 else f"newest/page/{number}.json"
    body = client.lists.get(config, path).body
    if not isinstance(body, list):
        raise Malformed(wire.error_line(body) if isinstance(body, dict) else "Lobsters returned no stories.")
    return objects_of(body)


def _comments_naming(config: Config, number: str, phrases: list[str], pace: _Pace) -> list[Item]:
    """Comments on a story that name a phrase; none if the story is gone."""
    pace.wait()
    comments = [item for item in read_story(config, number) or () if "comment" in item.payload]
    return [item for item, found in found_in(comments, parsing.parse, config) if _is_named(found, phrases)]


def _is_named(found: Found, phrases: list[str]) -> bool:
    """An item that can't be parsed is kept, and shown as unreadable."""
    if found is None or isinstance(found, Unreadable):
        return found is not None
    return names_phrase(phrases, found.text, *found.links)


def read_story(config: Config, number: str) -> list[Item] | None:
    """The story and its comments; None if it doesn't exist (any more)."""
    body = unless_gone(config, f"s/{number}.json")
    if body is None:
        return None
    if not isinstance(body, dict) or not wire.is_story(body):
        raise Malformed(wire.error_line(body) if isinstance(body, dict) else "Lobsters returned no story.")
    return wire.split(body, config)


def unless_gone(config: Config, path: str) -> Json:
    try:
        return client.posts.get(config, path).body
    except NotFound:
        return None


def check(config: Config) -> str:
    phrases = phrases_of(config)
    stories = _stories(config, 1, _Pace())
    if not stories:
        raise Malformed("Lobsters shows no stories at this address.")
    return f"Connected without a login: {len(stories)} stories on the first page; looks for {', '.join(phrases)}."
