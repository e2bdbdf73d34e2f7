"""Reads an issue with all its notes, and looks up missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from channels.adapters.gitlab import client, wire
from channels.adapters.gitlab.fetching import notes_since
from channels.adapters.gitlab.places import INTERNAL, Place, place_from
from channels.contract import Config, Item
from channels.errors import NotFound, Rejected


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """An issue with all notes of the same visibility: a public conversation never shows internal notes."""
    place = place_from(thread_id)
    if place is None:
        raise Rejected(f"{thread_id!r} is not a GitLab issue.")
    try:
        issue = client.thing(client.get(config, client.issue_path(config, place)), "an issue")
        notes, _ = notes_since(config, issue, datetime.fromtimestamp(0, UTC))
    except NotFound:
        return []
    items = notes if place.closed == INTERNAL else [wire.issue_item(issue), *notes]
    return [item for item in items if _closed(item) == place.closed]


def _closed(item: Item) -> str:
    place = place_from(item.external_id)
    return place.closed if place else ""


def lookup(config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
    """Which of them are gone. 404 can also mean *hidden*, so it only counts if the parent is readable."""
    found = []
    for place in filter(None, map(place_from, external_ids)):
        if _is_gone(config, place):
            found.append(wire.gone_item(place))
    return found


def _is_gone(config: Config, place: Place) -> bool:
    """A note under a readable issue, an issue in a readable project; one that became confidential is gone for the
    public too."""
    path = client.issue_path(config, place)
    try:
        seen = client.thing(client.get(config, f"{path}/notes/{place.note}" if place.note else path), "an answer")
        return not place.note and not place.closed and wire.issue_item(seen).external_id != str(place)
    except NotFound:
        pass
    try:
        client.get(config, path if place.note else path.partition("/issues/")[0])
    except NotFound:
        return False
    return True
