"""Reads a comment with its replies, and looks up missing ones."""

from __future__ import annotations

from collections.abc import Sequence

from channels.adapters.youtube import wire
from channels.adapters.youtube.client import Closed, listed
from channels.adapters.youtube.fetching import replies_under, titles_of
from channels.contract import Config, Item
from channels.errors import ChannelError
from channels.toolkit.values import text_of

LOOKUPS = 50


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """The first comment and all its replies."""
    number = wire.top_of(thread_id)
    try:
        body = listed(config, "/commentThreads", {"part": "snippet,replies", "id": number, "textFormat": "html"})
    except Closed:
        return []
    if not body["items"]:
        return []
    thread = body["items"][0]
    about = wire.about_of(thread, {})
    if about["videoId"]:
        about["title"] = _title(config, about["videoId"])
    items = {i.external_id: i for i in wire.of_thread(thread, {about["videoId"]: about["title"] or ""}, found=False)}
    total = thread["snippet"].get("totalReplyCount")
    if isinstance(total, int) and total > len(wire.included(thread)):
        items |= {i.external_id: i for c in replies_under(config, number) for i in [wire.comment_item(c, about)]}
    return list(items.values())


def _title(config: Config, video: str) -> str | None:
    """Optional: a missing title doesn't fail the thread."""
    try:
        return titles_of(config, [video])[video] or None
    except ChannelError:
        return None


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """Comments missing from the thread, requested by id: deleted, or marked as spam."""
    asked = list(external_ids[:LOOKUPS])
    if not asked:
        return []
    try:
        body = listed(config, "/comments", {"part": "snippet", "id": ",".join(asked), "textFormat": "html"})
    except Closed:
        return [wire.vanished(external_id) for external_id in asked] if len(asked) == 1 else []
    there = {text_of(comment.get("id")) for comment in body["items"]}
    return [wire.vanished(external_id) for external_id in asked if external_id not in there]
