"""Twitter wire format: API v2 pages, lookups and stream lines, API v1.1 statuses, account activity. Pure.

https://docs.x.com/x-api/fundamentals/data-dictionary (v2),
https://developer.x.com/en/docs/x-api/v1/data-dictionary/object-model/tweet (v1.1).
Each item carries its tweet's part of `includes`, so it can be read on its own later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import list_of, malformed_id, object_of, objects_of, value_at

Object = Mapping[str, Any]

_NO_TWEET = frozenset(("event_type", "dm_conversation_id", "recipient", "recipient_id", "screen_name", "username"))
_EVENT_LISTS = ("tweet_create_events", "statuses")
_DELETION_LISTS = ("tweet_delete_events",)
# Other answers of the API: users, counts, rules, lists, media, places, trends, ids, write receipts.
_OTHER_ANSWERS = frozenset(
    {
        "meta", "includes", "users", "tweets", "media", "polls", "places", "ids", "next_cursor", "previous_cursor",
        "username", "screen_name", "media_key", "media_id", "media_id_string", "full_name", "for_user_id", "lists",
        "matching_rules", "trends", "locations", "relationship", "resources", "events", "tweet_count", "deleted",
        "liked", "retweeted", "following", "tag", "value", "options", "friends", "search_metadata", "result", "slug",
        "place_type", "rate_limit_context", "dm_event_id", "limit", "connection_status", "woeid", "event", "query",
        "usage", "project_cap", "warning", "disconnect", "scrub_geo", "status_withheld", "user_withheld",
    }
)  # fmt: skip


def documents(data: bytes, config: Config) -> Iterator[Document]:
    """One JSON document, or one per line as streams and collectors write them (with blank keep-alive lines between)."""
    try:
        yield json.loads(data)
        return
    except RecursionError as error:
        raise Malformed("not valid JSON: nested too deeply") from error
    except ValueError as error:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2 or not _is_json(lines[0]):
            raise Malformed(f"not valid JSON: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"line {number} is not valid JSON: {error}") from error


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict | list)
    except (ValueError, RecursionError):
        return False


def split(document: Document, config: Config) -> list[Item]:
    """The tweets of a document; tweets under `includes` are context, not items."""
    return tweets_in(document)


def tweets_in(document: Document) -> list[Item]:
    if isinstance(document, list):
        return _newest_versions([item for entry in document for item in _of_entry(entry, {})])
    if not isinstance(document, dict):
        raise Malformed("Not a Twitter document: neither an object nor a list.")
    data = document.get("data")
    if data is None and document.get("errors"):
        raise Malformed(error_line(document))
    if isinstance(data, dict | list):
        return _of_data(data, document)
    if looks_like_tweet(document) or "delete" in document:
        return list(_of_entry(document, {}))
    if document.keys() & {*_EVENT_LISTS, *_DELETION_LISTS}:
        return _newest_versions(list(_of_lists(document)))
    if "error" in document or _is_problem(document):
        raise Malformed(error_line(document))
    if document.keys() & _OTHER_ANSWERS:
        return []
    raise Malformed("Not a Twitter document: neither tweets nor any other known answer.")


def looks_like_tweet(entry: Json) -> bool:
    """Only tweets have an id and a text but no type or recipient, which private messages have too."""
    if not isinstance(entry, dict) or entry.keys() & _NO_TWEET:
        return False
    has_id = entry.get("id") is not None or entry.get("id_str") is not None
    return has_id and ("text" in entry or "full_text" in entry or "edit_history_tweet_ids" in entry)


def error_line(document: Object) -> str:
    """An error body's message, on one line."""
    errors = document.get("errors")
    parts = []
    for entry in [document, *list_of(errors)][:3]:
        if isinstance(entry, dict):
            parts += [str(entry[k]) for k in ("title", "detail", "message", "error") if isinstance(entry.get(k), str)]
    said = " ".join(" ".join(dict.fromkeys(parts)).split())
    return f"Twitter returned an error: {said[:200] or 'without an explanation'}"


def _is_problem(document: Object) -> bool:
    return "title" in document and ("status" in document or "detail" in document or "type" in document)


def _of_data(data: Json, document: Object) -> list[Item]:
    entries = data if isinstance(data, list) else [data]
    if isinstance(data, dict) and isinstance(data.get("error"), str):
        raise Malformed(error_line(data))
    includes = document.get("includes")
    context = _index(includes) if isinstance(includes, dict) else {}
    return _newest_versions([item for entry in entries for item in _of_entry(entry, context)])


def _of_lists(document: Object) -> Iterator[Item]:
    for name in _EVENT_LISTS:
        for entry in _entries(document, name):
            yield from _of_entry(entry, {})
    for name in _DELETION_LISTS:
        for entry in _entries(document, name):
            yield from _of_entry({"delete": entry}, {})


def _entries(document: Object, name: str) -> list[Any]:
    entries = document.get(name)
    if entries is not None and not isinstance(entries, list):
        raise Malformed(f"Not a Twitter document: {name} is not a list.")
    return entries or []


def _of_entry(entry: Json, context: Mapping[str, Mapping[str, Any]]) -> Iterator[Item]:
    """A list entry: a tweet, a deletion, a nested page (collectors store pages), or nothing we read."""
    if not isinstance(entry, dict):
        if not isinstance(entry, str | int | None):
            raise Malformed("Not a Twitter document: a list of lists.")
        return
    if looks_like_tweet(entry):
        yield _item(entry, context)
    elif isinstance(entry.get("delete"), dict):
        status = entry["delete"].get("status")
        number = identity(status, "id") if isinstance(status, dict) else None
        if number is None:
            raise Malformed("A deletion does not name its tweet.")
        yield deletion(number, status)
    elif "data" in entry and not context and not isinstance(entry["data"], str):
        yield from tweets_in(entry)


def deletion(number: str, status: Object | None = None) -> Item:
    """A deleted tweet: only its id is left, and sometimes its author's."""
    user = identity(status, "user_id") if status else None
    return Item(number, {"deleted": {"id": number, "user_id": user}})


def identity(entry: Object | None, key: str) -> str | None:
    """An id as text; v1.1 numbers may have been rounded by whoever stored them, so the `_str` form comes first."""
    if entry is None:
        return None
    for value in (entry.get(f"{key}_str"), entry.get(key)):
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return str(value)
    return None


def history(tweet: Object) -> list[str]:
    """Ids of all versions, oldest first; empty if the tweet doesn't list them."""
    versions = tweet.get("edit_history_tweet_ids")
    if not isinstance(versions, list):
        versions = object_of(tweet.get("edit_history")).get("edit_tweet_ids")
    known = [number for v in versions or () if (number := identity({"id": v}, "id"))]
    return sorted(dict.fromkeys(known), key=lambda number: (len(number), number)) if len(known) > 1 else known


def _item(tweet: Object, context: Mapping[str, Mapping[str, Any]]) -> Item:
    number = identity(tweet, "id")
    if number is None:
        return Item(malformed_id(tweet), {"tweet": dict(tweet)})
    versions = history(tweet)
    payload: dict[str, Any] = {"tweet": tweet}
    if context:
        users, media = context["users"], context["media"]
        user = users.get(_key(tweet, "author_id"))
        if user is not None:
            payload["user"] = user
        attached = tweet.get("attachments")
        if media and isinstance(attached, dict) and isinstance(attached.get("media_keys"), list):
            payload["media"] = [media[k] for k in attached["media_keys"] if isinstance(k, str) and k in media]
        root = None if "conversation_id" in tweet else _root(tweet, context["tweets"])
        if root is not None:
            payload["root"] = root
    return Item(versions[0] if versions else number, payload)


def _key(entry: Object, name: str) -> str:
    value = entry.get(name)
    return str(value) if isinstance(value, str | int) else ""


def _index(includes: Object) -> dict[str, dict[str, Any]]:
    """Users, tweets and media by id."""
    found: dict[str, dict[str, Any]] = {}
    for name, key in (("users", "id"), ("tweets", "id"), ("media", "media_key")):
        found[name] = {_key(entry, key): entry for entry in objects_of(includes.get(name)) if key in entry}
    return found


def parent_of(tweet: Object) -> str | None:
    """The parent tweet, in either API."""
    return referenced(tweet, "replied_to") or identity(tweet, "in_reply_to_status_id")


def referenced(tweet: Object, kind: str) -> str | None:
    """The tweet that it answers or quotes, as in API v2."""
    for reference in list_of(tweet.get("referenced_tweets")):
        if isinstance(reference, dict) and reference.get("type") == kind:
            return identity(reference, "id")
    return None


def _root(tweet: Object, known: Mapping[str, Any]) -> str | None:
    """The conversation's root, as far as the included parents show, for payloads without conversation_id."""
    root = None
    for _ in range(50):
        parent = parent_of(tweet)
        if parent is None or parent == root:
            return root
        root = parent
        tweet = known.get(parent, {})
        if conversation := identity(tweet, "conversation_id"):
            return conversation
    return root


def _newest_versions(items: list[Item]) -> list[Item]:
    """One item per tweet if a document holds several versions of it."""
    best: dict[str, Item] = {}
    for item in items:
        other = best.get(item.external_id)
        if other is None or _version(item) > _version(other):
            best[item.external_id] = item
    if len(best) == len(items):
        return items
    seen = set()
    return [best[i.external_id] for i in items if not (i.external_id in seen or seen.add(i.external_id))]  # type: ignore[func-returns-value]


def _version(item: Item) -> tuple[int, str]:
    number = identity(item.payload.get("tweet") or {}, "id") or ""
    return (len(number), number)


def next_token(body: Mapping[str, Any]) -> str | None:
    """The token of the next page; None on the last."""
    token = value_at(body, "meta", "next_token")
    return token if isinstance(token, str) and token else None
