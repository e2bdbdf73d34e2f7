"""Reads a page: comments on its posts, visitors' posts, private messages.

https://developers.facebook.com/docs/graph-api/reference/page/feed/ · …/reference/page/conversations/

The feed is ordered by post, but an old post may get a new comment. So every round walks the posts of the last
`watch_days` and opens those that changed since the last round (`updated_time`). If a bound, an error or a crash
interrupts the walk of a long feed, the next poll resumes it. Anything added on top meanwhile is read by the next round,
which starts from the time this one *began*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from channels.adapters.facebook import client, wire
from channels.adapters.facebook.parsing import page_id
from channels.adapters.facebook.wire import TALK
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import AuthFailed, Rejected, Transient
from channels.http.client import Answer
from channels.toolkit.list_sources import ListSource, Read, backfill_start, read_lists
from channels.toolkit.partial_failures import NotForThis
from channels.toolkit.values import object_of, objects_of, unique, value_at

POSTS_PER_PAGE = 25
TALKS_PER_PAGE = 25
NESTED = 50
PAGES_A_POLL = 10
DEEP_PAGES = 40
OVERLAP_MS = 15 * 60 * 1000
COMMENT_FIELDS = "id,message,created_time,from,parent{id},permalink_url,attachment,like_count,comment_count,is_hidden"
_ATTACHMENTS = "attachments{media_type,type,url,unshimmed_url}"
POST_FIELDS = f"id,message,story,created_time,updated_time,from,permalink_url,is_hidden,{_ATTACHMENTS}"
NESTED_COMMENTS = (
    f"comments.limit({NESTED}).order(reverse_chronological).filter(stream).summary(true){{{COMMENT_FIELDS}}}"
)
_MESSAGE = "id,created_time,from,to,message,sticker,attachments{mime_type,name,size}"
_TALK = f"id,link,updated_time,messages.limit({NESTED}){{{_MESSAGE}}}"

Params = dict[str, str | int]
Changes = Callable[[Config, Mapping[str, Json], int], list[Item]]
"""(config, post or conversation, since when in ms) → its items."""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Comments, then messages."""
    if isinstance(cursor, dict) and "lists" not in cursor:  # older cursors hold the marks beside `parts`
        marks = {name: mark for name, mark in cursor.items() if name != "parts"}
        cursor = {"lists": marks, "parts": cursor.get("parts")}
    return read_lists(sources(config), cursor, under="lists")


def sources(config: Config) -> list[ListSource]:
    start = {"since": 1000 * backfill_start(config)}
    posts: Params = {"fields": f"{POST_FIELDS},{NESTED_COMMENTS}", "limit": POSTS_PER_PAGE}
    talks: Params = {"platform": "messenger", "fields": _TALK, "limit": TALKS_PER_PAGE}
    rounds = {"feed": ("Comments", posts, post_with_comments), "talks": ("Messages", talks, _talk)}
    found = []
    for name, path in _paths(config).items():
        label, asked, changes = rounds[name]
        found.append(ListSource(name, partial(_round, config, path, asked, changes), start, label))
    return found


def _paths(config: Config) -> dict[str, str]:
    """Key in the cursor → path."""
    page, found = client.page_of(config), {}
    if config.setting("read_comments", True) is not False:
        found["feed"] = f"{page}/feed"
    if config.setting("read_messages", True) is not False:
        found["talks"] = f"{page}/conversations"
    if not found:
        raise Rejected("This connection reads neither comments nor messages. Switch on one of them.")
    return found


def _round(config: Config, path: str, asked: Params, changes: Changes, mark: Json) -> Iterator[Read]:
    """The mark: everything since `since` (ms) is read, except for a walk in progress, which began at `began` and
    resumes with the parameters `next`."""
    now = int(desk_now().timestamp() * 1000)
    known = object_of(mark)
    kept = known.get("since")
    since = kept if isinstance(kept, int) else 1000 * backfill_start(config)
    floor = since - OVERLAP_MS
    oldest = min(floor, 1000 * backfill_start(config, "watch_days", 30)) if path.endswith("/feed") else floor
    following = known.get("next") if isinstance(known.get("next"), dict) else None
    began = known.get("began") if following and isinstance(known.get("began"), int) else now
    for number in range(PAGES_A_POLL):
        try:
            answer = _asked(config, path, asked | going_on(following))
        except Rejected:
            if number or not following:
                raise
            # Paging positions expire: restart the walk at the top.
            began, answer = now, _asked(config, path, asked)
        entries, following = client.listed(answer, "posts or conversations")
        items = [item for entry in entries for item in _changed(config, entry, changes, floor)]
        is_over = following is None or _is_below(entries, oldest, path)
        done: Json = {"since": began} if is_over else {"since": since, "began": began, "next": going_on(following)}
        yield Read(items, done, answer.quota())
        if is_over:
            return


def _asked(config: Config, path: str, params: Params) -> Answer:
    """Comments and messages need separate permissions; the poll only fails if both are refused."""
    try:
        return client.get(config, path, params)
    except AuthFailed as error:
        raise NotForThis(str(error)) from error


def going_on(following: Mapping[str, str | int] | None) -> dict[str, str | int]:
    """The position parameters of a link; fields and limit are ours."""
    return {k: v for k, v in (following or {}).items() if k not in ("fields", "limit", "platform", "pretty")}


def _is_below(entries: list[dict[str, Json]], oldest: int, path: str) -> bool:
    """Conversations are ordered by their last message, posts by creation time."""
    name = "created_time" if path.endswith("/feed") else "updated_time"
    times = [at for entry in entries if (at := wire.millis(entry.get(name)))]
    return bool(times) and max(times) < oldest


def _changed(config: Config, entry: Mapping[str, Json], changes: Changes, floor: int) -> list[Item]:
    """Items of a post or conversation that changed since `floor`. All of them: ingest decides what is a mention."""
    changed_at = wire.millis(entry.get("updated_time")) or wire.millis(entry.get("created_time"))
    if changed_at is not None and changed_at < floor:
        return []
    return unique(changes(config, entry, floor))


def post_with_comments(config: Config, post: Mapping[str, Json], floor: int) -> list[Item]:
    """The post with all comments since `floor`; only the newest ones come nested."""
    items, about = wire.post_items(post), wire.context_of(post)
    params: dict[str, str | int] = {"fields": COMMENT_FIELDS, "order": "reverse_chronological", "filter": "stream"}
    path = f"{client.node(wire.text(post.get('id')))}/comments"
    more = _deeper(config, path, post.get("comments"), params, floor)
    return items + [item for comment in more for item in wire.comment_items(comment, about)]


def _talk(config: Config, conversation: Mapping[str, Json], floor: int) -> list[Item]:
    path = f"{client.node(wire.text(conversation.get('id')))}/messages"
    more = _deeper(config, path, conversation.get("messages"), {"fields": _MESSAGE}, floor)
    link = wire.text(conversation.get("link"))
    return wire.conversation_items(conversation) + [wire.message_item(m, link) for m in more if wire.text(m.get("id"))]


def _deeper(
    config: Config, path: str, nested: Json, params: dict[str, str | int], floor: int
) -> Iterator[dict[str, Json]]:
    """The rest of a nested list, newest first, bounded and down to `floor`."""
    entries, following = objects_of(value_at(nested, "data")), client.following(value_at(nested, "paging"))
    for _ in range(DEEP_PAGES):
        times = [at for entry in entries if (at := wire.millis(entry.get("created_time")))]
        if following is None or (times and min(times) < floor):
            return
        answer = client.get(config, path, {**params, "limit": 100, **going_on(following)})
        entries, following = client.listed(answer, "comments or messages")
        yield from entries


def talk_with(config: Config, thread_id: str, floor: int) -> list[Item]:
    """The messages of one conversation since `floor` (ms). Facebook finds it by the person's id."""
    params: dict[str, str | int] = {
        "platform": "messenger",
        "user_id": thread_id.removeprefix(TALK),
        "fields": _TALK,
    }
    answer = client.get(config, f"{client.page_of(config)}/conversations", params)
    return [item for talk in client.listed(answer, "conversations")[0] for item in _talk(config, talk, floor)]


def check(config: Config) -> str:
    me = object_of(client.get(config, "me", {"fields": "id,name"}).body)
    number = str(me.get("id") or "")
    if not number:
        raise Transient("Facebook did not say who owns this token. The desk retries automatically.")
    if number != page_id(config):
        raise AuthFailed(f"The token belongs to {me.get('name')} ({number}), not to the page {page_id(config)}.")
    for path in _paths(config).values():
        client.get(config, path, {"fields": "id", "limit": 1})
    return f"Connected as the page {me.get('name')} ({number})."


def token_expires_at(config: Config) -> datetime | None:
    """https://developers.facebook.com/docs/graph-api/reference/debug_token/: 0 means never. Data access may expire
    before the token does, so the earlier of the two counts."""
    token, app, secret = config.secret("page_token"), config.setting("app_id"), config.secret("app_secret")
    answer = client.get(config, "debug_token", {"input_token": token}, speaker=client.APP if app and secret else "")
    data = value_at(answer.body, "data")
    if not isinstance(data, dict):
        raise Transient("Facebook did not say when the token expires.")
    if data.get("is_valid") is False:
        raise AuthFailed("The page access token is no longer valid. Create a new one and enter it here.")
    ends = [data.get(name) for name in ("expires_at", "data_access_expires_at")]
    known = [end for end in ends if isinstance(end, int) and 0 < end < 1e11]
    return datetime.fromtimestamp(min(known), UTC) if known else None
