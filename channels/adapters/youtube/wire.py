"""YouTube wire format: comment threads and comments of the Data API v3. Pure.

https://developers.google.com/youtube/v3/docs/commentThreads and …/docs/comments. A thread holds its first comment and
some of its replies; a reply's id is its parent comment's id, a dot, and a suffix. `textDisplay` is HTML, `textOriginal`
the text as typed, documented as visible only to the author.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.text import html_to_text
from channels.toolkit.values import drop_none, list_of, object_of, objects_of, picked, text_of, value_at

WEB = "https://www.youtube.com"
_SNIPPET_FIELDS = (
    "authorDisplayName", "authorChannelUrl", "authorChannelId", "channelId", "videoId", "textDisplay", "textOriginal",
    "parentId", "likeCount", "moderationStatus", "publishedAt", "updatedAt",
)  # fmt: skip
_THREAD, _COMMENT = "youtube#commentThread", "youtube#comment"


def top_of(external_id: str) -> str:
    """The first comment of a comment's thread."""
    return external_id.partition(".")[0]


def split(document: Document, config: Config) -> list[Item]:
    """Lists of threads or comments, one of either, or the replies of a thread. Videos, channels and search results hold
    no comments."""
    if not isinstance(document, dict):
        raise Malformed("Not a YouTube response: not an object.")
    error = document.get("error")
    if error is not None:
        raise Malformed(f"YouTube returned an error: {error_line(error)}")
    entries = document.get("items")
    if not isinstance(entries, list):
        entries = document.get("comments")
    if isinstance(entries, list):
        return [item for entry in entries for item in _of_entry(entry)]
    if isinstance(document.get("snippet"), dict) or "topLevelComment" in document:
        return list(_of_entry(document))
    raise Malformed("Not a YouTube response: neither items nor a comment.")


def error_line(error: Json) -> str:
    if not isinstance(error, dict):
        return str(error)[:200]
    message = html_to_text(str(error.get("message") or ""))
    return " ".join(str(part) for part in (error.get("code"), reason_of({"error": error}), message) if part)


def reason_of(body: Json) -> str:
    """The reason for a refused request: https://developers.google.com/youtube/v3/docs/errors."""
    first = next(iter(list_of(value_at(body, "error", "errors"))), None)
    return str(object_of(first).get("reason") or "")


def _of_entry(entry: Json) -> Iterator[Item]:
    if not isinstance(entry, dict):
        raise Malformed("A YouTube item is not an object.")
    snippet = entry.get("snippet", entry)
    if isinstance(snippet, dict) and "topLevelComment" in snippet:
        yield from of_thread(entry)
    elif entry.get("kind") == _COMMENT or (isinstance(snippet, dict) and "textDisplay" in snippet):
        yield comment_item(entry, {}, found=True)
    elif entry.get("kind") == _THREAD:
        raise Malformed("A YouTube thread has no first comment.")


def of_thread(thread: Mapping[str, Any], titles: Mapping[str, str] | None = None, *, found: bool = True) -> list[Item]:
    """The first comment and the replies included with it. `titles`: video → title, which comments don't carry. `found`:
    by a poll, so it must still match the connection's phrases, if any; a followed thread need not."""
    top = object_of(thread.get("snippet", thread)).get("topLevelComment")
    if not isinstance(top, dict):
        raise Malformed("A YouTube thread has no first comment.")
    about = about_of(thread, titles or {})
    return [comment_item(comment, about, found=found) for comment in (top, *included(thread))]


def included(thread: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The replies included with a thread; complete only if `totalReplyCount` says so."""
    return objects_of(object_of(thread.get("replies")).get("comments"))


def about_of(thread: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """The thread data its comments need to be read on their own."""
    known = object_of(thread.get("snippet"))
    video = text_of(known.get("videoId"))
    return {"videoId": video, "channelId": text_of(known.get("channelId")), "title": titles.get(video)}


def comment_item(comment: Mapping[str, Any], about: Mapping[str, Any], *, found: bool = False) -> Item:
    number, snippet = text_of(comment.get("id")), comment.get("snippet")
    if not number or len(number) > 300:
        raise Malformed("A YouTube comment has no id.")
    if not isinstance(snippet, dict):
        raise Malformed("A YouTube comment has no snippet.")
    kept = drop_none(picked(snippet, _SNIPPET_FIELDS))
    return Item(number, {"comment": kept, "about": dict(about), **({"found": True} if found else {})})


def vanished(external_id: str) -> Item:
    """A comment that is no longer shown."""
    return Item(external_id, {"comment": {}, "about": {}, "gone": True})
