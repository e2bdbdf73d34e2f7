"""Stack Exchange wire format: the wrapper, questions, answers and comments. Pure.

Wrapper: https://api.stackexchange.com/docs/wrapper. Posts: https://api.stackexchange.com/docs/types/question,
…/types/answer, …/types/comment. Titles and names come HTML-escaped (https://api.stackexchange.com/docs/filters, safe
filters), bodies are HTML. Questions and answers share one id sequence (https://api.stackexchange.com/docs/posts),
comments have another; both are unique only within their site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import number_of, object_of, objects_of, picked, text_of

COMMENT = "comment-"
"""Prefix of comment ids: comment 5 is not post 5."""
_UNUSED = ("answers", "comments", "body_markdown", "owner", "badge_counts")


def site_of(config: Config) -> str:
    """The site's API name: `stackoverflow`, `unix`, `es.stackoverflow`; full host names are shortened."""
    site = str(config.setting("site", "stackoverflow")).strip().lower()
    site = site.removeprefix("https://").removeprefix("http://").strip("/").removeprefix("www.")
    for ending in (".stackexchange.com", ".com"):
        site = site.removesuffix(ending)
    return site


def split(document: Document, config: Config) -> list[Item]:
    """Posts of a wrapper, including nested ones. Users, sites and the like hold no mentions."""
    if not isinstance(document, dict):
        raise Malformed("Not a Stack Exchange response: not an object.")
    if "error_id" in document:
        raise Malformed(f"Stack Exchange returned an error: {error_line(document)}")
    entries = document.get("items")
    if not isinstance(entries, list):
        raise Malformed("Not a Stack Exchange response: no items.")
    return [item for entry in entries for item in _of_entry(entry)]


def error_line(body: Mapping[str, Any]) -> str:
    name, message = body.get("error_name"), body.get("error_message")
    return " ".join(" ".join(str(part) for part in (body.get("error_id"), name, message) if part).split())


def _of_entry(entry: Json) -> Iterator[Item]:
    if not isinstance(entry, dict):
        raise Malformed("A Stack Exchange item is not an object.")
    if "comment_id" in entry:
        yield _item(entry, "comment", {})
    elif "answer_id" in entry:
        yield from _of_answer(entry, {"question_id": entry.get("question_id"), "title": entry.get("title")})
    elif "question_id" in entry:
        yield from of_question(entry, found=True)


def of_question(entry: Mapping[str, Any], *, found: bool) -> Iterator[Item]:
    """The question, its comments, its answers and their comments. `found`: by a search, so it must still be checked for
    relevance; posts from a thread belong to it anyway."""
    question = {key: entry.get(key) for key in ("question_id", "title", "link")}
    yield _item(entry, "question", question, found)
    yield from _comments(entry, question)
    for answer in objects_of(entry.get("answers")):
        yield from _of_answer(answer, question)


def _of_answer(answer: Mapping[str, Any], question: Mapping[str, Any]) -> Iterator[Item]:
    yield _item(answer, "answer", question)
    yield from _comments(answer, question)


def _comments(post: Mapping[str, Any], question: Mapping[str, Any]) -> Iterator[Item]:
    for comment in objects_of(post.get("comments")):
        yield _item(comment, "comment", question)


def _item(entry: Mapping[str, Any], kind: str, question: Mapping[str, Any], found: bool = False) -> Item:
    number = number_of(entry.get(f"{kind}_id"))
    if number is None:
        raise Malformed(f"A Stack Exchange {kind} has no id.")
    post = {key: value for key, value in entry.items() if key not in _UNUSED}
    post["owner"] = _owner(entry.get("owner"))
    if not text_of(post.get("body")) and text_of(entry.get("body_markdown")):
        post["body_markdown"] = entry["body_markdown"]
    payload: dict[str, Any] = {"kind": kind, "post": post, "question": dict(question)}
    if found:
        payload["found"] = True
    return Item(COMMENT + number if kind == "comment" else number, payload)


def _owner(owner: Json) -> dict[str, Any]:
    return picked(object_of(owner), ("user_id", "user_type", "display_name", "link", "reputation"))


def vanished(external_id: str, thread_id: str) -> Item:
    """A post that is no longer shown."""
    return Item(external_id, {"kind": "gone", "post": {}, "question": {"question_id": thread_id}})
