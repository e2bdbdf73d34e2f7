"""Turns a stored GitLab issue or note into a mention. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from channels.adapters.gitlab.places import Place, place_from
from channels.adapters.gitlab.wire import API
from channels.contract import Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.toolkit import values
from channels.toolkit.text import text_links
from channels.toolkit.values import drop_none, edited_at, number_of, object_of, text_of

_IMAGE = re.compile(r"(!\[[^\]\n]*\]\()(/uploads/)")
_UPLOAD = re.compile(r"\([^()\s]*/uploads/")
_EDITED_AFTER = timedelta(seconds=2)


def base(config: Config) -> str:
    return config.address("api_base", API)


def web_base(config: Config) -> str:
    """The web URL for the API: its address without `/api/v4`."""
    return base(config).removesuffix("/api/v4")


def host(config: Config) -> str:
    return (urlsplit(base(config)).netloc or "gitlab.com").lower()


def names(config: Config, setting: str) -> list[str]:
    """A list setting: lower case, without empty entries and surrounding slashes."""
    return [name for entry in config.entries(setting) if (name := entry.strip("/").lower())]


def parse(item: Item, config: Config) -> Mention | None:
    """None for issues this connection doesn't want: other labels, and confidential ones without permission."""
    payload = item.payload
    if not isinstance(payload, dict) or not isinstance(payload.get("place"), str):
        raise Malformed("A stored GitLab item is not an object.")
    place = place_from(payload["place"])
    if payload.get("kind") == "gone":
        return _gone(payload["place"], place)
    issue = payload.get("issue")
    note = payload.get("note")
    if not isinstance(issue, dict) or (payload.get("kind") == "note" and not isinstance(note, dict)):
        raise Malformed("A stored GitLab item has no content.")
    if not _has_labels(issue, config) or not may_keep(item, config):
        return None
    return _note(payload["place"], place, note, issue, config) if note else _issue(payload["place"], issue, config)


def _has_labels(issue: Mapping[str, Any], config: Config) -> bool:
    wanted = names(config, "labels")
    labels = issue.get("labels")
    return not wanted or (isinstance(labels, list) and {str(label).lower() for label in labels} >= set(wanted))


def may_keep(item: Item, config: Config) -> bool:
    """Confidential issues and notes need the setting and a dedicated channel; otherwise everyone would see them."""
    if "!" not in item.payload["place"]:
        return True
    path = str(item.payload["issue"].get("path") or "").lower()
    return config.setting("confidential") is True and closed_address(path) in config.addresses


def closed_address(path: str) -> str:
    return f"{path}!confidential"


def _addressed(place: str, path: str) -> tuple[tuple[str, ...], ...]:
    """The project's channel, else that of the nearest group above it."""
    if not path:
        return ()
    if "!" in place:
        return ((closed_address(path),),)
    parts = path.split("/")
    return tuple(("/".join(parts[:length]),) for length in range(len(parts), 0, -1))


def _issue(external_id: str, issue: Mapping[str, Any], config: Config) -> Mention:
    title = text_of(issue.get("title")) or None
    text = _body(issue.get("text"), issue, config)
    author = _author(issue.get("author"))
    return Mention(
        external_id=external_id,
        thread_id=external_id,
        author=author,
        posted_at=time_of(issue.get("created_at")),
        text=text,
        subject=title,
        url=_issue_url(issue, place_from(external_id), config),
        is_own=_is_own(author, config),
        links=text_links(text),
        thread_title=title,
        addressed=_addressed(external_id, str(issue.get("path") or "").lower()),
        extra=_extra(issue),
    )


def _note(
    external_id: str, place: Place | None, note: Mapping[str, Any], issue: Mapping[str, Any], config: Config
) -> Mention:
    """Notes reply to the issue: GitLab's note list doesn't say which note replies to which."""
    thread = place.thread if place else _thread_of_unknown(note, external_id)
    text = _body(note.get("text"), issue, config)
    author = _author(note.get("author"))
    created, updated = time_of(note.get("created_at")), time_of(note.get("updated_at"))
    url = text_of(note.get("url")) or None
    if url is None and place and (above := _issue_url(issue, place, config)):
        url = f"{above}#note_{place.note}"
    return Mention(
        external_id=external_id,
        thread_id=thread,
        author=author,
        posted_at=created,
        text=text,
        parent_id=thread if place else None,
        url=url,
        is_own=_is_own(author, config),
        edited_at=edited_at(created, updated, _EDITED_AFTER),
        links=text_links(text),
        reply_to_id=thread if place else None,
        thread_title=text_of(issue.get("title")) or None,
        addressed=_addressed(external_id, str(issue.get("path") or "").lower()),
        extra=_extra(issue),
    )


def _thread_of_unknown(note: Mapping[str, Any], external_id: str) -> str:
    noteable = number_of(note.get("noteable"))
    return f"noteable_{noteable}" if noteable else external_id


def _gone(external_id: str, place: Place | None) -> Mention:
    thread = place.thread if place else external_id
    parent = thread if place and place.note else None
    return Mention(external_id, thread, Author(""), None, "", parent_id=parent, reply_to_id=parent, is_deleted=True)


def _author(author: Json) -> Author:
    """Identified by number: webhooks give nothing else about an issue's author."""
    known = object_of(author)
    handle = text_of(known.get("username")) or None
    name = text_of(known.get("name")) or None
    return Author(number_of(known.get("id")) or handle or "", handle, name, text_of(known.get("url")) or None)


def _is_own(author: Author, config: Config) -> bool:
    return author.is_one_of({*config.own, *names(config, "own_accounts")})


def _issue_url(issue: Mapping[str, Any], place: Place | None, config: Config) -> str | None:
    if url := text_of(issue.get("url")):
        return url
    path = text_of(issue.get("path"))
    return f"{web_base(config)}/{path}/-/issues/{place.iid}" if path and place else None


def _body(value: Json, issue: Mapping[str, Any], config: Config) -> str:
    """Markdown as written. Uploaded images have relative URLs in the API and absolute ones in webhooks:
    https://docs.gitlab.com/user/project/integrations/webhooks/#image-url-rewriting"""
    text = text_of(value).replace("\r\n", "\n")
    path = text_of(issue.get("path"))
    if path and "/uploads/" in text:
        text = _IMAGE.sub(rf"\g<1>{web_base(config)}/{path}\g<2>", text)
    return text


def _extra(issue: Mapping[str, Any]) -> dict[str, Json]:
    votes = issue.get("votes")
    upvotes, downvotes = votes if isinstance(votes, list) and len(votes) == 2 else (None, None)
    extra = {
        "state": issue.get("state"),
        "closed_at": issue.get("closed_at"),
        "labels": issue.get("labels") or None,
        "confidential": issue.get("confidential") or None,
        "upvotes": upvotes,
        "downvotes": downvotes,
        "comments": issue.get("notes"),
        "project": issue.get("path") or None,
    }
    return drop_none(extra)


def time_of(value: Json) -> datetime | None:
    """Also as older webhooks write it: `2015-05-17 17:06:40 UTC`."""
    return values.time_of(value.replace(" UTC", "+00:00") if isinstance(value, str) else None)


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """Excludes upload hosts: the API and the webhooks write them differently, which isn't an edit. Includes the issue's
    state: somebody may be waiting for it to be closed."""
    is_over = mention.parent_id is None and mention.extra.get("state") == "closed"
    text = _UPLOAD.sub("(/uploads/", mention.text)
    content = (text, mention.subject, mention.is_deleted, mention.parent_id, *([True] if is_over else []))
    return digest_of(content)
