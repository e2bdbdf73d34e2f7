"""Reads comment threads newest first, source by source, and the replies a thread doesn't include.

https://developers.google.com/youtube/v3/docs/commentThreads/list (`order=time`, paged by token, no filter by time). A
walk goes from the newest thread down to known ones. An interrupted one (bound, quota, crash) leaves its next token in
the cursor and is finished first; only then does the mark move. Every poll reads the newest page, which catches replies
and edits under recent threads; those under older ones come with followed threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from channels.adapters.youtube import parsing, wire
from channels.adapters.youtube.client import Closed, Units, listed, midnight_after
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import ChannelError, Malformed, RateLimited, Rejected
from channels.toolkit.list_sources import ListSource, Read, backfill_start, read_lists
from channels.toolkit.screening import wanted
from channels.toolkit.values import object_of, text_of, time_of, value_at

PER_PAGE = 100
PAGES_A_POLL = 20
REPLY_PAGES = 10
TITLES_KEPT = 300
REPLIES_KEPT = 400
OVERLAP_S = 3600


@dataclass(slots=True)
class State:
    """The rest of the cursor, besides the marks. `replies`: thread → reply count when last read; `titles`: video →
    title."""

    units: Units
    titles: dict[str, str]
    replies: dict[str, int]

    def to_json(self) -> dict[str, Json]:
        return {
            "units": self.units.to_json(),
            "titles": dict(list(self.titles.items())[-TITLES_KEPT:]),
            "replies": dict(list(self.replies.items())[-REPLIES_KEPT:]),
        }


def _state(config: Config, cursor: Json) -> State:
    kept = object_of(cursor)
    units = Units.stored(config, kept.get("units"), desk_now())
    return State(units, dict(kept.get("titles") or {}), dict(kept.get("replies") or {}))


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Of a failed request, only the quota units spent are kept."""
    state = _state(config, cursor)
    reached = {**state.to_json(), **object_of(cursor)}
    try:
        for page in read_lists(sources(config, state), cursor, under="marks", beside=state.to_json):
            reached = page.cursor
            yield replace(page, quota_left=state.units.left, quota_resets_at=midnight_after(desk_now()))
    except ChannelError:
        spent = {**reached, "units": state.units.to_json()}
        yield Page([], spent, state.units.left, midnight_after(desk_now()))
        raise


def sources(config: Config, state: State | None = None) -> list[ListSource]:
    state = state or _state(config, None)
    start = {"high": backfill_start(config)}
    return [ListSource(name, partial(_read, config, asked, state), start) for name, asked in _questions(config).items()]


def _questions(config: Config) -> dict[str, dict[str, str | int]]:
    """Key in the cursor → parameters."""
    found: dict[str, dict[str, str | int]] = {}
    found |= {f"channel {c}": {"allThreadsRelatedToChannelId": c} for c in config.entries("channel_ids")}
    found |= {f"video {v}": {"videoId": v} for v in config.entries("video_ids")}
    if not found:
        raise Rejected("This connection has neither channels nor videos to read. Enter at least one id.")
    return found


def _read(config: Config, asked: Mapping[str, str | int], state: State, mark: Json) -> Iterator[Read]:
    """If the list fails, whatever was looked up since its last page is dropped."""
    kept = dict(state.titles), dict(state.replies)
    try:
        for read in _walks(config, asked, state, mark):
            kept = dict(state.titles), dict(state.replies)
            yield read
    except ChannelError:
        state.titles, state.replies = kept
        raise


def _walks(config: Config, params: Mapping[str, str | int], state: State, stored: Json) -> Iterator[Read]:
    """Finishes the interrupted walk, then reads from the top down to known threads."""
    mark = dict(stored)
    pages = PAGES_A_POLL
    while pages > 0:
        walk = dict(mark.pop("walk", None) or {"top": mark["high"], "token": ""})
        resumed = bool(walk["token"])
        while pages > 0:
            body = _threads(config, params, str(walk["token"]), state.units)
            pages -= 1
            items = _items(config, body["items"], state)
            times = [at for at in map(_second, body["items"]) if at]
            oldest = times[-1] if times else 0  # not the minimum: an old pinned one may come first
            walk = {"top": max([walk["top"], *times]), "token": text_of(body.get("nextPageToken"))}
            # A token may lead nowhere, and even the last page may have one: an empty page also ends the walk.
            is_done = not walk["token"] or not times or oldest <= mark["high"] - OVERLAP_S
            mark = {"high": walk["top"]} if is_done else {"high": mark["high"], "walk": walk}
            yield Read(items, dict(mark))
            if is_done:
                break
        if not resumed:
            return


def _threads(config: Config, params: Mapping[str, str | int], token: str, units: Units) -> dict[str, Any]:
    asked: dict[str, str | int] = {"part": "snippet,replies", "order": "time", "maxResults": PER_PAGE,
                                   "textFormat": "html", **params}  # fmt: skip
    if not token:
        return listed(config, "/commentThreads", asked, units)
    try:
        return listed(config, "/commentThreads", {**asked, "pageToken": token}, units)
    except (Closed, RateLimited):
        raise
    except Rejected:  # tokens expire (invalidPageToken): restart from the top; rereading known threads is harmless
        return listed(config, "/commentThreads", asked, units)


def _items(config: Config, threads: Sequence[Mapping[str, Any]], state: State) -> list[Item]:
    """Comments of threads with all their replies, deduplicated; if there are phrases, only those naming one."""
    _learn_titles(config, threads, state)
    items: dict[str, Item] = {}
    for thread in threads:
        try:
            found = wire.of_thread(thread, state.titles)
        except Malformed:
            continue  # if its first comment is gone, a thread has nothing to read
        about = wire.about_of(thread, state.titles)
        found += [wire.comment_item(c, about, found=True) for c in _further_replies(config, thread, state)]
        items |= {item.external_id: item for item in found}
    return wanted(items.values(), parsing.parse, config)


def _further_replies(config: Config, thread: Mapping[str, Any], state: State) -> list[dict[str, Any]]:
    """Replies the thread doesn't include, if their number has changed since the last read."""
    number, total = text_of(thread.get("id")), value_at(thread, "snippet", "totalReplyCount")
    if not number or not isinstance(total, int) or total <= len(wire.included(thread)):
        return []
    if state.replies.get(number) == total:
        return []
    replies = replies_under(config, number, state.units)
    state.replies.pop(number, None)
    state.replies[number] = total
    return replies


def replies_under(config: Config, number: str, units: Units | None = None) -> list[dict[str, Any]]:
    """All replies under a comment: https://developers.google.com/youtube/v3/docs/comments/list."""
    found: list[dict[str, Any]] = []
    params: dict[str, str | int] = {"part": "snippet", "parentId": number, "maxResults": PER_PAGE, "textFormat": "html"}
    for _ in range(REPLY_PAGES):
        body = listed(config, "/comments", params, units)
        found += body["items"]
        token = text_of(body.get("nextPageToken"))
        if not token or not body["items"]:
            break
        params["pageToken"] = token
    return found


def _learn_titles(config: Config, threads: Sequence[Mapping[str, Any]], state: State) -> None:
    videos = list(dict.fromkeys(v for t in threads if (v := wire.about_of(t, {})["videoId"])))
    unknown = [video for video in videos if video not in state.titles]
    for at in range(0, len(unknown), 50):
        state.titles |= titles_of(config, unknown[at : at + 50], state.units)


def titles_of(config: Config, videos: Sequence[str], units: Units | None = None) -> dict[str, str]:
    """https://developers.google.com/youtube/v3/docs/videos/list: 50 for one unit. A deleted video gets ""."""
    body = listed(config, "/videos", {"part": "snippet", "id": ",".join(videos), "maxResults": 50}, units)
    titles = {str(video.get("id")): value_at(video, "snippet", "title") for video in body["items"]}
    return {video: text_of(titles.get(video)) for video in videos}


def _second(thread: Mapping[str, Any]) -> int:
    at = time_of(value_at(thread, "snippet", "topLevelComment", "snippet", "publishedAt"))
    return int(at.timestamp()) if at else 0


def check(config: Config) -> str:
    """One page of the first source; a closed one is reported as such."""
    key, params = next(iter(_questions(config).items()))
    body = _threads(config, params, "", Units.stored(config, None, desk_now()))
    can = "replies are set up" if config.secret("refresh_token") else "replies are not set up"
    return f"Connected: {key} shows {len(body['items'])} threads on its first page; {can}."
