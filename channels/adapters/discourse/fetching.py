"""Reads new posts from `posts.json`, newest first; `before` a number is inclusive.

https://docs.discourse.org/#tag/Posts/operation/listPosts. Older versions only look at the fifty numbers up to `before`,
so a response may be short or empty although more follows: private messages use numbers too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from channels.adapters.discourse import client, wire
from channels.adapters.discourse.filters import is_wanted
from channels.adapters.discourse.knowledge import Knowledge, Spent, unknown_categories
from channels.contract import Config, Item, Json, Page
from channels.errors import Malformed, Rejected
from channels.toolkit.cursors import Gap, Stretch, progress_from, read_down
from channels.toolkit.list_sources import backfill_start
from channels.toolkit.values import number_of, object_of, objects_in

PAGES_A_POLL = 20
OVERLAP = 60
"""Numbers are assigned before a post is committed. The overlap also catches edits of very recent posts without a
webhook."""
WINDOW = 50
EMPTY_ENDS = 8
"""This many empty windows in a row mark the beginning of the forum."""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Pages of posts that pass the filters. The cursor holds `posts` (`channels.toolkit.cursors`), `start` (epoch
    seconds; older posts are ignored) and `knowledge`."""
    stored = object_of(cursor)
    start = stored.get("start")
    if not isinstance(start, int | float):
        start = backfill_start(config)
    knowledge = Knowledge(config, stored.get("knowledge"))
    before = progress_from(stored.get("posts"), 0)
    for page, reached in read_down(_Posts(config, start).ask, before, overlap=OVERLAP, pages=PAGES_A_POLL):
        items, is_whole = _items(config, knowledge, [p for p in page.items if _is_young(p, start)])
        before = reached if is_whole else before
        state = {"posts": before.to_json(), "start": int(start), "knowledge": knowledge.to_json()}
        yield Page(items, state, *page.quota)
        if not is_whole:
            return


def _items(config: Config, knowledge: Knowledge, posts: list[Mapping[str, Any]]) -> tuple[list[Item], bool]:
    """The items of a page, and whether they are complete. Once a poll has used up its lookups, the next poll rereads
    the page with what this one has learnt."""
    knowledge.note(posts)
    items: list[Item] = []
    for post in posts:
        if post.get("post_type", wire.REGULAR) != wire.REGULAR:
            continue
        try:
            item = knowledge.item(post)
        except Spent:
            return items, False
        if item is not None and is_wanted(item.payload, config):
            items.append(item)
    return items, True


def _is_young(post: Mapping[str, Any], start: float) -> bool:
    at = wire.created_at(post)
    return at is None or at.timestamp() >= start


class _Posts:
    """One read of the forum's posts."""

    def __init__(self, config: Config, start: float) -> None:
        self.config = config
        self.start = start
        self._empty = 0

    def ask(self, gap: Gap, place: Json) -> Stretch:
        before = None if gap.ceiling is None else gap.ceiling - 1
        answer = client.get(self.config, "posts.json", [] if before is None else [("before", before)])
        posts = _posts(answer.body)
        self._empty = 0 if posts else self._empty + 1
        reached, is_last = _reach(posts, before)
        is_last = is_last or (reached or (0, 0))[0] <= max(0, gap.floor) + 1 or self._empty >= EMPTY_ENDS
        is_last = is_last or (bool(posts) and not any(_is_young(post, self.start) for post in posts))
        return Stretch(posts, reached, is_last, quota=answer.quota())


def _reach(posts: list[Mapping[str, Any]], before: int | None) -> tuple[tuple[int, int] | None, bool]:
    """The lowest and highest number an answer covers, and whether nothing can be below it."""
    numbers = [int(number) for number in (number_of(post.get("id")) for post in posts) if number]
    if numbers:
        return (min(numbers), max(numbers)), min(numbers) <= 1
    if before is None:
        return None, True
    low = max(1, before - WINDOW + 1)
    return (low, before), low <= 1


def _posts(body: Json) -> list[Mapping[str, Any]]:
    return [*objects_in(object_of(body).get("latest_posts"), Malformed("The forum returned no list of posts."))]


def check(config: Config) -> str:
    """Checks that the newest posts are readable and that the filters name existing categories."""
    found = len(_posts(client.get(config, "posts.json").body))
    missing = unknown_categories(config)
    if missing:
        raise Rejected(f"The forum shows no category with the slug {', '.join(missing)}. Correct the filter.")
    who = (
        f"as {config.setting('api_username', 'the owner of the key')}"
        if config.secret("api_key")
        else "without a login"
    )
    return f"Connected {who}: {found} posts on the first page of {client.site(config)}."
