"""Reads a question with its answers and comments, and looks up missing ones."""

from __future__ import annotations

from collections.abc import Sequence

from channels.adapters.stackexchange import wire
from channels.adapters.stackexchange.client import ask, thread_filter
from channels.adapters.stackexchange.fetching import PER_PAGE
from channels.contract import Config, Item
from channels.errors import Rejected
from channels.toolkit.values import number_of

LOOKUPS = 100


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """The question, its answers and all comments, in one request."""
    number = number_of(thread_id)
    if number is None:
        raise Rejected(f"{thread_id!r} is not a Stack Exchange question.")
    wrapper = ask(config, f"/questions/{number}", {"filter": thread_filter(config), "pagesize": 1})
    items = {i.external_id: i for entry in wrapper.items if "question_id" in entry
             for i in wire.of_question(entry, found=False)}  # fmt: skip
    return list(items.values())


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """Posts that are no longer shown: the API leaves out deleted ones."""
    comments = [n for i in external_ids if i.startswith(wire.COMMENT) if (n := number_of(i[len(wire.COMMENT) :]))]
    posts = [n for i in external_ids if (n := number_of(i))]
    gone = [wire.COMMENT + n for n in _missing(config, "comment", comments[:LOOKUPS])]
    gone += _missing(config, "post", posts[:LOOKUPS])
    return [wire.vanished(external_id, thread_id) for external_id in gone]


def _missing(config: Config, kind: str, numbers: Sequence[str]) -> list[str]:
    """https://api.stackexchange.com/docs/posts-by-ids: up to 100 ids; existing posts are returned."""
    if not numbers:
        return []
    wrapper = ask(config, f"/{kind}s/{';'.join(numbers)}", {"pagesize": PER_PAGE})
    if wrapper.has_more:
        return []
    there = {number_of(entry.get(f"{kind}_id")) for entry in wrapper.items}
    return [number for number in numbers if number not in there]
