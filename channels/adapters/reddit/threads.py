"""Reads a whole conversation, and looks up posts missing from it.

`/comments/ID` collapses branches into `more` objects: https://www.reddit.com/dev/api/#GET_api_morechildren (at most 100
ids per request). One without ids means *continue this thread*: its branch is requested by its parent comment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from channels.adapters.reddit import client, wire
from channels.contract import Config, Item, Json
from channels.errors import Malformed, Rejected
from channels.toolkit.values import list_of, value_at

PER_REQUEST = 100
REQUESTS = 20
"""The maximum per thread: a quarter of Reddit's quota per minute."""
LIMIT = 500


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """The post and its comments, newest first if there are more than we may request."""
    root = wire.fullname(thread_id, wire.POST)
    if root is None or not root.startswith("t3_"):
        raise Rejected(f"{thread_id!r} is not a Reddit post.")
    number = root.removeprefix("t3_")
    found: dict[str, Item] = {}
    body = _page(config, number, None)
    story = _story(body)
    waiting = deque(_take(config, body, story, found))
    for _ in range(REQUESTS):
        if not waiting:
            break
        more = waiting.popleft()
        ids, rest = more[:PER_REQUEST], more[PER_REQUEST:]
        if rest:
            waiting.append(rest)
        waiting.extend(_take(config, _branch(config, root, number, ids), story, found))
    return list(found.values())


def _page(config: Config, number: str, comment: str | None) -> Json:
    params: dict[str, str | int] = {"limit": LIMIT, "sort": "new"}
    if comment is not None:
        params["comment"] = comment
    body = client.get(config, f"comments/{number}", params).body
    if not isinstance(body, list):
        raise Malformed("Reddit did not return the post and its comments.")
    return body


def _branch(config: Config, root: str, number: str, ids: list[str]) -> Json:
    """Expands a `more` object: its ids, or the branch below the comment `t1_…` that it continues."""
    if len(ids) == 1 and ids[0].startswith("t1_"):
        return _page(config, number, ids[0].removeprefix("t1_"))
    params = {"link_id": root, "children": ",".join(ids), "sort": "new", "limit_children": "false", "api_type": "json"}
    return client.get(config, "api/morechildren", params).body


def _take(config: Config, body: Json, story: Mapping[str, Any], found: dict[str, Item]) -> list[list[str]]:
    """Adds the things in a body; returns what is still hidden, as arguments for `_branch`. A branch that yields nothing
    new isn't requested again."""
    before = len(found)
    for item in wire.split(body, config, escaped=False, in_thread=True):
        if item.payload["kind"] == wire.COMMENT and story:
            item.payload["post"] = dict(story)
        found.setdefault(item.external_id, item)
    if len(found) == before:
        return []
    return [ids for more in _hidden(body) if (ids := _hidden_ids(more))]


def _hidden_ids(more: Mapping[str, Any]) -> list[str]:
    if ids := [child for child in list_of(more.get("children")) if isinstance(child, str)]:
        return ids
    parent = more.get("parent_id")
    return [parent] if isinstance(parent, str) and parent.startswith("t1_") else []


def _hidden(body: Json) -> Iterable[Mapping[str, Any]]:
    """The `more` objects of a body, at any depth."""
    waiting: list[Any] = list(body) if isinstance(body, list) else [body]
    while waiting:
        entry = waiting.pop(0)
        if not isinstance(entry, dict):
            continue
        data = entry.get("data")
        if entry.get("kind") == wire.MORE and isinstance(data, dict):
            yield data
        elif entry.get("kind") == "Listing":
            waiting += wire.children_of(entry)
        elif isinstance(entry.get("json"), dict):
            waiting += list_of(value_at(entry, "json", "data", "things"))
        elif isinstance(data, dict):
            waiting.append(data.get("replies"))


def _story(body: Json) -> dict[str, Any]:
    for child in wire.children_of(body[0]) if isinstance(body, list) and body else ():
        if child.get("kind") == wire.POST and isinstance(child.get("data"), dict):
            return wire.story_of(child["data"])
    return {}


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """Things by fullname; deleted ones are marked as such, unknown ones are left out.
    https://www.reddit.com/dev/api/#GET_api_info"""
    wanted = [name for name in external_ids if name.startswith(("t1_", "t3_")) and wire.fullname(name, "")]
    items: list[Item] = []
    for at in range(0, len(wanted), PER_REQUEST):
        body = client.get(config, "api/info", {"id": ",".join(wanted[at : at + PER_REQUEST])}).body
        items += wire.split(body, config, escaped=False, in_thread=True)
    return items
