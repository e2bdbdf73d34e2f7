"""Stack Exchange wire format: the wrapper, questions, answers and comments. Pure.

Wrapper: https://api.stackexchange.com/docs/wrapper. Posts: https://api.stackexchange.com/docs/types/question,
…/types/answer, …/types/comment. Titles and names come HTML-escaped (https://api.stackexchange.com/docs/filters, safe
filters), bodies are HTML. Questions and answers share one id sequence (https://api.stackexchange.com/docs/posts),
comments have another; both are unique only within their site.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from channels.contract import Author, Config, Document, Item, Json, Mention
from channels.errors import Malformed
from channels.toolkit.links import web_address
from channels.toolkit.text import clean, html_links, html_to_text, names_phrase, unescaped

COMMENT = "comment-"
"""Prefix of comment ids: comment 5 is not post 5."""
_HOSTS = {
    "stackoverflow": "stackoverflow.com",
    "serverfault": "serverfault.com",
    "superuser": "superuser.com",
    "askubuntu": "askubuntu.com",
    "stackapps": "stackapps.com",
}
_SHARED = ("tags", "score", "view_count", "answer_count", "is_answered", "accepted_answer_id", "is_accepted")
_CLOSED = ("closed_reason", "migrated_to", "locked_date", "community_owned_date")
_STATE = (*_SHARED, *_CLOSED, "edited", "last_activity_date")
_UNUSED = ("answers", "comments", "body_markdown", "owner", "badge_counts")


def site_of(config: Config) -> str:
    """The site's API name: `stackoverflow`, `unix`, `es.stackoverflow`; full host names are shortened."""
    site = str(config.setting("site", "stackoverflow")).strip().lower()
    site = site.removeprefix("https://").removeprefix("http://").strip("/").removeprefix("www.")
    for ending in (".stackexchange.com", ".com"):
        site = site.removesuffix(ending)
    return site


def web_base(config: Config, link: str = "") -> str:
    """The site's URL: the part before `/questions/` in one of its links, else derived from its name."""
    found, divider, _ = link.partition("/questions/")
    if divider and web_address(found):
        return found
    site = site_of(config)
    if site in _HOSTS:
        return f"https://{_HOSTS[site]}"
    if site.endswith((".stackoverflow", ".net")):
        return f"https://{site}" + ("" if site.endswith(".net") else ".com")
    return f"https://{site}.stackexchange.com"


def identity(value: Json) -> str | None:
    """An id as text, from a number or its digits; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return value if isinstance(value, str) and value.isascii() and value.isdigit() else None


def split(document: Document) -> list[Item]:
    """Posts of a wrapper, including nested ones. Users, sites and the like hold no mentions."""
    if not isinstance(document, dict):
        raise Malformed("Not a Stack Exchange response: not an object.")
    if "error_id" in document:
        raise Malformed(f"Stack Exchange answered with an error: {error_line(document)}")
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
    answers = entry.get("answers")
    for answer in answers if isinstance(answers, list) else ():
        if isinstance(answer, dict):
            yield from _of_answer(answer, question)


def _of_answer(answer: Mapping[str, Any], question: Mapping[str, Any]) -> Iterator[Item]:
    yield _item(answer, "answer", question)
    yield from _comments(answer, question)


def _comments(post: Mapping[str, Any], question: Mapping[str, Any]) -> Iterator[Item]:
    comments = post.get("comments")
    for comment in comments if isinstance(comments, list) else ():
        if isinstance(comment, dict):
            yield _item(comment, "comment", question)


def _item(entry: Mapping[str, Any], kind: str, question: Mapping[str, Any], found: bool = False) -> Item:
    number = identity(entry.get(f"{kind}_id"))
    if number is None:
        raise Malformed(f"A Stack Exchange {kind} has no id.")
    post = {key: value for key, value in entry.items() if key not in _UNUSED}
    post["owner"] = _owner(entry.get("owner"))
    if not _text(post.get("body")) and _text(entry.get("body_markdown")):
        post["body_markdown"] = entry["body_markdown"]
    payload: dict[str, Any] = {"kind": kind, "post": post, "question": dict(question)}
    if found:
        payload["found"] = True
    return Item(COMMENT + number if kind == "comment" else number, payload)


def _owner(owner: Json) -> dict[str, Any]:
    known = owner if isinstance(owner, dict) else {}
    return {key: known[key] for key in ("user_id", "user_type", "display_name", "link", "reputation") if key in known}


def vanished(external_id: str, thread_id: str) -> Item:
    """A post that is no longer shown."""
    return Item(external_id, {"kind": "gone", "post": {}, "question": {"question_id": thread_id}})


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in an item; None for a search hit with none of the connection's tags or phrases."""
    payload = item.payload
    if not isinstance(payload, dict) or not isinstance(payload.get("post"), dict):
        raise Malformed("A stored Stack Exchange post has no content.")
    question = payload.get("question")
    question = question if isinstance(question, dict) else {}
    mention = _mention(item.external_id, str(payload.get("kind")), payload["post"], question, config)
    return mention if not payload.get("found") or _is_wanted(payload["post"], mention, config) else None


def _is_wanted(post: Mapping[str, Any], mention: Mention, config: Config) -> bool:
    """The search stems words and ignores order and punctuation, so we check again."""
    tags, phrases = words(config, "tags"), words(config, "phrases")
    if not tags and not phrases:
        return True
    has = post.get("tags")
    if tags and isinstance(has, list) and {str(tag).lower() for tag in has} & {tag.lower() for tag in tags}:
        return True
    return bool(phrases) and names_phrase(phrases, mention.subject, mention.text, *mention.links)


def words(config: Config, name: str) -> tuple[str, ...]:
    entries = config.setting(name)
    return tuple(str(e).strip() for e in entries if str(e).strip()) if isinstance(entries, list | tuple) else ()


def _mention(
    external_id: str, kind: str, post: Mapping[str, Any], question: Mapping[str, Any], config: Config
) -> Mention:
    thread = identity(question.get("question_id")) or identity(post.get("post_id")) or external_id
    title = unescaped(_text(question.get("title"))) or None
    html = _text(post.get("body"))
    return Mention(
        external_id=external_id,
        thread_id=thread,
        author=_author(post.get("owner"), config),
        posted_at=_moment(post.get("creation_date")),
        text=html_to_text(html) if html else unescaped(_text(post.get("body_markdown"))),
        parent_id=_parent(kind, post, thread),
        subject=title if kind == "question" else None,
        html=html or None,
        url=_url(external_id, kind, post, question, config),
        is_own=_is_own(post.get("owner"), config),
        is_deleted=kind == "gone",
        edited_at=_moment(post.get("last_edit_date")),
        links=html_links(html),
        thread_title=title,
        extra={key: post[key] for key in _STATE if post.get(key) is not None},
    )


def _parent(kind: str, post: Mapping[str, Any], thread: str) -> str | None:
    if kind == "comment":
        return identity(post.get("post_id")) or thread
    return thread if kind == "answer" else None


def _author(owner: Json, config: Config) -> Author:
    """A deleted user (`does_not_exist`) has at most a name: https://api.stackexchange.com/docs/types/shallow-user."""
    known = owner if isinstance(owner, dict) else {}
    number = identity(known.get("user_id"))
    name = unescaped(_text(known.get("display_name"))) or None
    if number is None:
        return Author("", name=name)
    return Author(number, name=name, url=web_address(_text(known.get("link"))) or f"{web_base(config)}/users/{number}")


def _is_own(owner: Json, config: Config) -> bool:
    """By number only: anybody may use any name."""
    number = identity(owner.get("user_id")) if isinstance(owner, dict) else None
    return number is not None and (number in config.own or number in config.addresses)


def _url(
    external_id: str, kind: str, post: Mapping[str, Any], question: Mapping[str, Any], config: Config
) -> str | None:
    """The post's own link; built if the API omits it (answers and comments of the default filter)."""
    told = web_address(_text(post.get("link")))
    if told:
        return told
    page = web_address(_text(question.get("link")))
    base, number = web_base(config, page), external_id.removeprefix(COMMENT)
    if kind == "comment":
        at = identity(post.get("post_id"))
        return f"{page or f'{base}/q/{at}'}#comment{number}_{at}" if at else None
    if kind == "question":
        return f"{base}/questions/{number}"
    return f"{base}/a/{number}" if kind == "answer" else page or None


def _moment(value: Json) -> datetime | None:
    """Epoch seconds: https://api.stackexchange.com/docs/dates."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _text(value: Json) -> str:
    return clean(value).strip() if isinstance(value, str) else ""


def fingerprint(item: Item, config: Config) -> bytes:
    """Over what a reader sees; the same whether it came from a search or a thread."""
    payload = item.payload if isinstance(item.payload, dict) else {}
    mention = parse(Item(item.external_id, {**payload, "found": False}), config)
    assert mention is not None
    content = (mention.text, mention.html, mention.subject, mention.is_deleted, mention.parent_id)
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).digest()
