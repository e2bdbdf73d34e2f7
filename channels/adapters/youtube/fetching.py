"""Reads comment threads newest first, source by source, and the replies a thread doesn't include.

https://developers.google.com/youtube/v3/docs/commentThreads/list (`order=time`, paged by token, no filter by time). A
walk goes from the newest thread down to known ones. An interrupted one (bound, quota, crash) leaves its next token in
the cursor and is finished first; only then does the mark move. Every poll reads the newest page, which catches replies
and edits under recent threads; those under older ones come with followed threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from channels.adapters.youtube import parsing, wire
from channels.adapters.youtube.client import Closed, Units, listed, midnight_after
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import ChannelError, Malformed, RateLimited, Rejected
from channels.toolkit.partial_failures import Parts

PER_PAGE = 100
PAGES_A_POLL = 20
REPLY_PAGES = 10
TITLES_KEPT = 300
REPLIES_KEPT = 400
OVERLAP_S = 3600
DEFAULT_DAYS = 14


@dataclass(slots=True)
class State:
    """The working copy of the cursor. `marks`: source → {"high", "walk"?}; `replies`: thread → reply count when last
    read; `titles`: video → title."""

    parts: Parts
    units: Units
    marks: dict[str, Any] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    replies: dict[str, int] = field(default_factory=dict)

    def copied(self) -> tuple[dict[str, Any], dict[str, str], dict[str, int]]:
        return {key: dict(mark) for key, mark in self.marks.items()}, dict(self.titles), dict(self.replies)

    def to_json(self) -> Json:
        kept = dict(list(self.replies.items())[-REPLIES_KEPT:])
        titles = dict(list(self.titles.items())[-TITLES_KEPT:])
        return {"units": self.units.to_json(), "marks": {k: dict(v) for k, v in self.marks.items()}, "titles": titles,
                "replies": kept, "parts": self.parts.to_json()}  # fmt: skip

    def page(self, items: Sequence[Item]) -> Page:
        return Page(items, self.to_json(), self.units.left, midnight_after(desk_now()))


def _state(config: Config, cursor: Json) -> State:
    kept = cursor if isinstance(cursor, dict) else {}
    units = Units.stored(config, kept.get("units"), desk_now())
    marks, titles, replies = (dict(kept.get(name) or {}) for name in ("marks", "titles", "replies"))
    parts = Parts((key for key, _ in sources(config)), kept.get("parts"))
    return State(parts, units, marks, titles, replies)


def sources(config: Config) -> list[tuple[str, dict[str, str | int]]]:
    """(key in the cursor, parameters) of every source."""
    found: list[tuple[str, dict[str, str | int]]] = []
    found += [(f"channel {c}", {"allThreadsRelatedToChannelId": c}) for c in wire.words(config, "channel_ids")]
    found += [(f"video {v}", {"videoId": v}) for v in wire.words(config, "video_ids")]
    if not found:
        raise Rejected("This connection has neither channels nor videos to read. Enter at least one id.")
    return found


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """All sources. Quota units spent on a failed request are kept, but nothing else of it."""
    state = _state(config, cursor)
    stored = state.to_json()
    try:
        for page in _sources_in_turn(config, state):
            stored = page.cursor
            yield page
    except ChannelError:
        yield Page([], {**stored, "units": state.units.to_json()}, state.units.left, midnight_after(desk_now()))
        raise


def _sources_in_turn(config: Config, state: State) -> Iterator[Page]:
    """If a source fails, the state reverts to its last page."""
    start = int(desk_now().timestamp()) - 86_400 * _days(config)
    asked = dict(sources(config))
    for key in asked:
        state.marks.setdefault(key, {"high": start})
    for key in state.parts:
        kept = state.copied()
        with state.parts.reading(key):
            for page in _walks(config, key, asked[key], state):
                kept = state.copied()
                yield page
        if key not in state.parts.read:
            state.marks, state.titles, state.replies = kept
    yield state.page([])
    for page in state.parts.end(state.to_json()):
        yield replace(page, quota_left=state.units.left, quota_resets_at=midnight_after(desk_now()))


def _walks(config: Config, key: str, params: Mapping[str, str | int], state: State) -> Iterator[Page]:
    """Finishes the interrupted walk, then reads from the top down to known threads."""
    mark = dict(state.marks[key])
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
            walk = {"top": max([walk["top"], *times]), "token": wire.text_of(body.get("nextPageToken"))}
            # A token may lead nowhere, and even the last page may have one: an empty page also ends the walk.
            is_done = not walk["token"] or not times or oldest <= mark["high"] - OVERLAP_S
            mark = {"high": walk["top"]} if is_done else {"high": mark["high"], "walk": walk}
            state.marks[key] = mark
            yield state.page(items)
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
    return [item for item in items.values() if parsing.parse(item, config) is not None]


def _further_replies(config: Config, thread: Mapping[str, Any], state: State) -> list[dict[str, Any]]:
    """Replies the thread doesn't include, if their number has changed since the last read."""
    snippet, number = thread.get("snippet"), wire.text_of(thread.get("id"))
    total = snippet.get("totalReplyCount") if isinstance(snippet, dict) else None
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
        token = wire.text_of(body.get("nextPageToken"))
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
    told = {str(v.get("id")): v["snippet"] for v in body["items"] if isinstance(v.get("snippet"), dict)}
    return {video: wire.text_of(told.get(video, {}).get("title")) for video in videos}


def _second(thread: Mapping[str, Any]) -> int:
    snippet = thread.get("snippet")
    top = snippet.get("topLevelComment") if isinstance(snippet, dict) else None
    inner = top.get("snippet") if isinstance(top, dict) else None
    at = wire.moment(inner.get("publishedAt")) if isinstance(inner, dict) else None
    return int(at.timestamp()) if at else 0


def check(config: Config) -> str:
    """One page of the first source; a closed one is reported as such."""
    key, params = sources(config)[0]
    body = _threads(config, params, "", Units.stored(config, None, desk_now()))
    can = "replies are set up" if config.secret("refresh_token") else "replies are not set up"
    return f"Connected: {key} shows {len(body['items'])} threads on its first page; {can}."


def _days(config: Config) -> int:
    try:
        return max(1, min(3650, int(config.setting("backfill_days", DEFAULT_DAYS))))
    except (TypeError, ValueError):
        return DEFAULT_DAYS
