"""Splits Mastodon response bodies into items, one per status.

Entities: https://docs.joinmastodon.org/entities/Status/, …/Notification/, …/Context/, …/Search/. An item's payload is
{"status": …} with `told` (it came with a notification, so it addresses us), `in_thread`, `root` (id of the
conversation's first post, which the API never gives) and `gone`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.adapters.mastodon.client import error_line
from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import malformed_id, objects_of, picked, unique, value_at

TALK = ("mention", "quote")
"""Notification types that carry a post: https://docs.joinmastodon.org/entities/Notification/#type"""
_PUBLIC = ("public", "unlisted")
_STATUS_FIELDS = (
    "id", "created_at", "edited_at", "in_reply_to_id", "in_reply_to_account_id", "visibility", "language", "url", "uri",
    "content", "spoiler_text", "sensitive", "replies_count", "reblogs_count", "favourites_count", "quotes_count",
)  # fmt: skip
_OF_ACCOUNT = ("id", "username", "acct", "display_name", "url", "bot")


def split(document: Document, config: Config) -> list[Item]:
    """The statuses in a body. Raises Malformed for an error, or for a body that isn't Mastodon's."""
    if isinstance(document, list):
        return _from_list(document)
    if not isinstance(document, dict):
        raise Malformed("Not a Mastodon response: neither an object nor a list.")
    if "error" in document:
        raise Malformed(f"Mastodon says: {error_line(document) or 'an error'}.")
    if isinstance(document.get("statuses"), list):
        return unique([of_status(status) for status in document["statuses"]])
    if isinstance(document.get("ancestors"), list) and isinstance(document.get("descendants"), list):
        found = [*document["ancestors"], *document["descendants"]]
        return unique([of_status(status, in_thread=True) for status in found])
    if _is_entry(document):
        return _from_list([document])
    if "count" in document:
        return []
    raise Malformed("Not a Mastodon response: no statuses.")


def _is_entry(entry: Json) -> bool:
    """A status, a notification, or an account (which holds no text)."""
    return isinstance(entry, dict) and any(key in entry for key in ("content", "type", "acct"))


def _from_list(entries: list[Json]) -> list[Item]:
    if entries and not any(map(_is_entry, entries)):
        raise Malformed("Not a Mastodon response: a list of neither statuses nor notifications.")
    items: list[Item] = []
    for entry in entries:
        if not isinstance(entry, dict) or ("acct" in entry and "content" not in entry):
            continue
        if "type" not in entry:
            items.append(of_status(entry))
        elif entry["type"] in TALK and entry.get("status") is not None:
            items.append(of_status(entry["status"], told=True))
    return unique(items)


def of_status(status: Json, **marks: Json) -> Item:
    """Unreadable statuses are kept too, and shown as failed."""
    number = identity(value_at(status, "id"))
    if number is None:
        return Item(malformed_id(status), {"status": status, **marks})
    return Item(number, {"status": trimmed(status), **marks})


def vanished(number: str, root: str) -> Item:
    """A status that is no longer shown: deleted, or made private."""
    return Item(number, {"status": {"id": number}, "root": root, "gone": True})


def is_public(status: Mapping[str, Any]) -> bool:
    return status.get("visibility") in _PUBLIC


def identity(value: Json) -> str | None:
    """Ids are strings, not necessarily numeric: https://docs.joinmastodon.org/api/guidelines/#id"""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable() else None


def trimmed(status: Mapping[str, Any]) -> dict[str, Any]:
    """The fields we read; an account alone comes with fifty lines of pictures and settings."""
    kept = picked(status, _STATUS_FIELDS)
    if isinstance(status.get("account"), dict):
        kept["account"] = picked(status["account"], _OF_ACCOUNT)
    kept["mentions"] = _picked(status.get("mentions"), ("id", "acct", "url"))
    kept["tags"] = _picked(status.get("tags"), ("name", "url"))
    kept["media_attachments"] = _picked(status.get("media_attachments"), ("type", "url", "remote_url", "description"))
    if isinstance(status.get("card"), dict):
        kept["card"] = {key: status["card"].get(key) for key in ("url", "title")}
    if isinstance(status.get("poll"), dict):
        poll = status["poll"]
        kept["poll"] = {"votes_count": poll.get("votes_count"), "options": _picked(poll.get("options"), ("title",))}
    if status.get("reblog") is not None:
        kept["reblog"] = True
    quoted = status.get("quote")
    inner = quoted.get("quoted_status", quoted) if isinstance(quoted, dict) else None
    if isinstance(inner, dict):
        kept["quote"] = {key: inner.get(key) for key in ("id", "url")}
    return kept


def _picked(entries: Json, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    return [picked(entry, keys) for entry in objects_of(entries)]
